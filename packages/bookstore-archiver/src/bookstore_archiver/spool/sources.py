"""Snapshots: the bytes of a notebook as they were just saved."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_core.errors import BookstoreError, NotFoundError, SpoolError

CHUNK = 1024 * 1024

#: How often a file is read again that somebody else writes meanwhile.
ATTEMPTS = 3


@dataclass(frozen=True)
class Digest:
    """Size in bytes and hexadecimal sha256 of what was copied."""

    size: int
    sha256: str


class Source(Protocol):
    """Something that can copy a notebook's bytes into a file."""

    @property
    def os_path(self) -> str:
        """The file on this machine that it reads; empty where there is none."""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write exactly the notebook's bytes into `target`, which is empty.

        Raises BookstoreError when the notebook cannot be read, and OSError when the
        target cannot be written.
        """


@dataclass(frozen=True)
class BytesSource:
    """A notebook whose bytes are at hand."""

    data: bytes
    os_path: str = ""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write the bytes."""
        target.write(self.data)
        return Digest(len(self.data), hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class ModelSource:
    """A notebook as a contents model holds it, to be laid out as nbformat does."""

    content: Any
    os_path: str = ""

    def copy_to(self, target: BinaryIO) -> Digest:
        """Write the notebook as a file of it would read."""
        # A notebook server has it loaded; commands, which need it not, would wait.
        import nbformat

        node = nbformat.from_dict(self.content)  # type: ignore[no-untyped-call]
        text: str = nbformat.writes(node, nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
        if not text.endswith("\n"):
            text += "\n"
        return BytesSource(text.encode("utf-8")).copy_to(target)


@dataclass(frozen=True)
class FileSource:
    """A notebook on disk; `otherwise` stands in where the file cannot be read whole."""

    os_path: str
    otherwise: Source | None = None

    def copy_to(self, target: BinaryIO) -> Digest:
        """Stream the file, never holding more than a chunk of it."""
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
                before = os.fstat(file.fileno())
                digest = self._copy(file, target)
                unchanged = is_unchanged(before, os.fstat(file.fileno()))
                if unchanged and digest.size == before.st_size:
                    return digest
            _empty(target)
        raise SpoolError(f"{self.os_path} keeps changing while it is read.")

    def _open(self) -> BinaryIO:
        try:
            return open(self.os_path, "rb", buffering=0)
        except FileNotFoundError:
            raise NotFoundError(f"{self.os_path} is gone.") from None
        except OSError as error:
            raise SpoolError(f"{self.os_path} cannot be read: {error}") from error

    def _copy(self, file: BinaryIO, target: BinaryIO) -> Digest:
        digest, size = hashlib.sha256(), 0
        while chunk := self._read(file):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
        return Digest(size, digest.hexdigest())

    def _read(self, file: BinaryIO) -> bytes:
        # Told apart from an error of the target, which means that the spool is full.
        try:
            return file.read(CHUNK)
        except OSError as error:
            raise SpoolError(f"{self.os_path} cannot be read: {error}") from error


def _empty(target: BinaryIO) -> None:
    target.seek(0)
    target.truncate()
