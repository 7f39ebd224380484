"""Catalogues of stores that nobody looks at any more: their files are removed.

Who opens the file of a catalogue holds a lock on a second file beside it. The database
itself is not locked so: SQLite's own locks on it would be lost.
"""

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bookstore_core.disk.private import PRIVATE_FILE
from bookstore_web.catalogue.databases.files import is_catalogue, remove_file

#: Seconds after its last use for which a file is kept.
KEEP_UNUSED = 30 * 86400
#: The names of the files that `default_file` returns.
_NAME = re.compile(r"catalogue-[0-9a-f]{16}\.sqlite")


def hold(file: Path) -> int | None:
    """Return a descriptor that keeps a catalogue from being removed until it is closed.

    The file of the catalogue may be missing yet. None if the disk has no such locks:
    nothing is removed there.
    """
    while True:
        descriptor = _open_lock(file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            os.utime(descriptor)
        except OSError:
            os.close(descriptor)
            return None
        if _is_at(descriptor, _lock_of(file)):
            return descriptor
        os.close(descriptor)  # it was removed meanwhile, with the catalogue


def remove_unused(folder: Path, *, now: float | None = None) -> list[Path]:
    """Remove catalogues in a folder that nobody has used for long; return their files.

    One that a process has open is kept, and so is every other file.
    """
    before = (time.time() if now is None else now) - KEEP_UNUSED
    removed = []
    for file in sorted(folder.glob("catalogue-*.sqlite")):
        with suppress(OSError):
            if _NAME.fullmatch(file.name) and _is_old(file, before):
                with _alone(file) as is_alone:
                    if is_alone and _is_old(_lock_of(file), before):
                        removed += _remove(file, before)
    return removed


def _remove(file: Path, before: float) -> list[Path]:
    if not (_is_old(file, before) and is_catalogue(file)):
        return []
    remove_file(file)
    _lock_of(file).unlink()
    return [file]


@contextmanager
def _alone(file: Path) -> Iterator[bool]:
    """Lock a catalogue; say whether nobody else holds it. Raises OSError."""
    descriptor = _open_lock(file)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield _is_at(descriptor, _lock_of(file))
    finally:
        os.close(descriptor)


def _open_lock(file: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(_lock_of(file), flags, PRIVATE_FILE)


def _lock_of(file: Path) -> Path:
    return Path(f"{file}-used")


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _is_old(file: Path, before: float) -> bool:
    found = file.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_mtime < before
