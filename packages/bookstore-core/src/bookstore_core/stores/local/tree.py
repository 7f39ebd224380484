"""Folder: an open directory of the local store; no link below the store is followed.

Everything is opened relative to an open directory, one part of a path at a time, so
that nobody can put a symbolic link in the way. Files are regular ones: `disk.regular`.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from bookstore_core.disk.private import PRIVATE_DIRECTORY
from bookstore_core.disk.regular import open_regular, open_stream, read_regular
from bookstore_core.stores.streams import CHUNK, Window

#: Raised for a file that does not exist; also if a parent directory is a file.
MISSING = (FileNotFoundError, NotADirectoryError)

#: A directory that is only passed through need not be readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

#: Errors of file systems that cannot sync a directory.
_NO_SYNC = {errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


class Folder:
    """An open directory. A context manager, which closes it.

    What is made in it gets the permission bits `mode` or, if that is None, those of the
    directory if its set-group-id bit is set; otherwise it is for its owner alone.
    """

    def __init__(self, descriptor: int, mode: int | None = None) -> None:
        self._descriptor = descriptor
        self._mode = mode

    @classmethod
    def at(cls, path: Path, *, mode: int | None = None) -> Self:
        """Open a directory by its path, in which links are followed."""
        return cls(os.open(path, _PASS), mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the directory."""
        os.close(self._descriptor)

    def below(self, names: Iterable[str]) -> "Folder":
        """Open the directory at a path below this one; raises one of `MISSING`."""
        return self._walk(names, make=False)

    def made_below(self, names: Iterable[str]) -> "Folder":
        """Open the directory at a path below this one, and make what is missing."""
        return self._walk(names, make=True)

    def child(self, name: str) -> "Folder":
        """Open the directory of this name in this one; raises one of `MISSING`."""
        return Folder(self._open(name, _PASS), self._mode)

    def _walk(self, names: Iterable[str], *, make: bool) -> "Folder":
        here = Folder(os.dup(self._descriptor), self._mode)
        for name in names:
            with here as parent:
                here = parent._made(name) if make else parent.child(name)
                if make:
                    _sync_once(parent, name, here)
        return here

    def _made(self, name: str) -> "Folder":
        with suppress(FileNotFoundError):
            return self.child(name)
        with suppress(FileExistsError):
            os.mkdir(name, PRIVATE_DIRECTORY, dir_fd=self._descriptor)
            descriptor = self._open(name, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fchmod(descriptor, self._directory_mode())
            finally:
                os.close(descriptor)
        return self.child(name)

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=self._descriptor)

    def _directory_mode(self) -> int:
        own = stat.S_IMODE(os.fstat(self._descriptor).st_mode)
        if self._mode is not None:
            return self._mode | (own & stat.S_ISGID)
        if own & stat.S_ISGID:
            return own | PRIVATE_DIRECTORY
        return PRIVATE_DIRECTORY

    def folders(self) -> list[str]:
        """Return the names of the directories."""
        return [name[:-1] for name in self.names() if name.endswith("/")]

    def names(self) -> list[str]:
        """Return the names of files, and of directories with a slash after them."""
        with self.listable(".") as here:
            return here.listed()

    def listable(self, name: str) -> "Folder":
        """Open the directory of this name in this one, for `listed`."""
        return Folder(self._open(name, os.O_RDONLY | os.O_DIRECTORY), self._mode)

    def listed(self) -> list[str]:
        """Return what `names` returns, of a directory that `listable` has opened."""
        found = []
        with os.scandir(self._descriptor) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    found.append(entry.name + "/")
        return found

    def status(self) -> os.stat_result:
        """Return what the file system knows of the directory."""
        return os.fstat(self._descriptor)

    def size(self, name: str) -> int:
        """Return the size of a regular file; FileNotFoundError for anything else."""
        return self.file_status(name).st_size

    def file_status(self, name: str) -> os.stat_result:
        """Return what the file system knows of a regular file, as `size` does."""
        found = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, "It is not a file")
        return found

    def open(self, name: str) -> BinaryIO:
        """Open a regular file for reading."""
        return open_stream(name, dir_fd=self._descriptor)

    def descriptor_of(self, name: str) -> int:
        """Open a regular file for reading; return its descriptor."""
        return open_regular(name, dir_fd=self._descriptor)

    def read(self, name: str, *, limit: int) -> bytes:
        """Return the first `limit` bytes of a regular file."""
        return read_regular(name, limit=limit, dir_fd=self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, durably; it may be missing."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)
            self.sync()

    def rename(self, old: str, new: str) -> bool:
        """Rename a file; return whether it was there. `sync` makes that durable."""
        here = self._descriptor
        try:
            os.rename(old, new, src_dir_fd=here, dst_dir_fd=here)
        except FileNotFoundError:
            return False
        return True

    def discard(self, name: str) -> None:
        """Remove a file, as `remove` does; `sync` makes that durable."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def discard_folder(self, name: str) -> None:
        """Remove a directory if it is empty."""
        try:
            os.rmdir(name, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise

    def write_new(self, name: str, content: BinaryIO | Window) -> None:
        """Write a file that must not exist yet, durably; remove it if this fails."""
        with self._removed_on_failure(name), self._create(name) as file:
            while block := content.read(CHUNK):
                file.write(block)
            _sync(file)

    def publish(self, name: str, data: bytes) -> None:
        """Write or replace a small file atomically and durably."""
        with self._draft(name, data) as draft:
            here = self._descriptor
            os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)
        self.sync()

    def publish_first(self, name: str, data: bytes) -> bool:
        """Write a small file atomically and durably, unless there is one already.

        Everybody may read it who may read the directory.
        """
        own = stat.S_IMODE(os.fstat(self._descriptor).st_mode)
        with self._draft(name, data, mode=own & 0o666) as draft:
            here = self._descriptor
            try:
                os.link(draft, name, src_dir_fd=here, dst_dir_fd=here)
            except FileExistsError:
                return False
            except OSError:
                # The file system has no links; two processes are unlikely to meet.
                os.rename(draft, name, src_dir_fd=here, dst_dir_fd=here)
        self.sync()
        return True

    @contextmanager
    def _draft(
        self, name: str, data: bytes, *, mode: int | None = None
    ) -> Iterator[str]:
        # Two processes may write the same file at once, so each uses its own draft.
        draft = f"{name}.{secrets.token_hex(4)}.tmp"
        try:
            with self._create(draft, mode) as file:
                file.write(data)
                _sync(file)
            yield draft
        finally:
            with suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=self._descriptor)

    def _create(self, name: str, mode: int | None = None) -> BinaryIO:
        mode = self._directory_mode() & 0o666 if mode is None else mode
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        file = os.fdopen(os.open(name, flags, mode, dir_fd=self._descriptor), "wb")
        try:
            os.fchmod(file.fileno(), mode)
        except BaseException:
            file.close()
            raise
        return file

    @contextmanager
    def _removed_on_failure(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileExistsError:
            raise  # it is not ours
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._descriptor)
            raise

    def sync(self) -> None:
        """Make the names in the directory durable, if the file system can."""
        descriptor = self._open(".", os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_SYNC:
                raise
        finally:
            os.close(descriptor)


#: Directories whose names are durable, as far as this process knows.
_durable: set[tuple[int, int, str]] = set()
_MOST_DURABLE = 10_000


def _sync_once(parent: Folder, name: str, child: Folder) -> None:
    """Make the name of a directory durable, once in this process.

    Also if it exists: who made it may not have synced it yet.
    """
    found = child.status()
    known = (found.st_dev, found.st_ino, name)
    if known in _durable:
        return
    parent.sync()
    if len(_durable) >= _MOST_DURABLE:
        _durable.clear()
    _durable.add(known)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
