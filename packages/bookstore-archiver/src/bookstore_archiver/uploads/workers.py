"""Workers: the threads that send saves, as many as are needed."""

import threading
from typing import Protocol

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.uploads.backlog import Backlog
from bookstore_archiver.uploads.sender import Outcome, Sender

#: A save for a worker, and what it is known by while it is sent.
Given = tuple[Entry, object]


class WakeAfter(Protocol):
    """Wakes the threads that wait for the outcome of a save. The lock must be held."""

    def __call__(self, outcome: Outcome, *, rests: bool, was_full: bool) -> None:
        """Wake them if the outcome concerns them.

        `rests`: the worker has no further save and ends. `was_full`: no more workers
        could be started before.
        """


class Workers:
    """Daemon threads; each takes the next save when it has sent one.

    One of them stays when there is none, and waits for it: to start a thread takes as
    much time as a tenth of an upload.
    """

    def __init__(
        self,
        sender: Sender,
        backlog: Backlog,
        *,
        lock: threading.RLock,
        wake_after: WakeAfter,
    ) -> None:
        self._sender = sender
        self._backlog = backlog
        self._lock = lock
        self._called = threading.Condition(lock)  # awaited by the one that stays
        self._wake_after = wake_after
        self._threads: dict[object, threading.Thread] = {}
        self._staying: threading.Thread | None = None
        self._handed: Given | None = None
        self._ended = False

    def __len__(self) -> int:
        """How many send a save now."""
        return len(self._threads)

    @property
    def threads(self) -> list[threading.Thread]:
        """The running threads."""
        staying = [] if self._staying is None else [self._staying]
        return [*self._threads.values(), *staying]

    @property
    def have_room(self) -> bool:
        """Whether one more may be started. The lock must be held."""
        return len(self._threads) < self._backlog.limit

    def start(self) -> None:
        """Give each save that may be sent now to a thread."""
        while True:
            with self._lock:
                entry = self._backlog.take() if self.have_room else None
                if entry is None:
                    return
                ticket = object()
                if self._staying is not None:
                    self._threads[ticket], self._staying = self._staying, None
                    self._handed = (entry, ticket)
                    self._called.notify()
                    continue
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
                self._ended = True
                self._work(entry, ticket)

    def end(self) -> None:
        """Let the thread end that waits, and later ones. The lock must be held."""
        self._ended = True
        self._called.notify_all()

    def _work(self, entry: Entry, ticket: object) -> None:
        given: Given | None = (entry, ticket)
        while given is not None:
            entry, ticket = given
            outcome = self._sender.send(entry)
            self._backlog.settle(outcome)
            with self._lock:
                was_full = not self.have_room
                del self._threads[ticket]
                given = self._next(ticket)
                self._wake_after(outcome, rests=given is None, was_full=was_full)
                if given is None:
                    given = self._await_next()

    def _next(self, ticket: object) -> Given | None:
        entry = self._backlog.take() if self.have_room else None
        if entry is None:
            return None
        self._threads[ticket] = threading.current_thread()
        return entry, ticket

    def _await_next(self) -> Given | None:
        """Stay until the next save, if no other thread does."""
        if self._ended or self._staying is not None or self._handed is not None:
            return None
        self._staying = threading.current_thread()
        self._called.wait_for(lambda: self._handed is not None or self._ended)
        given, self._handed = self._handed, None
        if given is None:
            self._staying = None
        return given
