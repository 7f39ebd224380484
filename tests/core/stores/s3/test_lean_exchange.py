"""Requests over a connection that is open: sent and answered as urllib3 does."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import takewhile
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest
import urllib3
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bookstore_core.stores.s3.lean.exchange import SMALL, exchange
from bookstore_core.stores.s3.lean.requests import Request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEADERS = {"x-amz-meta-a": "1", "User-Agent": "test"}


class Server:
    """Answers each request with the next bytes, and then closes if these say so."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.answers: SimpleQueue[bytes] = SimpleQueue()
        self.requests: list[bytes] = []
        self.connections = 0
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            return  # the listener is closed

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while request := b"".join(takewhile(bytes.strip, stream)):
                size = request.lower().partition(b"content-length: ")[2]
                body = stream.read(int(size.split(b"\r")[0])) if size else b""
                self.requests.append(request + b"\r\n" + body)
                answer = self.answers.get()
                connection.sendall(answer.removesuffix(b"<close>"))
                if answer.endswith(b"<close>"):
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # this ends `accept`
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as server:
        yield server


def opened(server: Server) -> HTTPConnectionPool:
    """Return a pool with a connection that is open."""
    pool = HTTPConnectionPool(
        "127.0.0.1", server.port, timeout=Timeout(connect=5, read=30)
    )
    server.answers.put(OK)
    assert pool.request("GET", "/").data == b"ok"
    server.requests.clear()
    return pool


def request_to(server: Server, method: str = "PUT", body: bytes = b"{}") -> Request:
    url = f"http://127.0.0.1:{server.port}/b/k?versions="
    return Request(method, url, dict(HEADERS), b"" if method != "PUT" else body)


def by_urllib3(pool: HTTPConnectionPool, request: Request) -> Any:
    return pool.urlopen(
        request.method,
        request.target,
        body=request.body or None,
        headers=request.headers,
        retries=False,
        redirect=False,
        assert_same_host=False,
        decode_content=False,
    )


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    """Return the status, headers and content of an answer, or the kind of error."""
    try:
        answer = call(*args)
    except HTTPError as error:
        return type(error)
    assert answer is not None
    if isinstance(answer, urllib3.BaseHTTPResponse):
        found = answer.status, answer.headers, answer.data
    else:
        found = answer.status_code, answer.headers, answer.content
    # Older releases of urllib3 leave line breaks in values.
    headers = {name: " ".join(value.split()) for name, value in found[1].items()}
    return found[0], headers, found[2]


ANSWERS = {
    "plain": b'HTTP/1.1 200 OK\r\nETag: "e"\r\nx-Amz-Id:  a b \r\n' + OK[17:],
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 503\r\nContent-Length: 2\r\n\r\nno",
    "error": b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n<E/>",
    "twice": b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n" + OK[17:],
    "continued": b"HTTP/1.1 200 OK\r\nA: 1\r\n 2\r\n" + OK[17:],
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "line feeds": OK.replace(b"\r\n", b"\n"),
    "to be closed": b"HTTP/1.1 200 OK\r\nConnection: Close\r\n" + OK[17:] + b"<close>",
    "without length": b"HTTP/1.1 200 OK\r\n\r\nok<close>",
    "of 1.0": OK.replace(b"1.1", b"1.0") + b"<close>",
    "large": b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
    "wide": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n<close>",
    "lost": b"<close>",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Le<close>",
    "cut later": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok<close>",
    "no number": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<close>",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n<close>",
    "too much": OK + b"HTTP/1.1 500 Split\r\n\r\n<close>",
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_is_read_as_by_urllib3(server: Server, kind: str) -> None:
    request = request_to(server)
    found = []
    for send in (by_urllib3, exchange):
        with opened(server) as pool:
            server.answers.put(ANSWERS[kind])
            found.append(outcome(send, pool, request))
            server.answers.put(OK)
            assert by_urllib3(pool, request).data == b"ok"
    assert found[0] == found[1]


def test_an_answer_to_head_has_no_content(server: Server) -> None:
    with opened(server) as pool:
        server.answers.put(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        answer = exchange(pool, request_to(server, "HEAD"))
        assert answer is not None
        assert (answer.headers["content-length"], answer.content) == ("9", b"")
        server.answers.put(OK)
        assert exchange(pool, request_to(server)) is not None
    assert server.connections == 1


@pytest.mark.parametrize("method", ["PUT", "HEAD", "GET"])
def test_a_request_is_sent_as_by_urllib3(server: Server, method: str) -> None:
    with opened(server) as pool:
        for send in (by_urllib3, exchange):
            server.answers.put(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            send(pool, request_to(server, method))  # type: ignore[operator]
    theirs, ours = (sorted(sent.split(b"\r\n")) for sent in server.requests)
    assert ours == theirs


@pytest.mark.parametrize(
    "headers",
    [{"a": "b\r\nc: d"}, {"a\n": "b"}, {"a": "ü"}, {"a": b"b"}, {"Expect": "x"}],
)
def test_what_is_not_plain_is_left_to_urllib3(server: Server, headers: Any) -> None:
    with opened(server) as pool:
        request = request_to(server)
        request.headers.update(headers)
        assert exchange(pool, request) is None
        assert exchange(pool, request_to(server, body=b"x" * (SMALL + 1))) is None
    assert server.requests == []


def test_a_connection_is_opened_by_urllib3(server: Server) -> None:
    with HTTPConnectionPool("127.0.0.1", server.port, timeout=Timeout(read=9)) as pool:
        assert exchange(pool, request_to(server)) is None
    assert server.connections == 0


def test_an_answer_that_takes_too_long_is_not_awaited(server: Server) -> None:
    with opened(server) as pool:
        pool.timeout = Timeout(connect=5, read=0.05)
        with pytest.raises(ReadTimeoutError):
            exchange(pool, request_to(server))
        assert exchange(pool, request_to(server)) is None  # the connection is closed
        server.answers.put(OK)
