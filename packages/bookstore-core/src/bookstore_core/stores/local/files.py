"""Failures of the local store's file system, as our own errors."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.paths import printable

_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_DIRECTORY = {errno.ENOTDIR, errno.ELOOP}
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
    if code in _NO_DIRECTORY:
        return ConfigurationError(
            f"{place} is not a directory: {reason}. "
            "Correct BookstoreSettings.local_root."
        )
    return StorageError(f"The directory {place} cannot be used: {reason}.")


@contextmanager
def folders_of(key: str, place: str) -> Iterator[None]:
    """Raise StorageError for what is no directory, where one of the key's must be.

    Other keys are kept all the same.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_DIRECTORY:
            raise
        name = os.fsdecode(error.filename or "something")
        raise StorageError(
            f"{printable(key)} cannot be kept in {place}: where a directory must be, "
            f"{printable(name)} is a file or a link. Move it elsewhere."
        ) from error


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn failures of the file system into our errors."""
    try:
        yield
    except OSError as error:
        raise translate_os_error(error, place) from error
