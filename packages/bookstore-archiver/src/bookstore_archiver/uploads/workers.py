"""Workers: the threads that send saves, as many as are needed."""

import threading
from typing import Protocol

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.uploads.backlog import Backlog
from bookstore_archiver.uploads.sender import Outcome, Sender


class WakeAfter(Protocol):
    """Wakes the threads that wait for the outcome of a save. The lock must be held."""

    def __call__(self, outcome: Outcome, *, rests: bool, was_full: bool) -> None:
        """Wake them if the outcome concerns them.

        `rests`: the worker has no further save and ends. `was_full`: no more workers
        could be started before.
        """


class Workers:
    """Daemon threads; each takes the next save when it has sent one."""

    def __init__(
        self,
        sender: Sender,
        backlog: Backlog,
        *,
        lock: threading.Condition,
        wake_after: WakeAfter,
    ) -> None:
        self._sender = sender
        self._backlog = backlog
        self._lock = lock
        self._wake_after = wake_after
        self._threads: dict[object, threading.Thread] = {}

    def __len__(self) -> int:
        return len(self._threads)

    @property
    def threads(self) -> list[threading.Thread]:
        """The running threads."""
        return list(self._threads.values())

    @property
    def have_room(self) -> bool:
        """Whether one more may be started. The lock must be held."""
        return len(self._threads) < self._backlog.limit

    def start(self) -> None:
        """Start a thread for each save that may be sent now."""
        while True:
            with self._lock:
                entry = self._backlog.take() if self.have_room else None
                if entry is None:
                    return
                ticket = object()
                thread = threading.Thread(
                    target=self._work,
                    args=(entry, ticket),
                    name="bookstore-upload",
                    daemon=True,
                )
                self._threads[ticket] = thread
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is ending and starts no new threads.
                self._work(entry, ticket)

    def _work(self, entry: Entry | None, ticket: object) -> None:
        while entry is not None:
            outcome = self._sender.send(entry)
            self._backlog.settle(outcome)
            with self._lock:
                was_full = not self.have_room
                del self._threads[ticket]
                entry = self._backlog.take() if self.have_room else None
                if entry is not None:
                    self._threads[ticket] = threading.current_thread()
                self._wake_after(outcome, rests=entry is None, was_full=was_full)
