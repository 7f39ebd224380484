"""Files of the local store: written completely or not at all, with our own errors.

Files and directories get their modes from the process's umask: a group can share a
store through its umask and set-group-id directories, and fixed modes would lock the
other members out.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.stores.streams import Window

COPY_BYTES = 1024 * 1024

#: Raised for a file that does not exist; also if a parent directory is a file.
MISSING = (FileNotFoundError, NotADirectoryError)

_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: These may pass: space is freed, a server returns, other programs close files.
_PASSING = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EHOSTDOWN,
    errno.EINTR,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENOSPC,
    errno.ENOTCONN,
    errno.ESTALE,
    errno.ETIMEDOUT,
}
#: Errors of file systems, and of Windows, that cannot sync a directory.
_NO_SYNC = {errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


def translate_os_error(error: Exception, place: str) -> BookstoreError:
    """Return our error for a failure of the file system at `place`."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    code = getattr(error, "errno", None)
    if code in _REFUSED:
        return ForbiddenError(f"Access to {place} is refused: {reason}.")
    if code in _PASSING:
        return StorageUnavailableError(
            f"The directory {place} cannot be used now: {reason}."
        )
    if code == errno.ENAMETOOLONG:
        return InvalidRequestError(f"The key is too long for {place}.")
    if code in (errno.ENOTDIR, errno.ELOOP):
        return ConfigurationError(
            f"{place} is not a directory: {reason}. "
            "Correct BookstoreSettings.local_root."
        )
    return StorageError(f"The directory {place} cannot be used: {reason}.")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn failures of the file system into our errors."""
    try:
        yield
    except OSError as error:
        raise translate_os_error(error, place) from error


def make_directory(directory: Path) -> bool:
    """Make a directory and its parents, durably; return whether it was missing."""
    if directory.is_dir():
        return False
    make_directory(directory.parent)
    with suppress(FileExistsError):
        directory.mkdir()
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    sync_directory(directory.parent)
    return True


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable, if the file system can."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return  # Windows cannot open a directory
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def write_new(path: Path, content: Window) -> None:
    """Write a file that must not exist yet, durably; remove it if this fails."""
    with path.open("xb") as file, _removed_on_failure(path):
        while block := content.read(COPY_BYTES):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def publish(path: Path, data: bytes) -> None:
    """Write or replace a small file atomically and durably."""
    # Two processes may write the same label at once, so each uses its own draft.
    written = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    with written.open("wb") as file, _removed_on_failure(written):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    written.rename(path)
    sync_directory(path.parent)
    # Another process may have made the directory without having synced it yet.
    sync_directory(path.parent.parent)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
