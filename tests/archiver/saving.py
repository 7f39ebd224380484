"""Saves for the archiver's tests, and errors of stores and disks."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.spool.disk import Disk
from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    StorageUnavailableError,
)
from bookstore_core.spool.directory import count_spool
from harness.memory_store import MemoryStore

DOWN = StorageUnavailableError("The store does not answer.")
REFUSED = ForbiddenError("Access is denied.")
UNVERSIONED = ConfigurationError("Versioning is not enabled.")
UNREACHABLE = StorageUnavailableError("The store does not answer.")
UNREACHABLE.cause, UNREACHABLE.wide = "Connection refused", True


def denied(cause: str) -> ForbiddenError:
    error = ForbiddenError(f"Access is denied ({cause}).")
    error.cause = cause
    return error


def archive(archiver: Archiver, *contents: object, path: str = "a.ipynb") -> None:
    for content in contents:
        archiver.intake.archive(ArchiveRecord(path, str(content), 0.0))


def contents(store: MemoryStore, path: str = "a.ipynb") -> list[str]:
    return [data.decode() for data in store.contents[f"workspace/{path}"]]


def waiting(spool_dir: Path) -> int:
    """Return how many saves wait; which of them are in cur/ is a matter of timing."""
    counts = count_spool(str(spool_dir))
    return counts.pending + counts.in_flight


def is_empty(spool_dir: Path) -> Callable[[], bool]:
    return lambda: waiting(spool_dir) == 0


def texts(number: int) -> list[str]:
    return [str(n) for n in range(number)]


class Files:
    """A manager that writes notebooks below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _get_os_path(self, path: str) -> str:
        return str(self.root / path)

    def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        (self.root / path).write_text(str(model["content"]))
        return {"path": path}


def text(content: str) -> dict[str, Any]:
    return {"type": "notebook", "content": content}


class SmallDisk(Disk):
    """A disk that is full until `full` is set to False."""

    def __init__(self) -> None:
        self.full = True

    def sync(self, file: BinaryIO) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().sync(file)
