"""The spool's form on disk: saves that wait for the store, one file each.

A spool is a directory like a Maildir::

    tmp/     being written; nothing here was ever promised to anyone
    new/     a complete save, waiting
    cur/     a save that is being uploaded, or was when its process ended
    failed/  files that are no saves, each with a NAME.reason beside it
    drain.lock   held by the one process that uploads
    status.json  what that process last said of itself
    unprotected/ what could not be kept here, a file for each process (`losses`)
    renamed/     folders whose notebooks have yet to tell of their new name (`renames`)

A save's file is the notebook's bytes, then one line of JSON (the trailer) that says
what they are: ``head -c SIZE`` is the notebook, ``tail -n 1`` its description. File
names sort by time. The archiver writes and drains a spool; others only count it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bookstore_core.errors import SpoolError
from bookstore_core.spool.saves import Trailer, read_trailer, time_of

TMP, NEW, CUR, FAILED = "tmp", "new", "cur", "failed"
FOLDERS = (TMP, NEW, CUR, FAILED)
LOCK = "drain.lock"
REASON_SUFFIX = ".reason"


@dataclass(frozen=True)
class SpoolCounts:
    """How full a spool is; `oldest` is the UTC time of the oldest waiting save."""

    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest: datetime | None = None

    @property
    def waiting(self) -> int:
        """How many saves the store has not confirmed yet."""
        return self.pending + self.in_flight


def count_spool(spool_dir: str) -> SpoolCounts:
    """Count what waits in a spool. A spool that is not there yet is empty.

    Raises SpoolError when the directory cannot be read.
    """
    root = Path(spool_dir)
    try:
        new, cur = _sizes(root / NEW), _sizes(root / CUR)
        failed = [
            name for name in _sizes(root / FAILED) if not name.endswith(REASON_SUFFIX)
        ]
    except OSError as error:
        raise SpoolError(f"The spool {spool_dir} cannot be read: {error}") from error
    waiting = new | cur
    times = [saved for name in waiting if (saved := time_of(name)) is not None]
    return SpoolCounts(
        pending=len(new),
        in_flight=len(cur),
        failed=len(failed),
        bytes=sum(waiting.values()),
        oldest=min(times, default=None),
    )


def waiting_saves(spool_dir: str) -> Iterator[Trailer]:
    """Yield what waits in a spool, oldest first, leaving out files that are no saves.

    Raises SpoolError when the directory cannot be read.
    """
    root = Path(spool_dir)
    try:
        # In the order in which they move, so that none is missed between the two.
        names = [*_sizes(root / NEW), *_sizes(root / CUR)]
    except OSError as error:
        raise SpoolError(f"The spool {spool_dir} cannot be read: {error}") from error
    for name in sorted(set(names)):
        trailer = _peek(root / NEW / name) or _peek(root / CUR / name)
        if trailer is not None:
            yield trailer


def _peek(path: Path) -> Trailer | None:
    try:
        if path.is_file():
            with path.open("rb") as file:
                return read_trailer(file)
    except (OSError, SpoolError):
        return None
    return None


def _sizes(folder: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue  # the file system's own, like NFS's of removed files
                try:
                    sizes[entry.name] = entry.stat().st_size
                except FileNotFoundError:
                    continue  # uploaded and removed while we looked
    except FileNotFoundError:
        return {}
    return sizes


def check_spool_dir(spool_dir: str) -> None:
    """Make sure that saves could be spooled there; raises SpoolError when not."""
    path = Path(spool_dir)
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        raise SpoolError(f"The spool {spool_dir} cannot be made: {path} is a file.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise SpoolError(f"The spool {spool_dir} cannot be written: {path} forbids it.")
