"""Sources: where the bytes of a notebook are copied from."""

import errno
import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_core.errors import BookstoreError, NotFoundError, SpoolError
from bookstore_core.stores.local.tree import MISSING, Folder

CHUNK = 1024 * 1024

#: Bytes of a notebook of whose save the sha256 is made after the save's answer.
LARGE = 1024 * 1024

#: The kernel copies files itself; where it can, the copies share the bytes on disk.
_copy_range = getattr(os, "copy_file_range", None)
#: Failures to write the copy; after any other one, it is made by reading and writing.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

#: How many times a file is read if somebody writes it meanwhile.
ATTEMPTS = 3

#: Seconds since its last change in which an empty file may be being written, and
#: seconds between looks at it.
PATIENCE, LOOK = 2.0, 0.02


@dataclass(frozen=True)
class Digest:
    """Size in bytes and hexadecimal sha256 of the copied bytes; empty if not known."""

    size: int
    sha256: str


class Source(Protocol):
    """Copies the bytes of a notebook into a file."""

    @property
    def os_path(self) -> str:
        """The file on this machine that is read; empty if there is none."""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write the notebook's bytes into `target`, which is empty.

        Raises BookstoreError if the notebook cannot be read, and OSError if the target
        cannot be written.
        """


@dataclass(frozen=True)
class BytesSource:
    """A notebook whose bytes are in memory."""

    data: bytes
    os_path: str = ""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write the bytes."""
        target.write(self.data)
        return Digest(len(self.data), hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class ModelSource:
    """The notebook in a contents model, written as nbformat writes it."""

    content: Any
    os_path: str = ""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write the notebook as Jupyter would write its file."""
        # Imported late: commands do not need it, and it is slow to import.
        import nbformat

        node = nbformat.from_dict(self.content)  # type: ignore[no-untyped-call]
        text: str = nbformat.writes(node, nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
        if not text.endswith("\n"):
            text += "\n"
        return BytesSource(text.encode("utf-8")).copy_to(target)


@dataclass(frozen=True)
class OpenSource:
    """A notebook in a file that is open for reading, wherever its name is now."""

    file: BinaryIO
    os_path: str = ""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Copy the whole file in chunks."""
        self.file.seek(0)
        digest, size = hashlib.sha256(), 0
        while chunk := self.file.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
        return Digest(size, digest.hexdigest())


@dataclass(frozen=True)
class FileSource:
    """A notebook on disk; `otherwise` is used if the file cannot be read.

    With `below`, a directory, no link below that directory is followed. If it is
    `hurried`, the sha256 of a large notebook is not made. Who has not saved the file
    itself is `patient`: Jupyter empties a file before it makes and writes the text.
    """

    os_path: str
    otherwise: Source | None = None
    below: str = ""
    hurried: bool = False
    patient: bool = False

    def copy_to(self, target: BinaryIO) -> Digest:
        """Copy the file in chunks."""
        try:
            return self._copy_settled(target)
        except BookstoreError:
            if self.otherwise is None:
                raise
            _empty(target)
            return self.otherwise.copy_to(target)

    def _copy_settled(self, target: BinaryIO) -> Digest:
        for _ in range(ATTEMPTS):
            with self._open() as file:
                before = self._filled(file)
                large = self.hurried and before.st_size > LARGE
                if large and copied_by_kernel(file, target, before.st_size):
                    digest = Digest(before.st_size, "")
                else:
                    digest = self._copy(file, target)
                unchanged = is_unchanged(before, os.fstat(file.fileno()))
                if unchanged and digest.size == before.st_size:
                    return digest
            _empty(target)
        raise SpoolError(f"{self.os_path} keeps changing while it is read.")

    def _filled(self, file: BinaryIO) -> os.stat_result:
        """Return the status of a file; if `patient`, wait for one just emptied."""
        while True:
            found = os.fstat(file.fileno())
            is_recent = abs(time.time() - found.st_mtime) < PATIENCE
            if found.st_size or not (self.patient and is_recent):
                return found
            time.sleep(LOOK)

    def _open(self) -> BinaryIO:
        try:
            return os.fdopen(self._descriptor(), "rb", buffering=0)
        except MISSING:
            raise NotFoundError(f"{self.os_path} is gone.") from None
        except OSError as error:
            raise SpoolError(f"{self.os_path} cannot be read: {error}") from error

    def _descriptor(self) -> int:
        if self.below:
            *names, name = os.path.relpath(self.os_path, self.below).split(os.sep)
            with Folder.at(Path(self.below)) as top, top.below(names) as folder:
                return folder.descriptor_of(name)
        # A fifo would make the save wait.
        descriptor = os.open(self.os_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "It is not a file")

    def _copy(self, file: BinaryIO, target: BinaryIO) -> Digest:
        digest, size = hashlib.sha256(), 0
        while chunk := self._read(file):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
        return Digest(size, digest.hexdigest())

    def _read(self, file: BinaryIO) -> bytes:
        # An OSError would mean that the target, in the spool, cannot be written.
        try:
            return file.read(CHUNK)
        except OSError as error:
            raise SpoolError(f"{self.os_path} cannot be read: {error}") from error


def copied_by_kernel(file: BinaryIO, target: BinaryIO, size: int) -> bool:
    """Copy the bytes of a file without reading them; return whether that worked.

    If not, both are as before. Raises OSError if there is no room for the copy.
    """
    try:
        left = size
        while left and _copy_range is not None:
            copied = _copy_range(file.fileno(), target.fileno(), left)
            if not copied:
                break
            left -= copied
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
    if not left:
        target.seek(0, os.SEEK_END)
        return True
    file.seek(0)
    _empty(target)
    return False


def _empty(target: BinaryIO) -> None:
    target.seek(0)
    target.truncate()
