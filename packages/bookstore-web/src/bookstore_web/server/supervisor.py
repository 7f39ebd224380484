"""GunicornSupervisor: starts gunicorn when a request needs it."""

import asyncio
import logging
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bookstore_core.settings import BookstoreSettings
from bookstore_web.server.address import ServerAddress
from bookstore_web.server.gunicorn_process import GunicornProcess
from bookstore_web.wire import Launch

APPLICATION = "bookstore_web.gunicorn_launched:launched_app()"

START_SECONDS = 30.0
POLL_SECONDS = 0.02
LONGEST_BACKOFF = 30.0
#: Bytes of a unix socket's path, below the limit of every system.
LONGEST_SOCKET_PATH = 100


class NotRunningError(RuntimeError):
    """gunicorn does not run; clients may try again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GunicornSupervisor:
    """Starts gunicorn at the first request, and again whenever it has ended.

    Each start has a secret, a socket and a directory of its own. After a failed start,
    requests are refused at once for a time that doubles with each failure, from 1 to
    30 seconds. After `web_idle_after` seconds without a request, gunicorn is stopped.
    `stop` ends gunicorn, and is safe to call at exit.
    """

    def __init__(
        self,
        settings: BookstoreSettings,
        address: Callable[[], ServerAddress],
        *,
        log: logging.Logger,
        application: str = APPLICATION,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._address = address
        self._log = log
        self._application = application
        self._clock = clock
        self._owner = os.getpid()
        self._lock = asyncio.Lock()
        self._process: GunicornProcess | None = None
        self._failures = 0
        self._next_start = 0.0
        self._users = 0
        self._idle_timer: asyncio.TimerHandle | None = None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let gunicorn run for a request, and for a while after the last one."""
        self._users += 1
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        try:
            yield
        finally:
            self._users -= 1
            idle_after = self._settings.web_idle_after
            if not self._users and idle_after:
                loop = asyncio.get_running_loop()
                self._idle_timer = loop.call_later(idle_after, self._end_idle)

    async def ensure_running(self) -> Launch:
        """Return the launch of a running gunicorn; start one if none runs.

        Raises NotRunningError if it cannot be started.
        """
        async with self._lock:
            process = self._process
            if process is not None and process.status is None:
                return process.launch
            if process is not None:
                self._log.info(
                    "bookstore: gunicorn ended with status %s, starting it again",
                    process.status,
                )
                self._discard()
            self._check_backoff()
            return await self._start()

    async def replace(self, launch: Launch) -> None:
        """Kill the gunicorn of `launch`, which does not answer at its socket."""
        async with self._lock:
            if self._process is not None and self._process.launch is launch:
                self._log.info("bookstore: gunicorn cannot be reached, replacing it")
                self._discard()

    def stop(self) -> None:
        """Stop gunicorn, if it runs. Blocks for a few seconds at most."""
        # A fork of the server also runs its exit handlers.
        if self._process is not None and os.getpid() == self._owner:
            self._process.stop()
            self._process = None

    def _end_idle(self) -> None:
        """Stop gunicorn beside the event loop; a request that comes starts another."""
        process, self._process, self._idle_timer = self._process, None, None
        if process is not None:
            self._log.info("bookstore: no requests, stopping gunicorn until the next")
            threading.Thread(target=process.stop, name="bookstore-idle").start()

    def _discard(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _check_backoff(self) -> None:
        wait = self._next_start - self._clock()
        if wait > 0:
            raise NotRunningError(
                "Bookstore could not start; see the log of the notebook server. "
                f"Try again in {wait:.0f} seconds.",
                retry_after=wait,
            )

    async def _start(self) -> Launch:
        try:
            problem = await self._try_start()
        except (OSError, ValueError) as error:
            problem = str(error)
        if not problem:
            assert self._process is not None
            self._failures = 0
            return self._process.launch
        self._discard()
        backoff = min(LONGEST_BACKOFF, 2.0**self._failures)
        self._failures += 1
        self._next_start = self._clock() + backoff
        self._log.error("bookstore: gunicorn could not start: %s", problem)
        raise NotRunningError(
            f"Bookstore could not start: {problem}. See the log of the notebook server "
            "for details.",
            retry_after=backoff,
        )

    async def _try_start(self) -> str:
        """Start a process and wait for a worker; return the problem, if any."""
        self._process = process = GunicornProcess(
            self._new_launch(), self._application, log=self._log
        )
        end = self._clock() + START_SECONDS
        while not process.is_ready:
            if process.status is not None:
                return f"its web process ended with status {process.status}"
            if self._clock() > end:
                return f"its web process was not ready after {START_SECONDS:.0f} s"
            await asyncio.sleep(POLL_SECONDS)
        return ""

    def _new_launch(self) -> Launch:
        address = self._address()
        return Launch(
            settings=self._settings.as_config(),
            secret=secrets.token_urlsafe(32),
            server_url=address.url,
            certificate_sha256=address.certificate_sha256,
            runtime_dir=_make_runtime_dir(),
        )


def _make_runtime_dir() -> str:
    """Make a private directory whose path is short enough for a socket."""
    path = tempfile.mkdtemp(prefix="bookstore-")
    if len(os.fsencode(f"{path}/gunicorn.sock")) <= LONGEST_SOCKET_PATH:
        return path
    os.rmdir(path)
    return tempfile.mkdtemp(prefix="bookstore-", dir="/tmp")
