"""Directories in which the workers of a gunicorn count requests.

The master holds a lock on a file in its directory, and so do its workers. A directory
whose lock nobody holds is that of a gunicorn that was killed.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

PREFIX = "bookstore-metrics-"
#: The file with the lock. It gets its name when it is locked.
LOCK = "master"


def make_folder() -> Path:
    """Make a directory in that for temporary files; it is locked until we end."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    unnamed = folder / f".{LOCK}"
    # Never closed: the workers that are forked hold the lock, too.
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    unnamed.rename(folder / LOCK)
    return folder


def remove_leftovers(owners: Collection[int]) -> list[Path]:
    """Remove the directories of masters that have ended; return them.

    Only those that belong to one of the `owners`, user ids, and have our lock.
    """
    removed = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with suppress(OSError):
            found = folder.lstat()
            is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid in owners
            if is_ours and _is_left(folder):
                shutil.rmtree(folder)
                removed.append(folder)
    return removed


def _is_left(folder: Path) -> bool:
    """Return whether nobody holds the lock of a directory. Raises OSError."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
