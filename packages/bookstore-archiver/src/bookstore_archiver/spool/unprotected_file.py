"""LossNotes: keeps on disk what could not be spooled, so that a restart knows of it."""

import fcntl
import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from bookstore_archiver.spool.file_states import is_at
from bookstore_core.spool.unprotected import (
    UnprotectedNotebook,
    decode_losses,
    encode_losses,
    loss_files,
    loss_folders,
)

#: Bytes that a file takes while there is room, for a moment at which there is none.
RESERVE = 16 * 1024
#: A file grows up to this where there are that many notebooks, and room.
MAX_SIZE = 4 * 1024 * 1024


class UnprotectedFile:
    """This process's file, and those that ended processes left behind.

    Nothing here raises for a disk that is full: what cannot be kept is known to this
    process all the same. Not for several threads.
    """

    def __init__(self, spool_dir: str) -> None:
        self._spool_dir = spool_dir
        self._folders = loss_folders(spool_dir)
        self._name = f"{socket.gethostname()}.{os.getpid()}.{token_hex(4)}"
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def reserve(self) -> None:
        """Make the file, as large as it may have to be, where there is none yet."""
        if self._file is None:
            self.keep(())

    @property
    def was_removed(self) -> bool:
        """Whether somebody removed the file, and so most likely the spool around it."""
        if self._file is None or self._path is None:
            return False
        try:
            return not is_at(self._file, self._path)
        except OSError:
            return True

    def keep(self, notebooks: Collection[UnprotectedNotebook]) -> bool:
        """Have the file say exactly this; return whether it does."""
        if self.was_removed:
            self.close()
        if self._file is not None and self._write(self._file, notebooks):
            return True
        for folder in self._folders:
            path = folder / self._name
            if path == self._path:
                continue
            file = _make(path)
            if file is not None and self._write(file, notebooks):
                self.close()
                self._file, self._path = file, path
                return True
            if file is not None:
                _drop(file, path)
        return False

    def _write(
        self, file: BinaryIO, notebooks: Collection[UnprotectedNotebook]
    ) -> bool:
        size = os.fstat(file.fileno()).st_size
        room = max(size, RESERVE)
        for most in (MAX_SIZE, size):
            data = encode_losses(notebooks, room=room, most=most)
            try:
                written = os.pwrite(file.fileno(), data, 0)
                if written == len(data):
                    os.ftruncate(file.fileno(), len(data))
                    return True
            except OSError:
                pass
            room = size  # no more than is there already
        return False

    def adopt(self, take: Callable[[list[UnprotectedNotebook]], bool]) -> None:
        """Have `take` told what ended processes have noted; their files end if it can.

        `take` returns whether it has been kept elsewhere.
        """
        for path in loss_files(self._spool_dir):
            if path == self._path:
                continue
            with suppress(OSError), _open_orphan(path) as file:
                if file is None:
                    continue
                found = decode_losses(file.read())
                if not found or take(found):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the file, where it says nothing; else leave it for the next process."""
        file, path, self._file, self._path = self._file, self._path, None, None
        if file is None or path is None:
            return
        with suppress(OSError):
            if not decode_losses(os.pread(file.fileno(), MAX_SIZE, 0)):
                path.unlink(missing_ok=True)
        file.close()


def _make(path: Path) -> BinaryIO | None:
    """Return a new file with a lock on it; None where it cannot be made."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    file = os.fdopen(number, "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(file, path):
            return file
    except OSError:
        pass  # someone took it for one that was left behind, between the two
    file.close()
    return None


def _drop(file: BinaryIO, path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
    file.close()


@contextmanager
def _open_orphan(path: Path) -> Iterator[BinaryIO | None]:
    """Open a file with its lock; None when its process lives."""
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield file
