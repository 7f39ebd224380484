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

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bookstore_core.errors import InvalidRequestError, SpoolError
from bookstore_core.paths import check_path
from bookstore_core.stores.base import VersionMetadata

TMP, NEW, CUR, FAILED = "tmp", "new", "cur", "failed"
FOLDERS = (TMP, NEW, CUR, FAILED)
LOCK = "drain.lock"
STATUS = "status.json"
STATUS_SIZE = 4096
REASON_SUFFIX = ".reason"

#: The trailer is the last line and no longer than this, in bytes. It may hold four
#: paths of 1024 bytes and a file's of 4096, which JSON may write six times as long.
MAX_TRAILER = 65536


@dataclass(frozen=True)
class Trailer:
    """What a spooled save is: where it goes and what is known of it.

    `size` is the notebook's length in bytes, `saved_at` an ISO time in UTC. Where it
    is `only_if_changed`, the save is dropped when the newest version of its key has the
    same sha256. `os_path` is the file that it was read from, if any: the notebook's
    newest state is there. The other fields are those of `VersionMetadata`.
    """

    key: str
    size: int
    sha256: str
    save_id: str
    saved_at: str
    author: str
    source_path: str
    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    only_if_changed: bool = False
    os_path: str = ""

    def encode(self) -> bytes:
        """Return the trailer as its line of JSON, with the newline before it."""
        line = json.dumps({"bookstore_spool": 1, **vars(self)})
        return b"\n" + line.encode("ascii") + b"\n"

    @property
    def metadata(self) -> VersionMetadata:
        """The metadata that the version will carry in the store."""
        return VersionMetadata(
            save_id=self.save_id,
            saved_at=datetime.fromisoformat(self.saved_at).astimezone(UTC),
            author=self.author,
            sha256=self.sha256,
            source_path=self.source_path,
            restored_from=self.restored_from,
            restored_path=self.restored_path,
            moved_from=self.moved_from,
        )


def read_trailer(file: BinaryIO) -> Trailer:
    """Return the trailer of an open spool file, leaving it at its start.

    Raises SpoolError when the file is torn or is no save at all.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - MAX_TRAILER))
    tail = file.read()
    file.seek(0)
    if not tail.endswith(b"\n"):
        raise SpoolError("It is torn: the line that ends a save is missing.")
    line = tail[:-1].rpartition(b"\n")[2]
    try:
        values = json.loads(line)
        if values.pop("bookstore_spool") != 1:
            raise SpoolError("It was written by another release of bookstore.")
        trailer = Trailer(**values)
        trailer.metadata  # noqa: B018  # a time that cannot be read is found here
        _check_types(trailer)
    except (
        *(ValueError, TypeError, KeyError, AttributeError),
        *(RecursionError, OverflowError, InvalidRequestError),
    ):
        raise SpoolError("It is no save: its last line does not say so.") from None
    if trailer.size + len(line) + 2 != length:  # the newlines around the line
        raise SpoolError("It is torn: its length is not what its last line says.")
    return trailer


def _check_types(trailer: Trailer) -> None:
    wanted = {"size": int, "only_if_changed": bool}
    if any(
        type(value) is not wanted.get(name, str)
        for name, value in vars(trailer).items()
    ):
        raise TypeError
    check_path(trailer.key, what="key")


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


@dataclass(frozen=True)
class DrainStatus:
    """What the process that drains a spool last said of itself.

    It is the process `pid` of the machine `host`, and sends `in_flight` saves. Counts
    are since it began: `uploads` that the store confirmed, `retries` after a failure,
    saves `skipped` because settings thin them out, saves `removed` from the spool by
    somebody else. Times are ISO, in UTC; errors are sentences. An empty `last_error`
    means that nothing fails now, and `refused` that something fails which only a person
    can change.
    """

    pid: int = 0
    host: str = ""
    written_at: str = ""
    in_flight: int = 0
    uploads: int = 0
    retries: int = 0
    skipped: int = 0
    removed: int = 0
    last_success: str = ""
    last_error: str = ""
    last_error_at: str = ""
    refused: bool = False

    def write(self, spool_dir: str) -> None:
        """Replace the status file. Raises OSError where that is not possible."""
        path = Path(spool_dir) / STATUS
        draft = path.with_name(f"{STATUS}.{self.pid}")
        # A block of the disk, so that there is always room for the next one.
        data = json.dumps(asdict(self)).ljust(STATUS_SIZE).encode("ascii")
        try:
            draft.write_bytes(data)
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            _write_over(path, data)


def _write_over(path: Path, data: bytes) -> None:
    # On a full disk there is room for it where the last status is, and this is the
    # moment at which people need to read it.
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def read_status(spool_dir: str) -> DrainStatus:
    """Return the status that was last written; an empty one where there is none."""
    try:
        values = json.loads((Path(spool_dir) / STATUS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return DrainStatus()
    if not isinstance(values, dict):
        return DrainStatus()
    known: dict[str, Any] = {
        field.name: values[field.name]
        for field in fields(DrainStatus)
        if type(values.get(field.name)) is type(field.default)
    }
    return DrainStatus(**known)


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


_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)(?:-|$)")


def entry_name(saved: datetime, save_id: str) -> str:
    """Return the file name of a save: its UTC time to the microsecond, and its id."""
    return f"{saved.astimezone(UTC).strftime(_STAMP)}-{save_id}"


def time_of(name: str) -> datetime | None:
    """Return the time in an entry's file name, or None for a foreign name."""
    # Not strptime: it is ten times slower, and names are counted by the thousand.
    found = _STAMPED.match(name)
    try:
        return datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def check_spool_dir(spool_dir: str) -> None:
    """Make sure that saves could be spooled there; raises SpoolError when not."""
    path = Path(spool_dir)
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        raise SpoolError(f"The spool {spool_dir} cannot be made: {path} is a file.")
    if not os.access(path, os.W_OK | os.X_OK):
        raise SpoolError(f"The spool {spool_dir} cannot be written: {path} forbids it.")
