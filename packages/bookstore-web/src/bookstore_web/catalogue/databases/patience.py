"""Asking a database that may not answer: whoever waits for it has to wait once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from bookstore_core.errors import StorageUnavailableError

T = TypeVar("T")

#: Seconds that a request waits for an answer.
LONGEST = 10.0
#: Seconds after which a failure is a slow one, and for which nobody asks then.
SLOW, PAUSE = 2.0, 30.0
#: Requests that wait at once; fewer than a pool of SQLAlchemy has connections.
MOST_WAITING = 12


class Patience:
    """Calls what may take long. Safe to use from several threads.

    After a call that took too long, or failed slowly, others are refused for some
    seconds: a page has something to show without the database.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._places = threading.Semaphore(MOST_WAITING)
        self._refused_until = float("-inf")

    def call(self, act: Callable[[], T]) -> T:
        """Return what `act` returns, and raise what it raises.

        Raises StorageUnavailableError if that takes too long, or did just now.
        """
        if self._clock() < self._refused_until:
            raise StorageUnavailableError(_SILENT)
        if not self._places.acquire(timeout=LONGEST):
            raise StorageUnavailableError(_SILENT)
        answer: Future[T] = Future()
        began = self._clock()

        def run() -> None:
            try:
                found = act()
            except BaseException as error:  # noqa: BLE001 -- who waits raises it
                self._places.release()
                answer.set_exception(error)
            else:
                self._places.release()
                answer.set_result(found)

        threading.Thread(target=run, name="bookstore-ask-db", daemon=True).start()
        try:
            return answer.result(LONGEST)
        except (StorageUnavailableError, TimeoutError) as error:
            if self._clock() - began >= SLOW:
                self._refused_until = self._clock() + PAUSE
            if answer.done():
                raise
            raise StorageUnavailableError(_SILENT) from error


_SILENT = "The catalogue cannot be used now: its database does not answer."
