"""Settings and hooks of gunicorn behind a notebook server.

`server/gunicorn_process.py` starts it with this module as its configuration, with the
socket on the command line and a pipe as standard input. The first line of the pipe is a
`Launch`; the pipe is closed when the notebook server has ended.
"""

import ctypes
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookstore_web.gunicorn_conf import (
    control_socket_disable,
    forwarder_headers,
    limit_request_field_size,
    limit_request_fields,
    limit_request_line,
    threads,
    timeout,
    worker_class,
)
from bookstore_web.slim import leave_out
from bookstore_web.wire import Launch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

#: gunicorn reads the names of this module.
__all__ = [
    "control_socket_disable",
    "forwarder_headers",
    "limit_request_field_size",
    "limit_request_fields",
    "limit_request_line",
    "threads",
    "timeout",
    "worker_class",
]

workers = 1
#: Seconds for unfinished requests when the server stops. `STOP_SECONDS` in
#: `server/gunicorn_process.py` is longer.
graceful_timeout = 3
#: Only its owner can use the socket.
umask = 0o177
loglevel = "warning"
accesslog = None
errorlog = "-"
#: The server says how it was asked, in a header of its own.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

#: Requests of a worker after which it gives memory back: for the first pages it imports
#: what they need and opens the store, and what that took is free afterwards.
FIRST = 20

_launches: list[Launch] = []


def launch() -> Launch:
    """Return the launch that the notebook server sent."""
    return _launches[0]


def launched_app() -> "WSGIApplication":
    """Return the Flask app for the notebook server that started gunicorn."""
    # Imported here because the master, which reads this module too, needs no Flask.
    from bookstore_web.app.factory import create_app

    return create_app(launch=launch())


def on_starting(server: Any) -> None:
    """In the master, before it forks: read the launch."""
    _launches[:] = [Launch.from_json(sys.stdin.readline())]


def post_fork(server: Any, worker: Any) -> None:
    """In a worker, before it loads the app: watch the pipe from the server.

    Not in the master: a thread there would not survive the fork.
    """
    leave_out()
    threading.Thread(
        target=_end_with_server, args=(worker.ppid,), name="pipe-watcher", daemon=True
    ).start()


def post_worker_init(worker: Any) -> None:
    """In a worker that has loaded the app: mark it as ready.

    It preloads nothing: most people who open a history look at no version.
    """
    Path(launch().ready_path).touch()


def post_request(worker: Any, request: Any, environ: Any, response: Any) -> None:
    """In a worker, after each of its first requests: give free memory back.

    malloc keeps it otherwise, unless it is at the end. It is glibc that can do this.
    """
    if worker.nr <= FIRST:
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


def worker_exit(server: Any, worker: Any) -> None:
    """In a worker that ends: clean up if the master has ended before."""
    if os.getppid() != worker.ppid:
        _remove_runtime_dir()


def on_exit(server: Any) -> None:
    """In the master, at its end: clean up."""
    _remove_runtime_dir()


def _end_with_server(master: int) -> None:
    while os.read(0, 4096):
        pass
    if os.getppid() == master:
        os.kill(master, signal.SIGTERM)
        return
    _remove_runtime_dir()
    os._exit(0)


def _remove_runtime_dir() -> None:
    shutil.rmtree(launch().runtime_dir, ignore_errors=True)
