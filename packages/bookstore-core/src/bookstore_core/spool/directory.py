"""The spool's form on disk: saves that wait for upload, one file each.

A spool is a directory like a Maildir::

    tmp/     saves that are being written, and are not confirmed yet
    new/     complete saves that wait
    cur/     saves that are being uploaded, or were when their process ended
    failed/  files that are not saves, each with a NAME.reason beside it
    drain.lock   locked by the one process that uploads
    status.json  the latest status of that process (`drain_status`)
    unprotected/ notebooks that could not be spooled, a file for each process
    renamed/     renamed folders whose notebooks are not all recorded (`renames`)

A save's file is the notebook's bytes, and then one line of JSON that describes them,
the trailer: ``head -c SIZE`` shows the notebook, ``tail -n 1`` the trailer. File names
sort by time. The archiver writes and drains a spool; other parts only read it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from bookstore_core.disk.regular import open_stream
from bookstore_core.errors import SpoolError
from bookstore_core.spool.privacy import check_owner
from bookstore_core.spool.saves import Trailer, read_trailer, time_of

TMP, NEW, CUR, FAILED = "tmp", "new", "cur", "failed"
FOLDERS = (TMP, NEW, CUR, FAILED)
LOCK = "drain.lock"
REASON_SUFFIX = ".reason"
#: Bytes that `try_spool_dir` writes.
PROBE_SIZE = 64 * 1024


@dataclass(frozen=True)
class SpoolCounts:
    """Counts of saves, their bytes, and the UTC time of the `oldest` that waits."""

    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest: datetime | None = None

    @property
    def waiting(self) -> int:
        """The number of saves that the store has not confirmed yet."""
        return self.pending + self.in_flight


def count_spool(spool_dir: str) -> SpoolCounts:
    """Count the files in a spool; all counts are 0 if it does not exist yet.

    Raises SpoolError if the directory cannot be read.
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
    """Yield the trailers of the waiting saves, oldest first; skip all other files.

    Raises SpoolError if the directory cannot be read.
    """
    root = Path(spool_dir)
    try:
        # In the order in which files move, so that none is missed in between.
        names = [*_sizes(root / NEW), *_sizes(root / CUR)]
    except OSError as error:
        raise SpoolError(f"The spool {spool_dir} cannot be read: {error}") from error
    for name in sorted(set(names)):
        trailer = _peek(root / NEW / name) or _peek(root / CUR / name)
        if trailer is not None:
            yield trailer


def _peek(path: Path) -> Trailer | None:
    try:
        with open_stream(path) as file:
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
                    continue  # made by the file system, as NFS does for removed files
                try:
                    sizes[entry.name] = entry.stat().st_size
                except FileNotFoundError:
                    continue  # uploaded and removed meanwhile
    except FileNotFoundError:
        return {}
    return sizes


def check_spool_dir(spool_dir: str) -> None:
    """Raise SpoolError if the spool could not be created or used."""
    check_owner(spool_dir)
    path = Path(spool_dir)
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        raise SpoolError(f"The spool {spool_dir} cannot be made: {path} is a file.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise SpoolError(
            f"The spool {spool_dir} cannot be written: no permission for {path}."
        )


def try_spool_dir(spool_dir: str) -> None:
    """Write a file where the spool is or will be, and remove it.

    Raises SpoolError if that fails, as on a full disk.
    """
    path = Path(spool_dir)
    while not path.is_dir() and path != path.parent:
        path = path.parent
    try:
        with TemporaryFile(dir=path) as file:
            file.write(bytes(PROBE_SIZE))
            file.flush()
    except OSError as error:
        raise SpoolError(
            f"The spool {spool_dir} cannot be written: {error.strerror}."
        ) from error
