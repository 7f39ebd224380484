"""The spool's form on disk: saves that wait for upload, one file each.

A spool is a directory like a Maildir::

    tmp/     saves that are being written, and are not confirmed yet
    new/     complete saves that wait
    cur/     saves that are being uploaded, or were when their process ended
    failed/  files that are not saves, each with a NAME.reason beside it
    drain.lock   locked by the one process that uploads
    status.json  the latest status of that process (`drain_status`)
    counts.json  how many saves wait, if they are many (`counts`)
    unprotected/ notebooks that could not be spooled, a file for each process
    try-now      touched to ask that process for an attempt at once (`try_now`)
    renamed/     renamed folders whose notebooks are not all recorded (`renames`)

A save's file is the notebook's bytes, and then one line of JSON that describes them,
the trailer: ``head -c SIZE`` shows the notebook, ``tail -n 1`` the trailer. File names
sort by time. The archiver writes and drains a spool; other parts only read it.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from bookstore_core.disk.regular import open_stream
from bookstore_core.errors import InvalidRequestError, SpoolError
from bookstore_core.spool.counts import (
    FolderStates,
    SpoolCounts,
    folder_states,
    read_counts,
)
from bookstore_core.spool.privacy import check_owner
from bookstore_core.spool.saves import Trailer, peek_file, time_of
from bookstore_core.stores.streams import Window, sha256_of

TMP, NEW, CUR, FAILED = "tmp", "new", "cur", "failed"
FOLDERS = (TMP, NEW, CUR, FAILED)
LOCK = "drain.lock"
TRY_NOW = "try-now"
REASON_SUFFIX = ".reason"
#: Sizes that are looked up to count the bytes of a spool.
MOST_SIZES = 500
#: Bytes that `try_spool_dir` writes.
PROBE_SIZE = 64 * 1024


def count_spool(spool_dir: str) -> SpoolCounts:
    """Count the files in a spool; all counts are 0 if it does not exist yet.

    If many saves wait, they are those that the process that drains has just counted.
    Raises SpoolError if the directory cannot be read.
    """
    root = Path(spool_dir)
    try:
        failed = [n for n in names_in(root / FAILED) if not n.endswith(REASON_SUFFIX)]
        counts = read_counts(root, states_of(root))
        if counts is None:
            counts = count_names(root, names_in(root / NEW), names_in(root / CUR))
    except OSError as error:
        raise SpoolError(f"The spool {spool_dir} cannot be read: {error}") from error
    return replace(counts, failed=len(failed))


def states_of(root: Path) -> FolderStates:
    """Return the states of the folders in which saves wait."""
    return folder_states(root / NEW, root / CUR)


def count_names(root: Path, new: list[str], cur: list[str]) -> SpoolCounts:
    """Return the counts of the saves with these names in new/ and cur/.

    One that is in both was claimed between the two listings.
    """
    waiting = {*new, *cur} if cur else new
    size = _estimate(root, new, cur) if waiting else 0.0
    return SpoolCounts(
        pending=len(waiting) - len(cur),
        in_flight=len(cur),
        bytes=round(size * len(waiting)),
        oldest=_oldest(waiting),
    )


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder of the spool; none if it is missing.

    Names with a dot belong to the file system: NFS names removed files so.
    """
    try:
        return [name for name in os.listdir(folder) if name[0] != "."]
    except FileNotFoundError:
        return []


def _estimate(root: Path, new: list[str], cur: list[str]) -> float:
    """Return the mean size of the saves in bytes."""
    paths = [f"{root}/{NEW}/{name}" for name in new[:MOST_SIZES]]
    paths += [f"{root}/{CUR}/{name}" for name in cur[: MOST_SIZES - len(paths)]]
    sizes = []
    for path in paths:
        with suppress(FileNotFoundError):  # uploaded and removed meanwhile
            sizes.append(os.stat(path, follow_symlinks=False).st_size)
    return sum(sizes) / max(len(sizes), 1)


def _oldest(names: Collection[str]) -> datetime | None:
    """Return the time of the oldest save; names of saves sort by time."""
    if not names:
        return None
    oldest = time_of(min(names))
    if oldest is None:  # a file that is not a save
        times = [saved for name in names if (saved := time_of(name)) is not None]
        oldest = min(times, default=None)
    return oldest


def waiting_saves(spool_dir: str, *, hashed: bool = False) -> Iterator[Trailer]:
    """Yield the trailers of the waiting saves, oldest first; skip all other files.

    If they are to be `hashed`, saves without a sha256 are read to get one. Raises
    SpoolError if the directory cannot be read.
    """
    root = Path(spool_dir)
    try:
        # In the order in which files move, so that none is missed in between.
        names = [*names_in(root / NEW), *names_in(root / CUR)]
    except OSError as error:
        raise SpoolError(f"The spool {spool_dir} cannot be read: {error}") from error
    for name in sorted(set(names)):
        trailer = peek_waiting(root, name, hashed=hashed)
        if trailer is not None:
            yield trailer


def peek_waiting(root: Path, name: str, *, hashed: bool = False) -> Trailer | None:
    """Return the trailer of a waiting save; None if it was sent, or is not a save."""
    for folder in (NEW, CUR):
        with suppress(OSError, SpoolError, InvalidRequestError):
            path = root / folder / name
            trailer = peek_file(path, owner=os.stat(root).st_uid)
            return _hashed(path, trailer) if hashed else trailer
    return None


def _hashed(path: Path, trailer: Trailer) -> Trailer:
    if trailer.metadata.sha256:
        return trailer
    with open_stream(path) as file:
        digest = sha256_of(Window(file, trailer.size))
    return replace(trailer, metadata=replace(trailer.metadata, sha256=digest))


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
