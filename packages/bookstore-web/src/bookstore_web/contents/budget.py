"""A budget of bytes: large contents are handled one after the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bookstore_core.errors import BusyError

#: Bytes of contents that are in hand at a time. A larger one is handled alone. The web
#: app takes four times its size, and the notebook server that saves it eight times.
ROOM = 128 * 1024 * 1024
#: Contents of fewer bytes are not counted.
SMALL = 1024 * 1024
#: Requests that wait; fewer than gunicorn's threads, so that one is always free.
MOST_WAITING = 8
WAIT_SECONDS = 300.0

BUSY = "Bookstore is busy with large notebooks. Try again in a moment."


class ByteBudget:
    """Lets requests with large contents wait for their turn, in order."""

    def __init__(
        self,
        room: int = ROOM,
        *,
        most_waiting: int = MOST_WAITING,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self.room = room
        self._most_waiting = most_waiting
        self._seconds = seconds
        self._turn = threading.Condition()
        self._waiting: list[object] = []
        self._used = 0

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Wait until so many bytes are free, and take them while the block runs.

        Raises BusyError if too many wait, or after some minutes.
        """
        size = min(size, self.room)
        if size < SMALL:
            yield
            return
        self._wait(size)
        try:
            yield
        finally:
            with self._turn:
                self._used -= size
                self._turn.notify_all()

    def _wait(self, size: int) -> None:
        me = object()
        with self._turn:
            if len(self._waiting) >= self._most_waiting:
                raise BusyError(BUSY)
            self._waiting.append(me)
            try:
                if not self._turn.wait_for(
                    lambda: self._waiting[0] is me and self._used + size <= self.room,
                    self._seconds,
                ):
                    raise BusyError(BUSY)
                self._used += size
            finally:
                self._waiting.remove(me)
                self._turn.notify_all()
