"""The spool's form on disk: saves that wait for the store, one file each.

A spool is a directory like a Maildir::

    tmp/     being written; nothing here was ever promised to anyone
    new/     a complete save, waiting
    cur/     a save that is being uploaded, or was when its process ended
    failed/  files that are no saves, each with a NAME.reason beside it
    drain.lock   held by the one process that uploads
    status.json  what that process last said of itself

A save's file is the notebook's bytes, then one line of JSON (the trailer) that says
what they are: ``head -c SIZE`` is the notebook, ``tail -n 1`` its description. File
names sort by time. The archiver writes and drains a spool; others only count it.
"""

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from bookstore_core.errors import SpoolError
from bookstore_core.stores.base import VersionMetadata

TMP, NEW, CUR, FAILED = "tmp", "new", "cur", "failed"
FOLDERS = (TMP, NEW, CUR, FAILED)
LOCK = "drain.lock"
STATUS = "status.json"
REASON_SUFFIX = ".reason"

#: The trailer is the last line and no longer than this, in bytes.
MAX_TRAILER = 8192


@dataclass(frozen=True)
class Trailer:
    """What a spooled save is: where it goes and what is known of it.

    `size` is the notebook's length in bytes, `saved_at` an ISO time in UTC.
    """

    key: str
    size: int
    sha256: str
    save_id: str
    saved_at: str
    author: str
    source_path: str

    def encode(self) -> bytes:
        """Return the trailer as its line of JSON, with the newline before it."""
        line = json.dumps({"bookstore_spool": 1, **asdict(self)})
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
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SpoolError("It is no save: its last line does not say so.") from None
    if trailer.size + len(trailer.encode()) != length:
        raise SpoolError("It is torn: its length is not what its last line says.")
    return trailer


@dataclass(frozen=True)
class SpoolCounts:
    """How full a spool is; `oldest` is the UTC time of the oldest waiting save."""

    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest: datetime | None = None


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

    Counts are since that process began: `uploads` that the store confirmed, `retries`
    after a failure, saves `skipped` because settings thin them out. `unprotected` are
    the notebooks whose newest save could not be spooled. Times are ISO, in UTC; errors
    are sentences. An empty `last_error` means that the last attempt succeeded.
    """

    pid: int = 0
    written_at: str = ""
    uploads: int = 0
    retries: int = 0
    skipped: int = 0
    unprotected: tuple[str, ...] = ()
    last_success: str = ""
    last_error: str = ""
    last_error_at: str = ""

    def write(self, spool_dir: str) -> None:
        """Replace the status file. Raises OSError where that is not possible."""
        path = Path(spool_dir) / STATUS
        draft = path.with_name(f"{STATUS}.{self.pid}")
        draft.write_text(json.dumps(asdict(self)), encoding="ascii")
        draft.replace(path)


def read_status(spool_dir: str) -> DrainStatus:
    """Return the status that was last written; an empty one where there is none."""
    try:
        values = json.loads((Path(spool_dir) / STATUS).read_bytes())
        known = {field.name for field in fields(DrainStatus)}
        status = DrainStatus(**{name: values[name] for name in known & set(values)})
        return replace(status, unprotected=tuple(status.unprotected))
    except (OSError, ValueError, TypeError, AttributeError):
        return DrainStatus()


def _sizes(folder: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    sizes[entry.name] = entry.stat().st_size
                except FileNotFoundError:
                    continue  # uploaded and removed while we looked
    except FileNotFoundError:
        return {}
    return sizes


_STAMP = "%Y%m%dT%H%M%S.%fZ"


def entry_name(saved: datetime, save_id: str) -> str:
    """Return the file name of a save: its UTC time to the microsecond, and its id."""
    return f"{saved.astimezone(UTC).strftime(_STAMP)}-{save_id}"


def time_of(name: str) -> datetime | None:
    """Return the time in an entry's file name, or None for a foreign name."""
    try:
        return datetime.strptime(name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
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
