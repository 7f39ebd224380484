"""Workers: the threads that send, as many as there is work for."""

import threading
from typing import Protocol

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.uploads.sender import Outcome, Sender


class Foreman(Protocol):
    """Whoever has the work."""

    @property
    def limit(self) -> int:
        """How many may work at once, as things stand. The lock is held."""

    def take(self) -> Entry | None:
        """Return a save to send now, or None. The lock is held."""

    def settle(self, outcome: Outcome) -> None:
        """Do what follows of an outcome; never raises. The lock is not held."""

    def note(self, outcome: Outcome, *, rests: bool, was_full: bool) -> None:
        """Hear that a worker has settled an outcome. The lock is held.

        It `rests` where it took no other save, and `was_full` says that no other worker
        could have started before.
        """


class Workers:
    """Daemon threads, each of which takes another save when it has sent one."""

    def __init__(
        self,
        sender: Sender,
        foreman: Foreman,
        *,
        lock: threading.Condition,
    ) -> None:
        self._sender = sender
        self._foreman = foreman
        self._lock = lock
        self._threads: dict[object, threading.Thread] = {}

    def __len__(self) -> int:
        return len(self._threads)

    @property
    def threads(self) -> list[threading.Thread]:
        """Those that are at work."""
        return list(self._threads.values())

    @property
    def have_room(self) -> bool:
        """Whether one more may start."""
        return len(self._threads) < self._foreman.limit

    def start(self) -> None:
        """Start one for each save that can be taken now."""
        while True:
            with self._lock:
                entry = self._foreman.take() if self.have_room else None
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
            self._foreman.settle(outcome)
            with self._lock:
                was_full = not self.have_room
                del self._threads[ticket]
                entry = self._foreman.take() if self.have_room else None
                if entry is not None:
                    self._threads[ticket] = threading.current_thread()
                self._foreman.note(outcome, rests=entry is None, was_full=was_full)
