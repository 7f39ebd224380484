"""How gunicorn runs behind a notebook server: its settings and its hooks.

gunicorn reads this module (``-c python:bookstore_web.gunicorn_conf``) and takes every
name that is one of its settings. `supervisor` starts it, with the socket on the
command line and a pipe as standard input: a `Launch` is its first line, and its end
means that the notebook server is gone.
"""

import os
import shutil
import signal
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bookstore_web.wire import Launch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

workers = 1
worker_class = "gthread"
threads = 4
timeout = 120
#: Seconds for requests under way when the server stops. The supervisor waits longer.
graceful_timeout = 3
#: The socket is its owner's alone.
umask = 0o177
control_socket_disable = True
loglevel = "warning"
accesslog = None
errorlog = "-"
#: Hubs and their proxies put large cookies and tokens into headers. Tornado has let
#: no more than 64 KiB of them through, and our own header repeats the token.
limit_request_line = 0
limit_request_fields = 1000
limit_request_field_size = 256 * 1024
#: Nothing that a client sends may say where it comes from.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

_launches: list[Launch] = []


def launch() -> Launch:
    """Return what the notebook server said at the start."""
    return _launches[0]


def launched_app() -> "WSGIApplication":
    """Return the Flask app, as a notebook server launches it."""
    # Here and not above: the master reads this module too, and needs no Flask.
    from bookstore_web.app.factory import create_app

    return create_app(launch=launch())


def on_starting(server: Any) -> None:
    """In the master, before it forks: read the launch."""
    _launches[:] = [Launch.from_json(sys.stdin.readline())]


def post_fork(server: Any, worker: Any) -> None:
    """In a worker, before it loads the app: watch the pipe from the server.

    Not in the master: a thread there would not survive the fork.
    """
    threading.Thread(
        target=_end_with_server, args=(worker.ppid,), name="pipe-watcher", daemon=True
    ).start()


def post_worker_init(worker: Any) -> None:
    """In a worker that has loaded the app: say so, and load what comes next."""
    Path(launch().ready_path).touch()
    # The first notebook would wait a second for the grammars that the validator's
    # imports compile. In a thread they also begin on an empty stack: on gunicorn's deep
    # one CPython 3.11 maps memory at each call over the end of a chunk of its frames,
    # which makes 4.5 s of 1.3.
    threading.Thread(target=_preload, name="preload", daemon=True).start()


def _preload() -> None:
    # Then what comparing and showing versions need, a second of work each.
    for name in ("nbformat", "nbdime.diffing.snakes", "nbconvert.exporters"):
        import_module(name)


def worker_exit(server: Any, worker: Any) -> None:
    """In a worker that ends: clean up where the master could not."""
    if os.getppid() != worker.ppid:
        _remove_runtime_dir()


def on_exit(server: Any) -> None:
    """In the master, last of all."""
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
