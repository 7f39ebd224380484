"""The confined processes of this process, and the tasks that wait for them."""

import atexit
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ParamSpec, TypeVar, cast

from bookstore_core.errors import BusyError, TooLargeError
from bookstore_web.confined.process import (
    ConfinedProcess,
    EndedError,
    NotStartedError,
)

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger(__name__)

#: Modules that take a third of a second to import: tasks import them when they need
#: them, unless `prepare` has been called.
PRELOADED = ("nbdime.diffing.snakes", "bookstore_web.rendering.exporter")
#: Processes. The second one is started when the first is busy for `PATIENCE` seconds.
MOST_PROCESSES = 2
PATIENCE = 0.3
#: Tasks that run or wait; fewer than gunicorn's threads, so that one is always free.
MOST_TASKS = 12
#: Seconds of CPU that a task may take, and for which a task waits for a process.
TASK_SECONDS = 10.0
WAIT_SECONDS = 30.0
#: Bytes of memory after which a process is replaced: Python rarely gives any back.
MOST_KEPT = 600 * 1024 * 1024
#: Seconds for which content that took too much is refused at once, and how many.
REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 1000

BUSY = "Bookstore is busy with large notebooks. Try again in a moment."
NOT_STARTED = "Bookstore could not start a process to read notebooks. Try again later."
TOO_MUCH = (
    "This takes more time or memory than bookstore allows for one notebook. Download "
    "it instead."
)


class ConfinedPool:
    """Runs functions of this package in confined processes, within a budget.

    Processes are started when they are needed, and kept; one that was ended is replaced
    at once. Content that took too much is remembered by its digest, so that it does not
    stop others again and again.
    """

    def __init__(
        self,
        *,
        seconds: float = TASK_SECONDS,
        modules: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._modules = modules
        self._clock = clock
        self._lock = threading.Condition()
        self._idle: list[ConfinedProcess] = []
        self._running = 0
        self._tasks = 0
        self._refused: dict[bytes, float] = {}

    def run(self, function: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        """Return what `function`, of a module of this package, returns for `args`.

        Raises what it raises, TooLargeError if it took too much time or memory, now or
        some minutes ago, and BusyError if too many tasks are waiting.
        """
        content = _digest(args)
        with self._lock:
            self._check_refused(content)
            if self._tasks >= MOST_TASKS:
                raise BusyError(BUSY)
            self._tasks += 1
        try:
            return self._run(function, args, content)
        finally:
            with self._lock:
                self._tasks -= 1

    @property
    def tasks(self) -> int:
        """How many tasks run or wait."""
        return self._tasks

    def prepare(self) -> None:
        """Start a process that imports what takes long, so that no task waits for it.

        Later ones import it, too.
        """
        with self._lock:
            self._modules = PRELOADED
            if self._idle or self._running:
                return
            self._idle.append(self._start())

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()

    def _run(
        self, function: Callable[..., T], args: tuple[object, ...], content: bytes
    ) -> T:
        process = self._take(content)
        kept: ConfinedProcess | None = None
        try:
            result = process.run(function, *args, seconds=self._seconds)
            if result.peak <= MOST_KEPT:
                kept = process
        except EndedError as error:
            logger.warning("%s took too much: %s", function.__name__, error)
            self._refuse(content)
            raise TooLargeError(TOO_MUCH) from error
        except NotStartedError as error:
            logger.error("A confined process could not start: %s", error)
            raise BusyError(NOT_STARTED) from error
        finally:
            if kept is None:
                process.end()
            self._give_back(kept)
        if isinstance(result.error, MemoryError):
            self._refuse(content)
            raise TooLargeError(TOO_MUCH)
        if result.error is not None:
            raise result.error
        return cast("T", result.value)

    def _take(self, content: bytes) -> ConfinedProcess:
        """Return a process that is idle, or a new one; wait for it."""
        end = self._clock() + WAIT_SECONDS
        with self._lock:
            if not self._idle and self._running:
                self._lock.wait_for(lambda: self._idle, PATIENCE)
            while not self._idle and self._running >= MOST_PROCESSES:
                if not self._lock.wait(end - self._clock()):
                    raise BusyError(BUSY)
            self._check_refused(content)
            process = self._idle.pop() if self._idle else self._start()
            if process.has_ended:  # something else has ended it
                process.end()
                process = self._start()
            self._running += 1
            return process

    def _give_back(self, process: ConfinedProcess | None) -> None:
        with self._lock:
            self._running -= 1
            if process is None and not self._idle:
                with suppress(BusyError):  # the next task tries again
                    process = self._start()
            if process is not None:
                self._idle.append(process)
            self._lock.notify()

    def _start(self) -> ConfinedProcess:
        try:
            return ConfinedProcess(self._modules)
        except OSError as error:
            raise BusyError(NOT_STARTED) from error

    def _check_refused(self, content: bytes) -> None:
        if self._refused.get(content, 0.0) > self._clock():
            raise TooLargeError(TOO_MUCH)

    def _refuse(self, content: bytes) -> None:
        with self._lock:
            if len(self._refused) >= MOST_REMEMBERED:
                self._refused.pop(next(iter(self._refused)))
            self._refused[content] = self._clock() + REMEMBERED_SECONDS


def _digest(args: tuple[object, ...]) -> bytes:
    """Return a digest of the contents in `args`, however they are looked at."""
    digest = hashlib.sha256()
    for value in args:
        if isinstance(value, bytes):
            digest.update(hashlib.sha256(value).digest())
    return digest.digest()


#: The pool of this process.
confined = ConfinedPool()
atexit.register(confined.close)
