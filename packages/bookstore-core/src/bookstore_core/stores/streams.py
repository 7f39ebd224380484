"""Streams of content: the window that is written, the body that is read."""

import hashlib
import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from bookstore_core.errors import BookstoreError, InvalidRequestError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


#: Bytes read at once.
CHUNK = 1024 * 1024


def sha256_of(stream: BinaryIO | io.RawIOBase) -> str:
    """Return the hexadecimal sha256 of the rest of a stream."""
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def contains(stream: BinaryIO, *needles: bytes) -> bool:
    """Return whether a seekable stream has one of these bytes, read in pieces."""
    stream.seek(0)
    longest, end = max(map(len, needles)), b""
    while piece := stream.read(CHUNK):
        text = end + piece
        if any(needle in text for needle in needles):
            return True
        end = text[-longest:]
    return False


class Window(io.RawIOBase):
    """The next `size` bytes of a seekable stream, as a stream of their own.

    A save in the spool is followed by its trailer, and botocore may rewind the stream:
    neither must read before or after the window. Raises InvalidRequestError if the
    stream is shorter.
    """

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._start = stream.tell()
        self._size = size
        self._position = 0
        there = stream.seek(0, os.SEEK_END) - self._start
        stream.seek(self._start)
        if there < size:
            raise InvalidRequestError(
                f"The content is {there} bytes long instead of {size}."
            )

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        self._position = min(max(base[whence] + offset, 0), self._size)
        self._stream.seek(self._start + self._position)
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data = self._stream.read(min(size, self._size - self._position))
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        pieces = []
        while piece := self.read(self._size - self._position):
            pieces.append(piece)
        return b"".join(pieces)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the window but not the stream, which its opener closes."""
        super().close()


class GuardedBody(io.RawIOBase):
    """A stream that raises our own errors if reading it fails."""

    def __init__(
        self,
        stream: Any,
        *,
        failures: tuple[type[Exception], ...],
        translate: Callable[[Exception], BookstoreError],
    ) -> None:
        self._stream = stream
        self._failures = failures
        self._translate = translate

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        amount = None if size is None or size < 0 else size
        try:
            data: bytes = self._stream.read(amount)
        except self._failures as error:
            raise self._translate(error) from error
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
