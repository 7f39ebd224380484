"""Whether a file is still what it was when it was looked at before."""

import os
from pathlib import Path
from typing import BinaryIO


def is_unchanged(before: os.stat_result | None, after: os.stat_result | None) -> bool:
    """Say whether nobody wrote a file between two looks at it; None: it was missing."""
    if before is None or after is None:
        return before is after
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


def is_at(file: BinaryIO, path: Path) -> bool:
    """Say whether an open file is the one at a path; raises OSError for none there."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())
