"""Wire: requests over connections that botocore has opened, and their answers.

botocore opens a connection, with its certificates, proxies and timeouts, and sends the
first request over it. A later one is written to it as it is, without the layers above.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, BinaryIO

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

#: The longest line, and the most headers, of an answer; as in Python's http.client.
LONGEST, MOST = 65536, 100

#: Statuses whose answers have no content, whatever their headers say.
_EMPTY = frozenset({204, 304})
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Answer:
    """An answer as botocore's; the names of its headers are in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    #: Whether another request may be sent over the connection.
    stays_open: bool = False


class Wire:
    """Sends prepared requests by a session of botocore. Safe to use from threads."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._pools: dict[str, Any] = {}

    def send(
        self, request: AWSPreparedRequest, *, origin: str, host: str, target: str
    ) -> Any:
        """Return the answer; raise what botocore's session raises.

        The request's URL is `origin`, as `https://host`, and `target`, the path and
        the query. `host` is the Host header.
        """
        head = _head(request, host, target)
        pool = self._pools.get(origin)
        if head is None or pool is None:
            return self._by_session(request, origin)
        connection = pool._get_conn()
        if connection.sock is None:  # never used, or closed by the server
            pool._put_conn(connection)
            return self._by_session(request, origin)
        kept = False
        try:
            sent = _send_all(connection.sock, head + (request.body or b""))
            with connection.sock.makefile("rb") as file:
                answer = read_answer(file, request.method)
            kept = sent and answer.stays_open
            return answer
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (OSError, HTTPException) as error:
            raise ConnectionClosedError(
                endpoint_url=request.url, request=request, error=error
            ) from error
        finally:
            if not kept:
                connection.close()
            pool._put_conn(connection)

    def _by_session(self, request: AWSPreparedRequest, origin: str) -> Any:
        session = self._session
        answer = session.send(request)
        if not session._proxy_config.proxy_url_for(request.url):
            self._pools[origin] = session._manager.connection_from_url(request.url)
        return answer


def _send_all(sock: Any, data: bytes) -> bool:
    """Send a request; return False if the server does not read it to its end."""
    try:
        sock.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False  # its answer, which may be there already, says why
    return True


def _head(request: AWSPreparedRequest, host: str, target: str) -> bytes | None:
    """Return the first bytes of a request; None if they would be no request."""
    lines = [
        f"{request.method} {target} HTTP/1.1",
        f"Host: {host}",
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in request.headers.items()),
    ]
    text = "\r\n".join([*lines, "", ""])
    # A line break in a header would begin another one.
    plain = text.isascii() and text.count("\n") == text.count("\r") == len(lines) + 1
    return text.encode("ascii") if plain else None


def read_answer(file: BinaryIO, method: str) -> Answer:
    """Read the answer to a request.

    Raises HTTPException if it is not one, or is not complete.
    """
    version, status = b"1", 100
    while 100 <= status < 200:  # what precedes the answer itself
        found = _STATUS.fullmatch(_line(file))
        if found is None:
            raise HTTPException("The answer is not HTTP.")
        version, status = found[1], int(found[2])
        headers = _headers(file)
    words = headers.get("connection", "").lower()
    stays = "close" not in words and (version == b"1" or "keep-alive" in words)
    if method == "HEAD" or status in _EMPTY:
        return Answer(status, headers, b"", stays)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return Answer(status, headers, _chunks(file), stays)
    length = headers.get("content-length", "").partition(",")[0]
    if not length:
        return Answer(status, headers, file.read())  # up to the connection's end
    if not _LENGTH.fullmatch(length):
        raise HTTPException("The length of the answer is not a number.")
    return Answer(status, headers, _exactly(file, int(length)), stays)


def _line(file: BinaryIO) -> bytes:
    line = file.readline(LONGEST + 1)
    if not line.endswith(b"\n"):
        raise HTTPException("The answer is not complete.")
    return line


def _headers(file: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    last = ""
    for _ in range(MOST + 1):
        line = _line(file)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, rest = line.decode("latin-1").partition(":")
        if name[:1] in " \t":  # a line that goes on
            headers[last] = f"{headers.get(last, '')} {line.decode('latin-1').strip()}"
        elif colon:
            last, value = name.strip().lower(), rest.strip()
            headers[last] = f"{headers[last]}, {value}" if last in headers else value
    raise HTTPException("The answer has too many headers.")


def _chunks(file: BinaryIO) -> bytes:
    parts: list[bytes] = []
    while True:
        found = _CHUNK.fullmatch(_line(file))
        if found is None:
            raise HTTPException("The answer has a chunk without a length.")
        length = int(found[1], 16)
        if not length:
            _headers(file)  # the trailers
            return b"".join(parts)
        parts.append(_exactly(file, length))
        if _line(file) not in (b"\r\n", b"\n"):
            raise HTTPException("The answer has a chunk that does not end.")


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise HTTPException("The answer is not complete.")
    return data
