"""Directories and files that only their owner may use, whatever the umask."""

import errno
import os
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


def create_private(path: Path, *, flags: int = os.O_WRONLY) -> int:
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
