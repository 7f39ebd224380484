"""A cache of the newest versions of notebooks, read without waiting for the store.

It contains the saves of this server as soon as they are in the spool, and the versions
that the store last listed. Background threads query the store.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from bookstore_archiver.spool.entry import Entry
from bookstore_core.errors import NotFoundError
from bookstore_core.history import History, HistoryRow

#: How many versions are listed, and how many are requested from the store: of these,
#: some are equal or deleted.
MAX_LISTED, MAX_ASKED = 10, 20

#: How many notebooks are cached, and how many may wait for a query.
MAX_NOTEBOOKS, MAX_WAITING = 500, 50

#: How many threads query the store, and for how many seconds an answer is fresh.
MAX_THREADS, FRESH = 2, 15.0


@dataclass(frozen=True)
class KnownVersion:
    """A version of a notebook; `version_id` is empty until the store has listed it.

    `path` is the path of the notebook at that time. `save_id` and `sha256` are empty
    if the version was not made by bookstore.
    """

    path: str
    saved_at: datetime
    save_id: str = ""
    version_id: str = ""
    sha256: str = ""
    size: int = 0

    @classmethod
    def of_entry(cls, entry: Entry) -> "KnownVersion":
        """Return the version that a save in the spool will become."""
        known = entry.trailer.metadata
        return cls(
            known.source_path,
            known.saved_at,
            known.save_id,
            sha256=known.sha256,
            size=entry.trailer.size,
        )

    @classmethod
    def of_row(cls, row: HistoryRow) -> "KnownVersion":
        """Return a version that is in the store."""
        version, known = row.version, row.version.metadata
        return cls(
            row.path,
            row.saved_at,
            known.save_id if known else "",
            version.version_id,
            known.sha256 if known else "",
            version.size,
        )

    def repeats(self, other: "KnownVersion") -> bool:
        """Return whether its content is said to be that of another version."""
        same = (self.sha256, self.size) == (other.sha256, other.size)
        return same and bool(self.sha256)


@dataclass
class _Notebook:
    """The cached versions of one notebook, newest first.

    Those that were saved until `since` belong to a notebook that had the path before.
    """

    own: list[KnownVersion] = field(default_factory=list)
    found: list[KnownVersion] = field(default_factory=list)
    fresh_until: float = 0.0
    since: datetime | None = None

    @property
    def stored(self) -> list[KnownVersion]:
        """The versions that the store has listed, and are this notebook's."""
        since = self.since
        if since is None:
            return self.found
        return [version for version in self.found if version.saved_at > since]

    def listed(self) -> list[KnownVersion]:
        """Return the newest versions, without repetitions of the same content."""
        stored = self.stored
        there = {version.save_id for version in stored if version.save_id}
        newest = stored[0].saved_at if stored else None
        own = [
            save
            for save in self.own
            if save.save_id not in there and (newest is None or save.saved_at > newest)
        ]
        return list(_without_repeats([*own, *stored]))[:MAX_LISTED]


def _without_repeats(versions: Iterable[KnownVersion]) -> Iterator[KnownVersion]:
    last: KnownVersion | None = None
    for version in versions:
        if last is not None and last.repeats(version):
            # Keep the newer one, unless only the older one is known to be in the store.
            last = version if version.version_id and not last.version_id else last
            continue
        if last is not None:
            yield last
        last = version
    if last is not None:
        yield last


class KnownVersions:
    """The newest versions of notebooks. Safe to use from several threads.

    Only `history`, and what it returns, waits for the store.
    """

    def __init__(
        self,
        open_history: Callable[[], History],
        *,
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_history = open_history
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._opening = threading.Lock()  # apart from _lock: opening is slow
        self._history: History | None = None
        self._notebooks: OrderedDict[str, _Notebook] = OrderedDict()
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._asking = 0

    def saved(self, path: str, entry: Entry) -> None:
        """Record a save that is in the spool."""
        with self._lock:
            notebook = self._notebook(path)
            notebook.own.insert(0, KnownVersion.of_entry(entry))
            del notebook.own[MAX_ASKED:]

    def hashed(self, path: str, save_id: str, sha256: str) -> None:
        """Record the sha256 of a save, if it was not known before."""
        with self._lock:
            notebook = self._notebooks.get(path)
            own = notebook.own if notebook is not None else []
            for number, known in enumerate(own):
                if known.save_id == save_id and not known.sha256:
                    own[number] = replace(known, sha256=sha256)

    def moved(self, old: str, new: str, *, at: datetime) -> None:
        """Record that a notebook was moved; the old path has no notebook now.

        What the store has of the old path until then is not the next notebook's.
        """
        with self._lock:
            known = self._notebooks.pop(old, None)
            if known is not None:
                self._notebooks[new] = _Notebook(known.own, known.stored)
            else:
                self._notebooks.pop(new, None)
            self._notebook(old).since = at

    def newest_save(self, path: str) -> KnownVersion | None:
        """Return the newest save that this server has put into the spool, or None."""
        with self._lock:
            own = self._notebook(path).own
            return own[0] if own else None

    def known(self, path: str) -> list[KnownVersion]:
        """Return the newest versions, newest first, and start to query the store."""
        self.refresh(path)
        with self._lock:
            return self._notebook(path).listed()

    def all_known(self, path: str) -> list[KnownVersion]:
        """Return all cached versions, including unlisted ones, without a query."""
        with self._lock:
            notebook = self._notebook(path)
            return [*notebook.stored, *notebook.own]

    def refresh(self, path: str) -> None:
        """Query the store in the background, unless the last answer is fresh."""
        with self._lock:
            if self._clock() < self._notebook(path).fresh_until:
                return
            self._waiting[path] = None
            while len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)
            if self._asking >= MAX_THREADS:
                return
            self._asking += 1
        threading.Thread(
            target=self._ask_all, name="bookstore-versions", daemon=True
        ).start()

    def prepare(self) -> None:
        """Load what a query needs in the background; this is its slowest part."""
        threading.Thread(
            target=self._prepare, name="bookstore-versions", daemon=True
        ).start()

    def _prepare(self) -> None:
        try:
            self.history()
        except Exception as error:  # noqa: BLE001  # the edge of the thread
            self._log.debug("The store cannot be queried for versions: %s", error)

    def history(self) -> History:
        """Return the history of the store; the first call opens it, which is slow."""
        with self._opening:
            if self._history is None:
                self._history = self._open_history()
            return self._history

    def _notebook(self, path: str) -> _Notebook:
        notebook = self._notebooks.setdefault(path, _Notebook())
        self._notebooks.move_to_end(path)
        while len(self._notebooks) > MAX_NOTEBOOKS:
            self._notebooks.popitem(last=False)
        return notebook

    def _ask_all(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._asking -= 1
                    return
                path, _ = self._waiting.popitem()  # people look at the last one
                self._notebook(path).fresh_until = self._clock() + FRESH
            try:
                stored = self._ask(path)
            except Exception as error:  # noqa: BLE001  # the edge of the thread
                self._log.debug("Versions of %r could not be listed: %s", path, error)
                continue
            with self._lock:
                notebook = self._notebook(path)
                notebook.found = stored
                notebook.fresh_until = self._clock() + FRESH

    def _ask(self, path: str) -> list[KnownVersion]:
        try:
            page = self.history().page(path, limit=MAX_ASKED)
        except NotFoundError:
            return []
        return [
            KnownVersion.of_row(row) for row in page.rows if not row.version.deleted
        ]
