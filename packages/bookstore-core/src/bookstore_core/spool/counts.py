"""Counts of a spool, and what the process that drains a large one has recorded of them.

It takes long to list some ten thousand files, and that process lists them anyway.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bookstore_core.disk.private import create_private
from bookstore_core.disk.regular import open_stream

#: The file with the record, and its longest size.
COUNTS, MAX_SIZE = "counts.json", 4096

#: How many waiting saves are many: fewer are always counted.
MANY = 1000

#: Seconds for which a record counts although saves have come or gone since.
FRESH = 2.5

#: Numbers that change when a file comes into one of the folders, or leaves it.
FolderStates = list[int]


@dataclass(frozen=True)
class SpoolCounts:
    """Counts of saves, their bytes, and the UTC time of the `oldest` that waits.

    If more than `MOST_SIZES` saves wait, `bytes` is estimated from the size of as many.
    If more than `MANY` wait, all but `failed` may be up to `FRESH` seconds old.
    """

    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest: datetime | None = None

    @property
    def waiting(self) -> int:
        """The number of saves that the store has not confirmed yet."""
        return self.pending + self.in_flight


def folder_states(*folders: Path) -> FolderStates:
    """Return the states of folders; of those that are missing, -1."""
    return [_changed_at(folder) for folder in folders]


def _changed_at(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1


def record_counts(root: Path, counts: SpoolCounts, states: FolderStates) -> None:
    """Record the counts of files that were listed after the folders had these states.

    Only if there are many. Does nothing if the file cannot be written.
    """
    if counts.waiting <= MANY:
        return
    values = {
        "states": states,
        "pending": counts.pending,
        "in_flight": counts.in_flight,
        "bytes": counts.bytes,
        "oldest": counts.oldest.isoformat() if counts.oldest else "",
    }
    draft = root / f"{COUNTS}.{os.getpid()}"
    with suppress(OSError):
        draft.unlink(missing_ok=True)
        with os.fdopen(create_private(draft), "wb") as file:
            file.write(json.dumps(values).encode("ascii"))
        draft.replace(root / COUNTS)


def read_counts(root: Path, states: FolderStates) -> SpoolCounts | None:
    """Return the recorded counts if they are those of now, or nearly; None if not."""
    try:
        with open_stream(root / COUNTS) as file:
            age = time.time() - os.fstat(file.fileno()).st_mtime
            values = json.loads(file.read(MAX_SIZE))
        if values["states"] != states and not 0 <= age < FRESH:
            return None
        oldest = values["oldest"]
        return SpoolCounts(
            pending=int(values["pending"]),
            in_flight=int(values["in_flight"]),
            bytes=int(values["bytes"]),
            oldest=datetime.fromisoformat(oldest).astimezone(UTC) if oldest else None,
        )
    except (OSError, ValueError, TypeError, LookupError):
        return None  # there is no record, or another program's
    except (OverflowError, RecursionError):
        return None
