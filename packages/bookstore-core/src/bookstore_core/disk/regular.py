"""Regular files, opened without following a link and without waiting.

What somebody has planted in place of a file (a symbolic link, a fifo, a device, a
socket) is treated as if it were not there: opening it raises FileNotFoundError.
"""

import errno
import os
import stat
from typing import BinaryIO, cast

#: A link is refused, a fifo is opened without waiting for somebody who writes to it.
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: What the kernel answers for a link and for a socket.
_NOT_REGULAR = {errno.ELOOP, errno.ENXIO}


def open_regular(
    path: str | os.PathLike[str],
    *,
    flags: int = os.O_RDONLY,
    dir_fd: int | None = None,
) -> int:
    """Return a descriptor of a regular file, whose path is relative to `dir_fd`.

    Raises FileNotFoundError for anything else. Only the last part of the path is
    protected against links.
    """
    try:
        descriptor = os.open(path, flags | _SAFELY, dir_fd=dir_fd)
    except OSError as error:
        if error.errno in _NOT_REGULAR:
            raise _no_file() from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file()
    return descriptor


def read_regular(
    path: str | os.PathLike[str], *, limit: int, dir_fd: int | None = None
) -> bytes:
    """Return the content of a regular file, its first `limit` bytes at most."""
    with open_stream(path, dir_fd=dir_fd) as file:
        return file.read(limit)


def open_stream(path: str | os.PathLike[str], *, dir_fd: int | None = None) -> BinaryIO:
    """Return a regular file, opened for reading."""
    return os.fdopen(open_regular(path, dir_fd=dir_fd), "rb")


def open_raw(path: str | os.PathLike[str]) -> BinaryIO:
    """Return a regular file, opened for reading in large pieces."""
    return cast(BinaryIO, os.fdopen(open_regular(path), "rb", buffering=0))


def _no_file() -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, "It is not a file")
