"""Workers: the threads that send, as many as there is work for."""

import threading
from typing import Protocol

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.uploads.backlog import Backlog
from bookstore_archiver.uploads.sender import Outcome, Sender


class WakeAfter(Protocol):
    """Wakes whoever waits for what a worker has just settled. The lock is held."""

    def __call__(self, outcome: Outcome, *, rests: bool, was_full: bool) -> None:
        """Wake them where the outcome matters to them.

        `rests`: the worker took no further save and ends. `was_full`: all worker slots
        were taken before this one ended.
        """


class Workers:
    """Daemon threads, each of which takes another save when it has sent one."""

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
        """Those that are at work."""
        return list(self._threads.values())

    @property
    def have_room(self) -> bool:
        """Whether one more may start. The lock is held."""
        return len(self._threads) < self._backlog.limit

    def start(self) -> None:
        """Start one for each save that can be taken now."""
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
                # The interpreter is ending, and takes no new threads.
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
