"""SaveStates: remembers the newest saves of notebooks, and whether they are stored."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bookstore_archiver.spool.entry import Entry
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.save_state import STORED, UNKNOWN, WAITING, SaveState

#: How many saves of a notebook may be kept before it is looked which are stored.
MANY = 16


@dataclass
class _Saves:
    """The saves of one notebook: the time of the newest, and those that wait."""

    saved_at: datetime
    waiting: deque[Entry] = field(default_factory=deque)


class SaveStates:
    """Knows the saves of this process. Safe to use from several threads.

    `is_waiting` returns whether an entry is still in the spool. `status` returns the
    status of the process that drains it.
    """

    def __init__(
        self, is_waiting: Callable[[Entry], bool], status: Callable[[], DrainStatus]
    ) -> None:
        self._is_waiting = is_waiting
        self._status = status
        self._lock = threading.Lock()
        self._known: dict[str, _Saves] = {}

    def saved(self, path: str, entry: Entry) -> None:
        """Record a save that was put into the spool."""
        saved_at = entry.trailer.metadata.saved_at
        with self._lock:
            saves = self._known.setdefault(path, _Saves(saved_at))
            saves.saved_at = saved_at
            saves.waiting.append(entry)
            if len(saves.waiting) > MANY:
                self._drop_stored(saves)

    def of(self, path: str) -> SaveState:
        """Return the state of the newest save of a notebook."""
        with self._lock:
            saves = self._known.get(path)
            if saves is None:
                return SaveState(UNKNOWN)
            self._drop_stored(saves)
            if not saves.waiting:
                return SaveState(STORED, saves.saved_at)
            since = saves.waiting[0].trailer.metadata.saved_at
        return SaveState(WAITING, saves.saved_at, since, self._status().last_error)

    def _drop_stored(self, saves: _Saves) -> None:
        # The saves of one notebook are sent in order.
        while saves.waiting and not self._is_waiting(saves.waiting[0]):
            saves.waiting.popleft()
