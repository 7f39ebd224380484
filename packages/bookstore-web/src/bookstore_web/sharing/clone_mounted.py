"""Cloning from a mounted directory: only regular files inside it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bookstore_core.clock import file_time
from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    NotFoundError,
    StorageError,
)
from bookstore_core.notebooks import check_size
from bookstore_core.paths import check_path
from bookstore_core.settings import BookstoreSettings
from bookstore_web.contents.budget import ByteBudget


@dataclass(frozen=True)
class MountedFile:
    """A file below the directory; `size` is in bytes. `data` may be left out."""

    relpath: str
    path: Path
    size: int
    modified_at: datetime
    data: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str:
        """The file's own name, the default name of the copy."""
        return self.relpath.rpartition("/")[2]


def read_mounted(
    basedir: str, relpath: str, *, limit: int, content: bool = True
) -> MountedFile:
    """Return the file at `relpath` below `basedir`, with its bytes if `content`.

    Symbolic links are followed if they stay inside. Raises InvalidRequestError for a
    path that is empty or no text, NotFoundError if the file does not exist, is not a
    regular file or is outside, ForbiddenError if this process may not read it,
    TooLargeError over `limit` bytes, and ConfigurationError if there is no directory.
    """
    base = _resolve_base(basedir)
    plain = _plain(basedir, relpath)
    try:
        inside = (base / plain).resolve(strict=True).relative_to(base)
        descriptor = _open_inside(base, inside)
    except PermissionError:
        raise ForbiddenError(f"There is no permission to read {plain}.") from None
    except (OSError, ValueError, RuntimeError):
        # Also outside of the directory, a link to itself, or a name that is too long.
        raise _no_such(plain) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _no_such(plain)
        check_size(plain, status.st_size, limit)
        try:
            data = file.read(limit + 1) if content else b""
        except OSError as error:
            raise StorageError(f"{plain} cannot be read: {error.strerror}.") from error
    check_size(plain, len(data), limit)
    modified_at = file_time(status.st_mtime)
    return MountedFile(plain, Path(basedir) / plain, status.st_size, modified_at, data)


def _plain(basedir: str, relpath: str) -> str:
    """Return a path below the directory without ``.`` and ``..`` parts."""
    if not relpath or "\0" in relpath:
        check_path(relpath, what="relpath")
    full = os.path.normpath(os.path.join(basedir, relpath))
    plain = os.path.relpath(full, basedir)
    if plain == os.curdir or plain.split(os.sep, 1)[0] == os.pardir:
        raise _no_such(relpath)
    return check_path(plain, what="relpath")


@contextmanager
def mounted(
    relpath: str, *, settings: BookstoreSettings, budget: ByteBudget
) -> Iterator[MountedFile]:
    """Give the file at `relpath` with its bytes; a large one waits for its turn.

    Raises the errors of `read_mounted`, and BusyError.
    """
    basedir, limit = settings.fs_cloning_basedir, settings.max_notebook_size
    known = read_mounted(basedir, relpath, limit=limit, content=False)
    with budget.take(known.size):
        yield read_mounted(basedir, relpath, limit=limit)


def _resolve_base(basedir: str) -> Path:
    if not basedir:
        raise ConfigurationError(
            "There is no directory to clone from. Set "
            "BookstoreSettings.fs_cloning_basedir."
        )
    try:
        return Path(basedir).resolve(strict=True)
    except (OSError, RuntimeError):
        raise ConfigurationError(
            f"The directory to clone from, {basedir}, does not exist "
            "(BookstoreSettings.fs_cloning_basedir)."
        ) from None


def _open_inside(base: Path, inside: Path) -> int:
    """Open a resolved path, one segment at a time and without following links."""
    folder = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in inside.parts[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            deeper = os.open(part, flags, dir_fd=folder)
            os.close(folder)
            folder = deeper
        name = inside.name
        # Opening a device can have an effect.
        if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
            raise OSError(f"{name} is not a regular file")
        return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _no_such(relpath: str) -> NotFoundError:
    return NotFoundError(f"There is no file {relpath!r} in the directory.")
