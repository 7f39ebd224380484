"""One gunicorn: its process, its pipe and its directory."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading

from bookstore_web.server.environment import child_environment
from bookstore_web.wire import Launch

#: Seconds that gunicorn has to stop; longer than its graceful_timeout.
STOP_SECONDS = 5.0


class GunicornProcess:
    """A gunicorn from its start to its end. Raises OSError if it cannot be started.

    It has a session of its own, so that Ctrl-C in the server's terminal does not reach
    it. Its standard input is a pipe whose other end only this process has open: when
    this process ends in any way, the pipe is closed and gunicorn ends too. Its output
    goes to the server's log.
    """

    def __init__(
        self, launch: Launch, application: str, *, log: logging.Logger
    ) -> None:
        self.launch = launch
        self._log = log
        self._process = subprocess.Popen(  # noqa: S603 (no part of it is a client's)
            _command(launch, application),
            # An empty directory, so that no file of the user is imported as a module.
            cwd=launch.runtime_dir,
            env=child_environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(
            target=self._log_output, name="bookstore-gunicorn-output", daemon=True
        )
        self._reader.start()
        self._send(launch)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    @property
    def is_ready(self) -> bool:
        """Whether a worker has loaded the app."""
        return os.path.exists(self.launch.ready_path)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stop it, after `seconds` by force, and remove its directory. Blocks."""
        if self.status is None:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._log.warning("bookstore: gunicorn did not stop, killing it")
        self.kill()
        self._reader.join(timeout=2)

    def kill(self) -> None:
        """Kill it and its workers, and remove its directory."""
        if self.status is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        # Workers that are still alive end when this pipe is closed.
        assert self._process.stdin is not None
        self._process.stdin.close()
        # Log its last output before anything is logged about its end.
        self._reader.join(timeout=0.2)
        shutil.rmtree(self.launch.runtime_dir, ignore_errors=True)

    def _send(self, launch: Launch) -> None:
        assert self._process.stdin is not None
        try:
            # Unbuffered, so that closing the pipe never has to write anything.
            os.write(self._process.stdin.fileno(), f"{launch.to_json()}\n".encode())
        except BrokenPipeError:
            self._log.debug("bookstore: gunicorn ended before it read its launch")

    def _log_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._log.warning(
                    "gunicorn: %s", line.decode(errors="replace").rstrip()
                )


def _command(launch: Launch, application: str) -> list[str]:
    return [
        sys.executable,
        "-P",  # do not import from the current directory
        "-m",
        "bookstore_web.lean_gunicorn",
        "--config=python:bookstore_web.gunicorn_launched",
        f"--bind=unix:{launch.socket_path}",
        f"--worker-tmp-dir={launch.runtime_dir}",
        application,
    ]
