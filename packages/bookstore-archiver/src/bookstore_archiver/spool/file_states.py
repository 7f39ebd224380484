"""Checks whether a file has changed, or was moved or removed."""

import os
from pathlib import Path
from typing import BinaryIO


def is_unchanged(before: os.stat_result | None, after: os.stat_result | None) -> bool:
    """Return whether a file is unchanged between two `stat` results; None: no file."""
    if before is None or after is None:
        return before is after
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


def is_at(file: BinaryIO, path: Path) -> bool:
    """Return whether an open file is at a path. Raises OSError if there is no file."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())
