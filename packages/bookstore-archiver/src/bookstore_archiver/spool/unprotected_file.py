"""UnprotectedFile: lists unprotected notebooks on disk, for the next process."""

import fcntl
import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from bookstore_archiver.spool.file_states import is_at
from bookstore_core.disk.private import create_private, make_private, take_back
from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import SpoolError
from bookstore_core.spool.privacy import make_safe
from bookstore_core.spool.unprotected import (
    MAX_SIZE,
    UnprotectedNotebook,
    decode_unprotected,
    encode_unprotected,
    unprotected_files,
    unprotected_folders,
)

#: Bytes that the file reserves, so that it can be written when the disk is full.
RESERVE = 16 * 1024


class UnprotectedFile:
    """The file of this process; it also adopts the files of ended processes.

    No method raises if the disk is full: this process knows its notebooks anyway. Not
    safe to use from several threads.
    """

    def __init__(self, spool_dir: str) -> None:
        self._spool_dir = spool_dir
        self._folders = unprotected_folders(spool_dir)
        self._name = f"{socket.gethostname()}.{os.getpid()}.{token_hex(4)}"
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def reserve(self) -> None:
        """Create the file with its reserve of bytes, if there is none yet."""
        if self._file is None:
            self.keep(())

    @property
    def was_removed(self) -> bool:
        """Whether somebody removed the file, and so probably the whole spool."""
        if self._file is None or self._path is None:
            return False
        try:
            return not is_at(self._file, self._path)
        except OSError:
            return True

    def keep(self, notebooks: Collection[UnprotectedNotebook]) -> bool:
        """Write these notebooks to the file; return whether that succeeded."""
        if self.was_removed:
            self.close()
        if self._file is not None and self._write(self._file, notebooks):
            return True
        for folder in self._folders:
            path = folder / self._name
            if path == self._path:
                continue
            file = _make(path, self._secure)
            if file is not None and self._write(file, notebooks):
                self.close()
                self._file, self._path = file, path
                return True
            if file is not None:
                _drop(file, path)
        return False

    def _is_safe(self, folder: Path) -> bool:
        try:
            self._secure(folder)
        except (OSError, SpoolError):
            return False
        return True

    def _secure(self, folder: Path) -> None:
        if folder == self._folders[0]:
            make_safe(Path(self._spool_dir), (folder.name,))
        else:
            take_back(folder)

    def _write(
        self, file: BinaryIO, notebooks: Collection[UnprotectedNotebook]
    ) -> bool:
        size = os.fstat(file.fileno()).st_size
        room = max(size, RESERVE)
        for most in (MAX_SIZE, size):
            data = encode_unprotected(notebooks, room=room, most=most)
            try:
                written = os.pwrite(file.fileno(), data, 0)
                if written == len(data):
                    os.ftruncate(file.fileno(), len(data))
                    return True
            except OSError:
                pass
            room = size  # try again without a larger file
        return False

    def adopt(
        self, take: Callable[[list[UnprotectedNotebook]], list[UnprotectedNotebook]]
    ) -> None:
        """Call `take` with the notebooks in each file of an ended process.

        It returns those to leave there, and the file is removed if there are none.
        """
        for path in unprotected_files(self._spool_dir):
            if path == self._path or not self._is_safe(path.parent):
                continue
            with suppress(OSError), _open_orphan(path) as file:
                if file is None:
                    continue
                found = decode_unprotected(file.read(MAX_SIZE))
                left = take(found) if found else []
                if not left:
                    path.unlink(missing_ok=True)
                elif left != found:
                    self._write(file, left)

    def close(self) -> None:
        """Close the file. It is removed if empty, else left for the next process."""
        file, path, self._file, self._path = self._file, self._path, None, None
        if file is None or path is None:
            return
        with suppress(OSError):
            if not decode_unprotected(os.pread(file.fileno(), MAX_SIZE, 0)):
                path.unlink(missing_ok=True)
        file.close()


def _make(path: Path, secure: Callable[[Path], object]) -> BinaryIO | None:
    """Return a new, locked file; None if it cannot be created.

    `secure` checks that nobody else can use its folder.
    """
    try:
        make_private(path.parent)
        secure(path.parent)
        number = create_private(path, flags=os.O_RDWR)
    except (OSError, SpoolError):
        return None
    file = os.fdopen(number, "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(file, path):
            return file
    except OSError:
        pass  # another process has adopted it before it was locked
    file.close()
    return None


def _drop(file: BinaryIO, path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
    file.close()


@contextmanager
def _open_orphan(path: Path) -> Iterator[BinaryIO | None]:
    """Open and lock a file; yields None if its process is running, or not our own."""
    with os.fdopen(open_regular(path, flags=os.O_RDWR), "r+b", buffering=0) as file:
        if os.fstat(file.fileno()).st_uid != path.parent.stat().st_uid:
            yield None
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield file
