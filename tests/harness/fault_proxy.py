"""A proxy in front of an S3 server that injects faults."""

import http.client
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

from harness.serving import STOP_SECONDS

Kind = Literal["none", "refuse", "hang", "delay", "cut", "lose_answer", "status"]

#: S3's error code for a status, if a fault does not name one.
CODES = {403: "AccessDenied", 503: "SlowDown"}


@dataclass(frozen=True)
class Fault:
    """A fault in a `share` of the requests (of `methods`, if given).

    `refuse`: the connection is reset before anything is read. `hang`: there is no
    answer for `seconds`, then the connection is reset; the store gets no request.
    `delay`: the request is passed on after `seconds`. `cut`: the answer ends after
    `size` bytes. `lose_answer`: the store processes the request, and its answer is
    lost. `status`: that HTTP status with an S3 error of that `code` as its body. With
    `access_key`, only requests that are signed with that key are affected; with `path`,
    those whose path contains it.
    """

    kind: Kind = "none"
    share: float = 1.0
    seconds: float = 0.0
    size: int = 0
    status: int = 503
    methods: tuple[str, ...] = ()
    code: str = ""
    access_key: str = ""
    path: str = ""

    @property
    def answer(self) -> bytes:
        """The body that S3 would send."""
        code = self.code or CODES.get(self.status, "InternalError")
        if code == "none":
            return b""
        words = f"<Code>{code}</Code><Message>It is a fault.</Message>"
        return f"<?xml version='1.0'?><Error>{words}</Error>".encode()


class FaultProxy:
    """Passes requests on to `target`; set `fault` to make some of them fail."""

    def __init__(self, target: str, *, seed: int = 0) -> None:
        parts = urlsplit(target)
        self.target = (str(parts.hostname), int(parts.port or 80))
        self.fault = Fault()
        #: Headers of answers, in small letters, that clients do not get.
        self.hidden: frozenset[str] = frozenset()
        #: Headers of answers, in small letters, that are sent with other values.
        self.changed: dict[str, str] = {}
        #: Changes the path, with its query, of a request before it is passed on.
        self.rewrite: Callable[[str], str] = lambda path: path
        self.requests: list[str] = []
        #: How many connections clients have opened.
        self.connections = 0
        self._random = random.Random(seed)  # noqa: S311
        self._lock = threading.Lock()
        self._released = threading.Event()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(STOP_SECONDS,),
            name="s3-server-faults",
            daemon=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def heal(self) -> None:
        """Pass on every request from now on."""
        self.fault = Fault()

    def count_connection(self) -> None:
        """Count a connection that a client has opened."""
        with self._lock:
            self.connections += 1

    def draw(self, method: str, signature: str, path: str) -> Fault:
        """Return the fault for this request."""
        with self._lock:
            self.requests.append(method)
            fault = self.fault
            if fault.path not in path:
                return Fault()
            if fault.methods and method not in fault.methods:
                return Fault()
            if fault.access_key and f"={fault.access_key}/" not in signature:
                return Fault()
            return fault if self._random.random() < fault.share else Fault()

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the test."""
        self._released.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing about clients that were killed during a request."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def setup(self) -> None:
        super().setup()
        self.owner.count_connection()

    def log_message(self, *_: object) -> None:
        """Print nothing, to keep the output of tests readable."""

    def _pass(self) -> None:
        signature = self.headers.get("Authorization", "")
        fault = self.owner.draw(self.command, signature, self.path)
        if fault.kind == "refuse":
            return self._reset()
        body = self._read_body()
        if body is None:
            return self._reset()
        if fault.kind == "hang":
            self.owner.wait(fault.seconds)
            return self._reset()
        if fault.kind == "status":
            return self._answer(fault.status, [], fault.answer)
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        status, headers, content = self._ask(body)
        if fault.kind == "lose_answer":
            return self._reset()
        self._answer(
            status, headers, content, cut=fault if fault.kind == "cut" else None
        )
        return None

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    def _read_body(self) -> bytes | None:
        """Return the body, or None if it is incomplete because its sender died."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.owner.target, timeout=60)
        dropped = {"connection", "expect", "transfer-encoding", "content-length"}
        headers = {k: v for k, v in self.headers.items() if k.lower() not in dropped}
        headers["Content-Length"] = str(len(body))
        try:
            path = self.owner.rewrite(self.path)
            connection.request(self.command, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        *,
        cut: Fault | None = None,
    ) -> None:
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length":
                length = value  # of a HEAD, which has no content
            elif name.lower() not in self.owner.hidden | {
                "connection",
                "transfer-encoding",
            }:
                self.send_header(name, self.owner.changed.get(name.lower(), value))
        if "content-length" in self.owner.hidden:
            self.close_connection = True
        else:
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: cut.size] if cut else content)
        if cut:
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        try:
            self.wfile.flush()
            # Linger 0: the peer gets a reset.
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
            )
            self.connection.close()
        except OSError:
            return  # the peer was faster
