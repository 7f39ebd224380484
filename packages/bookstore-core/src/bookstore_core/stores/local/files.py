"""Files of the local store: written whole or not at all, and their errors as ours.

Files and directories get the modes that the process's umask gives them: a store shared
by a group is made so by umask and set-group-id directories, and modes of our own would
lock the others out.
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

#: There is no such file; a file where a directory would be says the same.
MISSING = (FileNotFoundError, NotADirectoryError)

_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
#: Room is made, a server comes back, other programs close their files.
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
#: What file systems and Windows answer that cannot sync a directory at all.
_NO_SYNC = {errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


def translate_os_error(error: Exception, place: str) -> BookstoreError:
    """Return the error of ours for a failure of the file system at `place`."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    code = getattr(error, "errno", None)
    if code in _REFUSED:
        return ForbiddenError(f"The directory {place} refuses it: {reason}.")
    if code in _PASSING:
        return StorageUnavailableError(
            f"The directory {place} cannot be used now: {reason}."
        )
    if code == errno.ENAMETOOLONG:
        return InvalidRequestError(f"The key is too long for {place}.")
    if code in (errno.ENOTDIR, errno.ELOOP):
        return ConfigurationError(
            f"{place} is no directory: {reason}. Correct BookstoreSettings.local_root."
        )
    return StorageError(f"The directory {place} answered: {reason}.")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn failures of the file system within into errors of ours."""
    try:
        yield
    except OSError as error:
        raise translate_os_error(error, place) from error


def make_directory(directory: Path) -> bool:
    """Make a directory and those above it, durably; say whether it was missing."""
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
    """Make the names in a directory durable, where the file system can."""
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no directories
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def write_new(path: Path, content: Window) -> None:
    """Write a file that does not exist yet, durably; a failed one is removed."""
    with path.open("xb") as file, _removed_on_failure(path):
        while block := content.read(COPY_BYTES):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def publish(path: Path, data: bytes) -> None:
    """Let a small file appear under its name, whole and durable."""
    # Two may write the same label at once; neither may write into the other's draft.
    written = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    with written.open("wb") as file, _removed_on_failure(written):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    written.rename(path)
    sync_directory(path.parent)
    # Another process may have made the directory, and not have got to syncing it.
    sync_directory(path.parent.parent)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
