"""Large answers, which are passed on to the client while they arrive."""

from collections.abc import Awaitable, Callable

from tornado.httputil import HTTPHeaders, ResponseStartLine, parse_response_start_line

#: Bytes of an answer that are kept: most answers are sent whole.
MOST_KEPT = 1 << 20


class StreamedAnswer:
    """The answer to one request: kept while it is small, else passed on.

    `start` sends the status and the headers, and `write` some of the body; the answer
    is not read further before it has been sent. The rest is in `body` at the end.
    """

    def __init__(
        self,
        start: Callable[[ResponseStartLine, HTTPHeaders], None],
        write: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._start = start
        self._write = write
        self.started = False
        self.body = b""
        self._line: ResponseStartLine | None = None
        self._headers = HTTPHeaders()

    def read_header(self, line: str) -> None:
        """Take the first line of an answer, a header, or the empty line after them."""
        line = line.rstrip("\r\n")
        if self._line is None:
            self._line = parse_response_start_line(line)
        elif line:
            self._headers.parse_line(line)

    def receive(self, data: bytes) -> Awaitable[None] | None:
        """Take some of the body; to be awaited if anything is returned."""
        self.body += data
        if len(self.body) <= MOST_KEPT and not self.started:
            return None
        assert self._line is not None
        if not self.started:
            self.started = True
            self._start(self._line, self._headers)
        kept, self.body = self.body, b""
        return self._write(kept)
