"""Settings of gunicorn for the web app on its own, behind a proxy.

gunicorn reads this module (``-c python:bookstore_web.gunicorn_conf``, see
docs/deploy.md) and uses every name that is one of its settings; its command line
overrides them. Behind a notebook server, `gunicorn_launched.py` has others.
"""

import threading
from importlib import import_module
from ipaddress import ip_address
from typing import Any

from bookstore_web.slim import leave_out

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


def on_starting(server: Any) -> None:
    """In the master, before it binds: warn if strangers can pass the proxy."""
    # Imported here because a gunicorn behind a notebook server reads this module, too.
    from bookstore_core.errors import BookstoreError
    from bookstore_core.jupyter.config_files import load_settings

    try:
        secret = load_settings().proxy_secret
    except BookstoreError:
        return  # the workers report it
    for address in server.cfg.address:
        if not secret and not is_private(address):
            server.log.error(
                "WARNING: everybody who reaches %s can use bookstore without the "
                "proxy, and with any name. Bind to a unix socket, or set "
                "BookstoreSettings.proxy_secret.",
                ":".join(map(str, address)),
            )


def is_private(address: object) -> bool:
    """Return whether only this machine can reach an address of gunicorn.

    It is a host and a port, or the path or the number of a socket.
    """
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def post_fork(server: Any, worker: Any) -> None:
    """In a worker, before it loads the app: import less."""
    leave_out()


def post_worker_init(worker: Any) -> None:
    """In a worker that has loaded the app: preload what the first requests need."""
    threading.Thread(target=preload, name="preload", daemon=True).start()


def preload() -> None:
    """Start the confined process, and import what takes long."""
    from bookstore_web.confined.pool import confined

    confined.prepare()
    import_module("nbformat")
