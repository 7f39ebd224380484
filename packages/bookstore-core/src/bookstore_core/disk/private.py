"""Directories and files that only their owner may use, whatever the umask."""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

PRIVATE_DIRECTORY, PRIVATE_FILE = 0o700, 0o600


def make_private(directory: Path) -> bool:
    """Make a directory and its parents for the owner; return whether it was missing.

    Those that exist keep their modes. Raises NotADirectoryError if a file is there.
    """
    if directory.is_dir():
        return False
    if directory != directory.parent:
        make_private(directory.parent)
    made = False
    with suppress(FileExistsError):
        directory.mkdir(PRIVATE_DIRECTORY)
        made = True
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if made:
        # The umask may have taken rights from the owner.
        directory.chmod(PRIVATE_DIRECTORY)
    return made


def create_private(path: str | os.PathLike[str], *, flags: int = os.O_WRONLY) -> int:
    """Return a descriptor of a new file for its owner alone.

    Raises FileExistsError if there is anything at the path.
    """
    descriptor = os.open(
        path, flags | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE
    )
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_ours(directory: Path, status: os.stat_result) -> bool:
    """Return whether this account owns a directory.

    A network drive may give files another owner than the account that makes them.
    """
    return status.st_uid == os.geteuid() or status.st_uid == _maker(directory)


def _maker(directory: Path) -> int | None:
    """Return who owns a file that this process makes in a directory, if it may."""
    probe = directory / f".bookstore-owner-{secrets.token_hex(4)}"
    try:
        descriptor = create_private(probe)
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
        with suppress(OSError):
            probe.unlink()


def take_back(directory: Path, *, rights: int = 0o077) -> bool:
    """Take `rights` from a directory of this account; return whether it had any.

    Raises PermissionError if others own it or may still write to it, and if it is a
    link. The message is a sentence.
    """
    status = os.lstat(directory)
    if stat.S_ISLNK(status.st_mode):
        raise PermissionError(f"{directory} is a link.")
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not is_ours(directory, status):
        raise PermissionError(f"{directory} belongs to another account.")
    if not status.st_mode & rights:
        return False
    with suppress(OSError):
        directory.chmod(stat.S_IMODE(status.st_mode) & ~rights)
    if os.lstat(directory).st_mode & rights & 0o022:
        raise PermissionError(f"Other accounts may write to {directory}.")
    return True
