"""Settings of gunicorn for the web app on its own, behind a proxy.

gunicorn reads this module (``-c python:bookstore_web.gunicorn_conf``, see
docs/deploy.md) and uses every name that is one of its settings; its command line
overrides them. Behind a notebook server, `gunicorn_launched.py` has others.
"""

import ctypes
import os
import shutil
import signal
import sys
import threading
from importlib import import_module
from typing import Any

from bookstore_web.slim import OF_HUBS, leave_out, put_off

workers = 2
worker_class = "gthread"
#: More than `MOST_TASKS` in `confined/pool.py`, so that one is always free.
threads = 16
timeout = 120
#: The proxy is in the group of the socket, nobody else can use it.
umask = 0o117
control_socket_disable = True
#: A key of 1,024 bytes takes 3 KB of a URL, and twice that with a second one. Hubs and
#: proxies put large cookies and tokens into headers. Tornado accepts at most 64 KiB of
#: headers, and the header of a notebook server repeats the token.
limit_request_line = 0
limit_request_fields = 1000
limit_request_field_size = 256 * 1024
#: A client cannot choose the base URL; SCRIPT_NAME in the environment is read.
forwarder_headers = ""
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}
#: Of a log that the command line asks for: no query, which may contain a token.
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s "%(a)s"'

LOG_FORMAT = "BOOKSTORE_LOG_FORMAT"
if os.environ.get(LOG_FORMAT) == "json":
    logger_class = "bookstore_web.json_logs.JsonLogger"
    accesslog = "-"

#: Of Linux: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1
#: Where the workers count requests: read by prometheus_client, which they import.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_counts: list[str] = []


def on_starting(server: Any) -> None:
    """In the master, before it binds: warn if strangers can pass the proxy."""
    log_format = os.environ.get(LOG_FORMAT, "text")
    if log_format not in ("json", "text"):
        sys.exit(f"{LOG_FORMAT} is {log_format!r}. Set it to json or text.")
    if "JUPYTERHUB_SERVICE_URL" in os.environ:  # a hub sets it for what it starts
        end_with_parent()
    # Imported here because a gunicorn behind a notebook server reads this module, too.
    from bookstore_core.errors import BookstoreError
    from bookstore_core.jupyter.config_files import load_settings

    try:
        settings = load_settings()
    except BookstoreError:
        return  # the workers report it
    # With a login at the hub, it does not matter which way a request comes.
    is_guarded = bool(settings.proxy_secret) or settings.auth == "hub"
    for address in server.cfg.address:
        if not is_guarded and not is_private(address):
            server.log.error(
                "WARNING: everybody who reaches %s can use bookstore without the "
                "proxy, and with any name. Bind to a unix socket, or set "
                "BookstoreSettings.proxy_secret.",
                ":".join(map(str, address)),
            )


def end_with_parent() -> None:
    """Let the kernel stop this process when its parent ends, also when it is killed.

    Otherwise gunicorn keeps its port when a hub is killed, and the one that the hub
    starts after its restart cannot bind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def when_ready(server: Any) -> None:
    """In the master, before it forks: make the directory of the counts.

    It is a new one, so that those of an earlier run are not added. What masters have
    left that were killed is removed.
    """
    from bookstore_web.counts import make_folder, remove_leftovers

    cfg = server.cfg
    remove_leftovers({os.geteuid(), cfg.uid})
    folder = str(make_folder())
    if os.geteuid() == 0:
        os.chown(folder, cfg.uid, cfg.gid)
    _counts[:] = [folder]
    os.environ[MULTIPROCESS] = folder


def child_exit(server: Any, worker: Any) -> None:
    """In the master, after a worker ended: it answers no requests any more."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid, *_counts)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """In the master, at its end: remove the counts."""
    for folder in _counts:
        shutil.rmtree(folder, ignore_errors=True)


def is_private(address: object) -> bool:
    """Return whether only this machine can reach an address of gunicorn.

    It is a host and a port, or the path or the number of a socket.
    """
    if not isinstance(address, tuple):
        return True
    from ipaddress import ip_address  # not needed behind a notebook server

    host = str(address[0])
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def post_fork(server: Any, worker: Any) -> None:
    """In a worker, before it loads the app: import less."""
    leave_out()
    put_off(OF_HUBS)


def post_worker_init(worker: Any) -> None:
    """In a worker that has loaded the app: preload what the first requests need."""
    threading.Thread(target=preload, name="preload", daemon=True).start()


def preload() -> None:
    """Start the confined process, and import what takes long."""
    from bookstore_web.confined.pool import confined

    confined.prepare()
    import_module("nbformat")
