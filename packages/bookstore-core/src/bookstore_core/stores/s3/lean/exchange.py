"""A small request and its answer, over a connection that urllib3 keeps open.

urllib3 and http.client take more time for these than all else that sends a save. Here
a request is one piece, and an answer is taken apart as it arrived. What is not as plain
as that stays theirs: urllib3 opens and checks connections and sends all other requests,
and http.client reads all other answers.
"""

import io
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPHeaderDict
from urllib3.exceptions import ProtocolError, ReadTimeoutError, SSLError

if TYPE_CHECKING:
    from bookstore_core.stores.s3.lean.requests import Request

#: Bytes of a body that is sent in one piece with its headers.
SMALL = 64 * 1024
#: Bytes that are read at once.
PIECE = 64 * 1024

#: Headers that only http.client writes, or urllib3 looks at.
THEIRS = frozenset(
    {"host", "accept-encoding", "content-length", "transfer-encoding", "expect"}
)
DEFAULT_PORTS = {"http": 80, "https": 443}

#: The end of headers, also of those that http.client reads.
_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]*")
_STATUS = re.compile(r"HTTP/1\.1 ([2-5]\d\d)( |$)")


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


def exchange(connections: HTTPConnectionPool, request: "Request") -> Answer | None:
    """Send a request and return the answer; None if it was left to urllib3, unsent.

    Raises the errors of urllib3. After one, the request may have arrived.
    """
    timeout = getattr(connections.timeout, "read_timeout", None)
    sent = _plain(request) if hasattr(connections, "_get_conn") else None
    if sent is None or not isinstance(timeout, int | float):
        return None
    connection: Any = connections._get_conn()
    try:
        if connection.sock is None:  # urllib3 opens it, and checks the certificate
            return None
        answer, stays = _over(connection, timeout, sent, request.method)
        if not stays:
            connection.close()
        return answer
    except TimeoutError as error:
        raise ReadTimeoutError(
            connections, request.target, f"Read timed out. (read timeout={timeout})"
        ) from error
    except ssl.SSLError as error:
        raise SSLError(error) from error
    except (OSError, HTTPException) as error:
        raise ProtocolError("Connection aborted.", error) from error
    finally:
        connections._put_conn(connection)


def _plain(request: "Request") -> bytes | None:
    """Return a request as it is sent, or None for one that needs more than this."""
    size, names = len(request.body), map(str.lower, request.headers)
    if size > SMALL or not THEIRS.isdisjoint(names):
        return None
    lines = [
        f"{request.method} {request.target} HTTP/1.1",
        f"Host: {_host(request.url)}",
        "Accept-Encoding: identity",
    ]
    if size:
        lines.append(f"Content-Length: {size}")
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if (
        not head.isascii()
        or head.count("\r") != breaks
        or head.count("\n") != breaks
        or lines[0].count(" ") != 2
        or not all(type(value) is str for value in request.headers.values())
    ):
        return None
    return f"{head}\r\n\r\n".encode("ascii") + request.body


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = parts.port in (None, DEFAULT_PORTS.get(parts.scheme))
    return host if usual else f"{host}:{parts.port}"


def _over(
    connection: Any, timeout: float, sent: bytes, method: str
) -> tuple[Answer, bool]:
    """Return the answer, and whether the connection can be used again."""
    try:
        connection.sock.settimeout(timeout)
        with suppress(BrokenPipeError):  # the answer may say why
            connection.sock.sendall(sent)
        return _read(connection.sock, method)
    except BaseException:
        connection.close()
        raise


def _read(sock: Any, method: str) -> tuple[Answer, bool]:
    got = piece = sock.recv(PIECE)
    while piece and len(got) < PIECE and not _END.search(got):
        piece = sock.recv(PIECE)
        got += piece
    end = got.find(b"\r\n\r\n")
    known = _head(got[:end].decode("latin-1")) if end >= 0 else None
    if known is None:
        return _read_by_http_client(sock, got, method)
    status, headers = known
    length = 0 if method == "HEAD" else int(headers["Content-Length"])
    body = bytearray(got[end + 4 :])
    while len(body) < length:
        piece = sock.recv(PIECE)
        if not piece:
            raise IncompleteRead(bytes(body), length - len(body))
        body += piece
    stays = len(body) == length and headers.get("Connection", "").lower() != "close"
    return Answer(status, headers, bytes(body[:length])), stays


def _head(text: str) -> tuple[int, HTTPHeaderDict] | None:
    """Return status and headers of an answer of known length; None for any other."""
    first, *lines = text.split("\r\n")
    status = _STATUS.match(first)
    if status is None or not text.count("\r") == text.count("\n") == len(lines):
        return None
    headers = HTTPHeaderDict()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            return None
        headers.add(name, value.lstrip(" \t"))
    length = headers.get("Content-Length", "")
    if not (length.isascii() and length.isdecimal()) or "Transfer-Encoding" in headers:
        return None
    if headers.get("Connection", "").lower() not in ("", "close", "keep-alive"):
        return None
    return int(status[1]), headers


def _read_by_http_client(sock: Any, got: bytes, method: str) -> tuple[Answer, bool]:
    """Read an answer of which some was read; raises the errors of http.client."""
    answer = HTTPResponse(_Again(got, sock), method=method)  # type: ignore[arg-type]
    answer.begin()
    content = answer.read()
    headers = HTTPHeaderDict(
        (name, _FOLD.sub(" ", value)) for name, value in answer.headers.items()
    )
    return Answer(answer.status, headers, content), not answer.will_close


class _Again(io.RawIOBase):
    """What was read of a socket, and then the rest; a socket for http.client."""

    def __init__(self, got: bytes, sock: Any) -> None:
        self._got = got
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._got:
            return int(self._sock.recv_into(buffer))
        size = min(len(buffer), len(self._got))
        buffer[:size], self._got = self._got[:size], self._got[size:]
        return size
