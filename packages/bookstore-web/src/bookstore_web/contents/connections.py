"""Pools of connections to the notebook server: TCP, TLS, unix socket."""

import socket
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

#: The number of gunicorn's threads for one user.
POOL_SIZE = 4
CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 120.0


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket; the host is the socket's path."""

    def _new_conn(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_TIMEOUT)
        try:
            connection.connect(self._socket_path)
        except OSError as error:
            connection.close()
            raise urllib3.exceptions.NewConnectionError(
                self, f"no answer at the socket ({error.strerror})"
            ) from error
        return connection

    def __init__(self, *args: Any, socket_path: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._socket_path = socket_path


class _UnixPool(HTTPConnectionPool):
    ConnectionCls = _UnixConnection


def open_pool(server_url: str, *, certificate_sha256: str = "") -> HTTPConnectionPool:
    """Return a pool for the server, without contacting it.

    `server_url` is ``http://``, ``https://`` or ``http+unix://`` with a quoted socket
    path. With a fingerprint, the server must have exactly that certificate, and no
    other check is made, so that it may be self-signed.
    """
    parts = urlsplit(server_url)
    options: dict[str, Any] = {
        "maxsize": POOL_SIZE,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "retries": False,
    }
    if parts.scheme == "http+unix":
        path = unquote(server_url.removeprefix("http+unix://")).rstrip("/")
        return _UnixPool("localhost", socket_path=path, **options)
    host = parts.hostname or "127.0.0.1"
    if parts.scheme == "http":
        return HTTPConnectionPool(host, parts.port, **options)
    if certificate_sha256:
        options |= {"assert_fingerprint": certificate_sha256, "cert_reqs": "CERT_NONE"}
    return HTTPSConnectionPool(host, parts.port, **options)
