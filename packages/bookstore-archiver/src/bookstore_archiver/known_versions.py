"""What a server knows of its notebooks' newest versions, without asking the store.

It knows its own saves from the moment they are in the spool, and the versions that the
store listed when it was last asked, which is done beside.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bookstore_archiver.spool.entry import Entry
from bookstore_core.errors import NotFoundError
from bookstore_core.history import History, HistoryRow

#: How many are told, and how many are asked for: some are the same, or deleted.
MAX_LISTED, MAX_ASKED = 10, 20

#: How many notebooks are remembered, and how many may wait for being asked about.
MAX_NOTEBOOKS, MAX_WAITING = 500, 50

#: How many threads ask the store, and for how long (seconds) its answer is fresh.
MAX_THREADS, FRESH = 2, 15.0


@dataclass(frozen=True)
class KnownVersion:
    """A version of a notebook; `version_id` is empty while it may be on its way.

    `path` is where the notebook was then. `save_id` and `sha256` are empty where
    something else than bookstore made the version.
    """

    path: str
    saved_at: datetime
    save_id: str = ""
    version_id: str = ""
    sha256: str = ""

    @classmethod
    def of_entry(cls, entry: Entry) -> "KnownVersion":
        """Return a save that was put into the spool."""
        known = entry.trailer.metadata
        return cls(
            known.source_path, known.saved_at, known.save_id, sha256=known.sha256
        )

    @classmethod
    def of_row(cls, row: HistoryRow) -> "KnownVersion":
        """Return a version that the store has."""
        version, known = row.version, row.version.metadata
        return cls(
            row.path,
            row.saved_at,
            known.save_id if known else "",
            version.version_id,
            known.sha256 if known else "",
        )


@dataclass
class _Notebook:
    """What is known of one notebook, newest first."""

    own: list[KnownVersion] = field(default_factory=list)
    stored: list[KnownVersion] = field(default_factory=list)
    fresh_until: float = 0.0

    def listed(self) -> list[KnownVersion]:
        """Return the newest ones, each content that follows itself once."""
        there = {version.save_id for version in self.stored if version.save_id}
        newest = self.stored[0].saved_at if self.stored else None
        own = [
            save
            for save in self.own
            if save.save_id not in there and (newest is None or save.saved_at > newest)
        ]
        return list(_without_repeats([*own, *self.stored]))[:MAX_LISTED]


def _without_repeats(versions: Iterable[KnownVersion]) -> Iterator[KnownVersion]:
    last: KnownVersion | None = None
    for version in versions:
        if last is not None and last.sha256 and last.sha256 == version.sha256:
            # Of two the newer one, unless only the older one is surely in the store.
            last = version if version.version_id and not last.version_id else last
            continue
        if last is not None:
            yield last
        last = version
    if last is not None:
        yield last


class KnownVersions:
    """The newest versions of notebooks. Safe to use from several threads.

    No method but `history` and what it returns ever waits for the store.
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
        self._opening = threading.Lock()  # which takes its time: not under the other
        self._history: History | None = None
        self._notebooks: OrderedDict[str, _Notebook] = OrderedDict()
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._asking = 0

    def saved(self, path: str, entry: Entry) -> None:
        """Take note of a save that is in the spool."""
        with self._lock:
            notebook = self._notebook(path)
            notebook.own.insert(0, KnownVersion.of_entry(entry))
            del notebook.own[MAX_ASKED:]

    def moved(self, old: str, new: str) -> None:
        """Take note that a notebook is at another path."""
        with self._lock:
            known = self._notebooks.get(old)
            if known is not None:
                self._notebooks[new] = _Notebook([*known.own], [*known.stored])

    def newest_save(self, path: str) -> KnownVersion | None:
        """Return the newest save that this server has put into the spool, if any."""
        with self._lock:
            own = self._notebook(path).own
            return own[0] if own else None

    def known(self, path: str) -> list[KnownVersion]:
        """Return what is known, newest first, and have it looked up beside."""
        self.refresh(path)
        with self._lock:
            return self._notebook(path).listed()

    def all_known(self, path: str) -> list[KnownVersion]:
        """Return all that is known, also what is told no longer; asks nobody."""
        with self._lock:
            notebook = self._notebook(path)
            return [*notebook.stored, *notebook.own]

    def refresh(self, path: str) -> None:
        """Have the store asked, beside, unless it has just been."""
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
        """Have what asking needs loaded, beside: it is the longest part of it."""
        threading.Thread(
            target=self._prepare, name="bookstore-versions", daemon=True
        ).start()

    def _prepare(self) -> None:
        try:
            self.history()
        except Exception as error:  # noqa: BLE001  # the edge of the thread
            self._log.debug("Versions cannot be asked for: %s", error)

    def history(self) -> History:
        """Return the histories that the store has, for people who wait."""
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
                path, _ = self._waiting.popitem()  # the last is what people look at
                self._notebook(path).fresh_until = self._clock() + FRESH
            try:
                stored = self._ask(path)
            except Exception as error:  # noqa: BLE001  # the edge of the thread
                self._log.debug("Versions of %r are not known: %s", path, error)
                continue
            with self._lock:
                notebook = self._notebook(path)
                notebook.stored = stored
                notebook.fresh_until = self._clock() + FRESH

    def _ask(self, path: str) -> list[KnownVersion]:
        try:
            page = self.history().page(path, limit=MAX_ASKED)
        except NotFoundError:
            return []
        return [
            KnownVersion.of_row(row) for row in page.rows if not row.version.deleted
        ]
