"""Requests to a notebook server over TCP, TLS or a unix socket, and its errors."""

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, SSLError

from bookstore_client.errors import (
    BY_NAME,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    error_class,
)

#: Where bookstore is, below the address of a server.
API = "api/bookstore"
#: How an address names a unix socket: ``http+unix://%2Ftmp%2Fserver.sock/base/``.
UNIX = "http+unix://"
CONNECT_TIMEOUT = 5.0

_NOT_UTF_8 = "This cannot be sent: it has characters that cannot be written as UTF-8."


@dataclass(frozen=True)
class Options:
    """How to connect: seconds to wait for an answer, and which certificates to trust.

    `ca_certs` is a file with the certificates to trust, such as a self-signed one.
    Without `verify` none is checked.
    """

    timeout: float = 120.0
    verify: bool = True
    ca_certs: str = ""


class Connection:
    """Sends requests below the address of a notebook server, with its token."""

    def __init__(self, url: str, token: str, options: Options) -> None:
        self.url = url.rstrip("/")
        token = _checked(token)
        self._pool, self._base = _open_pool(self.url, options)
        # Without a token the server compares these two, as it does for its own pages.
        self.xsrf_token = "" if token else secrets.token_hex(16)
        self.headers = {"Accept": "application/json"}
        if token:
            self.headers["Authorization"] = f"token {token}"
        else:
            self.headers["Cookie"] = f"_xsrf={self.xsrf_token}"
            self.headers["X-XSRFToken"] = self.xsrf_token

    def get(self, path: str, /, **query: str | int) -> Any:
        """Return the JSON at a path, such as ``api/sessions``."""
        given = {name: value for name, value in query.items() if value != ""}
        try:
            words = urlencode(given)
        except UnicodeEncodeError:
            raise InvalidRequestError(_NOT_UTF_8) from None
        return self._ask("GET", f"{path}?{words}" if words else path)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a change, and return the JSON of its answer."""
        return self._ask(method, path, body)

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        self._pool.close()

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        headers, data = dict(self.headers), None
        if body is not None:
            headers["Content-Type"] = "application/json"
            try:
                data = json.dumps(body).encode()
            except (TypeError, ValueError) as error:
                raise InvalidRequestError(f"This cannot be sent: {error}.") from error
        try:
            answer = self._pool.request(
                method,
                f"{self._base}/{path}",
                body=data,
                headers=headers,
                redirect=False,
            )
        except SSLError as error:
            raise ConfigurationError(
                f"The certificate of {self.url} is not trusted ({error}). Name a file "
                "of certificates with ca_certs, or check none with verify=False."
            ) from error
        except HTTPError as error:
            raise StorageUnavailableError(
                f"The notebook server at {self.url} does not answer: {error}."
            ) from error
        return self._read(path, answer.status, answer.data)

    def _read(self, path: str, status: int, data: bytes) -> Any:
        value = _json(data)
        if 200 <= status < 300 and value is not None:
            return value
        if 300 <= status < 400:
            raise ForbiddenError(
                f"The server at {self.url} asks for a login. Give a token that is "
                "allowed there."
            )
        known = value if isinstance(value, dict) else {}
        if status == 404 and "error" not in known and path.startswith(API):
            raise NotFoundError(
                f"Bookstore is not enabled at {self.url}: the server has no such "
                "address. Enable its extension bookstore_web there."
            )
        if status < 300:
            raise StorageError(f"What {self.url} answered is not JSON.")
        if status in (401, 403) and str(known.get("error")) not in BY_NAME:
            # The notebook server's own words are about cookies, if it has any.
            raise ForbiddenError(
                f"The server at {self.url} refuses the request (status {status}). "
                "Give a token that it accepts."
            )
        message = known.get("message") or known.get("reason")
        if not isinstance(message, str):
            message = f"The server at {self.url} answered with the status {status}."
        raise error_class(known.get("error"), status)(message)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def quoted(path: str) -> str:
    """Return a path of the server as a part of an address."""
    try:
        return quote(path.strip("/"), safe="/")
    except UnicodeEncodeError:
        raise InvalidRequestError(_NOT_UTF_8) from None


def _checked(token: str) -> str:
    """Return a token without the line break that a file of it may end with."""
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise InvalidRequestError(
            "The token has characters that no token has. Copy it once more."
        )
    return token


def unix_address(sock: str, base_url: str) -> str:
    """Return the address of a server that listens on a unix socket."""
    return f"{UNIX}{quote(sock, safe='')}{base_url}"


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, *args: Any, socket_path: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._socket_path = socket_path

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


class _UnixPool(HTTPConnectionPool):
    ConnectionCls = _UnixConnection


def _open_pool(url: str, options: Options) -> tuple[HTTPConnectionPool, str]:
    """Return a pool of connections to a server, and its base path without a slash."""
    known: dict[str, Any] = {
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=options.timeout),
        "retries": False,
    }
    if url.startswith(UNIX):
        sock, slash, base = url.removeprefix(UNIX).partition("/")
        return _UnixPool("localhost", socket_path=unquote(sock), **known), slash + base
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        # Not every release of urllib3 refuses a host with a space.
        if parts.scheme not in ("http", "https") or len(host.split()) != 1:
            raise ValueError
        if parts.scheme == "https":
            known |= _certificates(options)
        kind = HTTPSConnectionPool if parts.scheme == "https" else HTTPConnectionPool
        return kind(host, parts.port, **known), parts.path
    except ValueError:
        raise InvalidRequestError(
            f"{url!r} is not the address of a server. Write it as https://host/base/."
        ) from None


def _certificates(options: Options) -> dict[str, Any]:
    if not options.verify:
        return {"cert_reqs": "CERT_NONE", "assert_hostname": False}
    return {"ca_certs": options.ca_certs} if options.ca_certs else {}
