"""Snapshots: the bytes of a notebook as they were just saved."""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

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
                before = _state(file)
                digest = self._copy(file, target)
                if _state(file) == before and digest.size == before[0]:
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


def _state(file: BinaryIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _empty(target: BinaryIO) -> None:
    target.seek(0)
    target.truncate()


def source_of(manager: Any, model: Mapping[str, Any], path: str) -> Source:
    """Return where the bytes of a notebook are that `manager` has just saved.

    Raises SpoolError when they are nowhere: a chunked upload to a manager that keeps
    no files on this machine.
    """
    given = source_in(model)
    os_path = os_path_of(manager, path)
    if os_path is not None:
        return FileSource(os_path, given)
    if given is None:
        raise SpoolError(f"The content of {path} cannot be read back.")
    return given


def os_path_of(manager: Any, path: str) -> str | None:
    """Return the file of a notebook, or None for managers that keep it elsewhere."""
    found = _located(manager, path)
    return found if found is not None and os.path.isfile(found) else None


def os_folder_of(manager: Any, path: str) -> str | None:
    """Return the directory at a path, or None where there is none on this machine."""
    found = _located(manager, path)
    return found if found is not None and os.path.isdir(found) else None


def has_files(manager: Any) -> bool:
    """Say whether a manager's notebooks are files on this machine."""
    return getattr(manager, "_get_os_path", None) is not None


def _located(manager: Any, path: str) -> str | None:
    locate = getattr(manager, "_get_os_path", None)
    if locate is None:
        return None
    try:
        found = os.fspath(locate(path))
    except Exception:  # noqa: BLE001  # another project's code: its content is at hand
        return None
    return found if isinstance(found, str) else None


def source_in(model: Mapping[str, Any]) -> Source | None:
    """Return the bytes of a notebook that a contents model holds, if it does."""
    content = model.get("content")
    if content is None or model.get("chunk") is not None:
        return None
    if model.get("type") == "notebook":
        return ModelSource(content)
    if not isinstance(content, str):
        return None
    if model.get("format") == "base64":
        return BytesSource(base64.b64decode(content))
    return BytesSource(content.encode("utf-8"))
