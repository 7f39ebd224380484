"""An HTTP server that answers each request with the next of given bytes."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO


class Scripted:
    """The server; `requests` has the first line of each request, `heads` all of it.

    An answer of no bytes closes the connection. The last answer is repeated.
    """

    def __init__(self, answers: Sequence[bytes]) -> None:
        self.requests: list[str] = []
        self.heads: list[str] = []
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serve one connection after the other, until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            with connection, connection.makefile("rb") as stream:
                while self._answer(connection, stream):
                    pass

    def _answer(self, connection: socket.socket, stream: BinaryIO) -> bool:
        try:
            head, line = b"", stream.readline()
            while line not in (b"\r\n", b""):
                head, line = head + line, stream.readline()
            if not head:
                return False
            text = head.decode("latin-1")
            length = re.search(r"(?im)^content-length: *(\d+)", text)
            stream.read(int(length[1]) if length else 0)
            self.requests.append(text.split(" HTTP/")[0])
            self.heads.append(text)
            answers = self._answers
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            connection.sendall(answer)
        except OSError:
            return False
        return bool(answer) and b"Connection: close" not in answer

    def close(self) -> None:
        """Stop serving, whatever is going on."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def answer(
    status: int, body: bytes, *headers: str, kind: str = "text/html", cut: int = 0
) -> bytes:
    """Return the bytes of an answer; of its body, the last `cut` ones are missing."""
    lines = [
        f"HTTP/1.1 {status} Status",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
        *(["Connection: close"] if cut else []),
    ]
    head = "\r\n".join([*lines, "", ""]).encode()
    return head + body[: len(body) - cut]


@contextmanager
def scripted(*answers: bytes) -> Iterator[Scripted]:
    """Serve the answers until the end of the block."""
    server = Scripted(answers)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
