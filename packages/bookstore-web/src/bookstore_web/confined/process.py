"""A confined process, from its start to its end."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from bookstore_web.confined.messages import Result, Task, read_message, write_message

#: Seconds from the start of a process until it is ready.
START_SECONDS = 60.0

#: Variables that the process gets; it needs no credentials.
KEPT = frozenset(
    {"HOME", "LANG", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV"}
    | {"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "JUPYTER_PATH"}
)
KEPT_PREFIXES = ("LC_", "PYTHON", "COVERAGE_")


class EndedError(RuntimeError):
    """The process has ended, or was ended: the task took too much."""


class NotStartedError(RuntimeError):
    """The process did not start."""


class ConfinedProcess:
    """A process that runs one task after another.

    It imports `modules` first. It ends when this process has ended, because its
    standard input is closed then.
    """

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (no part of it is a client's)
            [sys.executable, "-P", "-m", "bookstore_web.confined.child", *modules],
            env=kept_environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._is_ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def run(self, function: Callable[..., Any], *args: Any, seconds: float) -> Result:
        """Run a task that may take so many seconds of CPU, and more on a busy machine.

        Raises EndedError or NotStartedError, after which it cannot be used.
        """
        self._wait_for_start()
        try:
            assert self._process.stdin is not None
            write_message(self._process.stdin, Task(function, args, seconds))
            result: Result = self._read(3 * seconds + 5)
        except (EOFError, OSError) as error:
            self.end()
            status = self._process.returncode
            raise EndedError(f"ended with status {status}") from error
        return result

    def _wait_for_start(self) -> None:
        if self._is_ready:
            return
        try:
            self._read(START_SECONDS)
        except EOFError as error:
            self.end()
            status = self._process.returncode
            raise NotStartedError(f"ended with status {status}") from error
        self._is_ready = True

    def _read(self, seconds: float) -> Any:
        assert self._process.stdout is not None
        # A result is written at once, when it is complete.
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            raise EOFError
        return read_message(self._process.stdout)

    def end(self) -> None:
        """End the process, and wait for its end. It may have ended."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what could not be written
                pipe.close()


def kept_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a confined process may see."""
    return {
        name: value
        for name, value in environment.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }
