"""One gunicorn: a process, its pipe, its directory."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading

from bookstore_web.server.environment import child_environment
from bookstore_web.wire import Launch

#: Seconds for gunicorn to end when asked to, longer than its graceful_timeout.
STOP_SECONDS = 5.0


class GunicornProcess:
    """A gunicorn from its start to its removal. Raises OSError when none starts.

    It has a session of its own, so that Ctrl-C in the server's terminal does not reach
    it. Its standard input is a pipe whose other end nobody but we hold: when we are
    gone, however that came, the pipe ends and gunicorn with it. What it prints goes to
    the server's log.
    """

    def __init__(
        self, launch: Launch, application: str, *, log: logging.Logger
    ) -> None:
        self.launch = launch
        self._log = log
        self._process = subprocess.Popen(  # noqa: S603 (no part of it is a client's)
            _command(launch, application),
            # An empty directory: nothing of the user's can stand in for a module.
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
        self._tell(launch)

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
        """End it, by force after `seconds`, and remove what it leaves. Blocks."""
        if self.status is None:
            self._process.terminate()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._log.warning("bookstore: gunicorn did not stop, killing it")
        self.kill()
        self._reader.join(timeout=2)

    def kill(self) -> None:
        """End it now, workers too, and remove what it leaves."""
        if self.status is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        # Workers that outlive a killed master see the end of this pipe.
        assert self._process.stdin is not None
        self._process.stdin.close()
        # Its last words come before what is said of its end.
        self._reader.join(timeout=0.2)
        shutil.rmtree(self.launch.runtime_dir, ignore_errors=True)

    def _tell(self, launch: Launch) -> None:
        assert self._process.stdin is not None
        try:
            # Unbuffered, so that closing the pipe never has anything left to write.
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
        "-P",  # the current directory is no place to import from
        "-m",
        "gunicorn",
        "--config=python:bookstore_web.gunicorn_conf",
        f"--bind=unix:{launch.socket_path}",
        f"--worker-tmp-dir={launch.runtime_dir}",
        application,
    ]
