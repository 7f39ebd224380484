"""A save in the spool: the notebook's bytes, and a line that describes them."""

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from bookstore_core.errors import InvalidRequestError, SpoolError
from bookstore_core.paths import check_path
from bookstore_core.stores.versions import VersionMetadata

#: The trailer is the last line and no longer than this, in bytes. It may hold four
#: paths of 1024 bytes and a file's of 4096, which JSON may write six times as long.
MAX_TRAILER = 65536
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)(?:-|$)")


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
