"""The walk: a catalogue made from the store, or brought up to date with it.

First the keys of each shelf are listed, then the notebooks that are new or have changed
are read, those stored last first. Both go on where they were interrupted.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from bookstore_core.errors import BookstoreError, NotFoundError, StorageError
from bookstore_core.paths import DELIMITER
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.entries import Entry
from bookstore_web.catalogue.extracts import MOST_READ, Extract, extract

logger = logging.getLogger(__name__)

#: Keys per request: S3 returns at most 1000, and stores request one more.
PAGE = 999
#: Notebooks that are read and then written together.
BATCH = 64
#: Parallel requests to the store.
THREADS = 8

#: Reads a notebook: its content and its key. In the web app, in a process of its own.
Extractor = Callable[[bytes, str], Extract]


@dataclass
class Progress:
    """How far a walk is: keys that were listed, and notebooks that were read."""

    listed: int = 0
    changed: int = 0
    removed: int = 0
    read: int = 0
    failed: int = 0


class Walk:
    """Walks through a store for a catalogue. `shelves` are their names.

    Raises errors of the store that concern more than one notebook, and what the
    catalogue raises.
    """

    def __init__(
        self,
        store: VersionStore,
        catalogue: Catalogue,
        *,
        shelves: Sequence[str] = (),
        threads: int = THREADS,
        extractor: Extractor = extract,
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._shelves = shelves or tuple(catalogue.folders)
        self._threads = threads
        self._extractor = extractor
        self.progress = Progress()

    def list(self) -> Iterator[Progress]:
        """List the keys of the shelves; yield the progress after each request.

        What was interrupted goes on. When all shelves are listed, the catalogue knows
        what was stored until the listing began.
        """
        state = self._catalogue.state()
        number = int(state.get("walk", "0"))
        if not state.get("walk_began"):
            number += 1
            began = str(self._catalogue.clock())
            self._catalogue.set_state(walk=str(number), walk_began=began)
            state = self._catalogue.state()
        for shelf in self._shelves:
            yield from self._list(shelf, number, state)
        self._finish(number, state)

    def _finish(self, number: int, begun: dict[str, str]) -> None:
        """Record that a walk is complete; a newer one may have begun meanwhile.

        If the catalogue was made again since, it is not.
        """
        state, began = self._catalogue.state(), float(begun["walk_began"])
        if state.get("made") != begun.get("made"):
            return
        known_at = float(state.get("known_at") or 0)
        if not began < known_at <= self._catalogue.clock():
            known_at = began  # it is older, or of a clock that was ahead
        done = {"walk_began": ""} if int(state["walk"]) == number else {}
        done |= {"source": self._catalogue.source, "known_at": str(known_at)}
        self._catalogue.set_state(**done)

    def _list(
        self, shelf: str, number: int, state: dict[str, str]
    ) -> Iterator[Progress]:
        # Another walk, an older one, may have written its place.
        known, _, place = state.get(f"walk_{shelf}", "").partition(" ")
        cursor = (place or None) if known == str(number) else None
        if cursor == _DONE:
            return
        while True:
            page = self._store.walk_keys(
                self._catalogue.folders[shelf], cursor=cursor, limit=PAGE
            )
            keys = [found for found in page.keys if not found.key.endswith(DELIMITER)]
            self.progress.changed += self._catalogue.list_page(keys, walk=number)
            self.progress.listed += len(keys)
            cursor = page.cursor
            place = f"{number} {cursor or _DONE}"
            self._catalogue.set_state(**{f"walk_{shelf}": place})
            yield self.progress
            if cursor is None:
                break
        self.progress.removed += self._catalogue.finish_walk(shelf, number)

    def read(self, most: int | None = None) -> Iterator[Progress]:
        """Read notebooks that must be read, up to `most`; yield after each batch."""
        left = most
        with ThreadPoolExecutor(
            self._threads, thread_name_prefix="bookstore-index"
        ) as pool:
            while left is None or left > 0:
                keys = self._catalogue.unread(
                    BATCH if left is None else min(BATCH, left)
                )
                if not keys:
                    return
                self.take(list(pool.map(self._read, keys)), keys)
                left = None if left is None else left - len(keys)
                yield self.progress

    def read_now(self, keys: Sequence[str]) -> None:
        """Read these notebooks, whether they have changed or not."""
        self.take([self._read(key) for key in keys], keys)

    def take(self, entries: Sequence[Entry | None], keys: Sequence[str]) -> None:
        """Record what `_read` returned for these keys."""
        found = [entry for entry in entries if entry is not None]
        try:
            self._catalogue.write(found)
        except StorageError as error:
            if error.retryable:
                raise
            for entry in found:
                self._write_alone(entry)
        self.progress.read += len(found)
        gone = set(keys) - {entry.version.key for entry in found}
        self._catalogue.remove(sorted(gone))

    def _write_alone(self, entry: Entry) -> None:
        """Record one notebook; by its path alone if the database refuses the rest."""
        try:
            self._catalogue.write([entry])
        except StorageError as error:
            if error.retryable:
                raise
            logger.warning(
                "%s is found by its path alone: %s", entry.version.key, error
            )
            self.progress.failed += 1
            plain = replace(entry.version, metadata=None)
            self._catalogue.write([Entry(plain, Extract())])

    def _read(self, key: str) -> Entry | None:
        """Return the newest version of a key; None if there is none any more.

        Of one that cannot be read only what its listing says is known.
        """
        try:
            with self._store.open(key) as opened:
                version = opened.version
                data = opened.read(None) if version.size <= MOST_READ else b""
            found = self._extractor(data, key) if data else Extract()
            labels = tuple(self._store.labels(key).values())
            return Entry(version, found, labels)
        except NotFoundError:
            return None
        except BookstoreError as error:
            if error.retryable or error.wide:
                raise
            logger.info("%s is not in the catalogue: %s", key, error)
            self.progress.failed += 1
            return self._unreadable(key)

    def _unreadable(self, key: str) -> Entry | None:
        listed = self._store.walk_keys(key, limit=1).keys
        if listed and listed[0].key == key:
            return Entry(listed[0], Extract())
        return None


_DONE = "done"
