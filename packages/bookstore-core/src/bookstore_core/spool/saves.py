"""A save in the spool: the notebook's bytes, and a trailer that describes them."""

import json
import os
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, BinaryIO

from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import InvalidRequestError, NewerSaveError, SpoolError
from bookstore_core.paths import DELIMITER, check_path
from bookstore_core.stores.versions import LATER, VersionMetadata

#: The maximum size of the trailer, the last line, in bytes. It can contain four paths
#: of 1024 bytes and a file name of 4096, which JSON may write six times as long.
MAX_TRAILER = 65536

#: Bytes of the end of a file in which the trailer is nearly always.
USUAL_TRAILER = 2048

#: The first member of a trailer, and its value, the number of the form. It grows with
#: each new member, because a release refuses members that it does not know.
_FORM, SPOOL_FORM = "bookstore_spool", 3

#: The form of a save whose trailer has its sha256; the others came with form 2, and
#: members that only publications and runs have with form 3.
_HASHED, _UNHASHED = 1, 2

#: The message about a save whose form has a higher number.
NEWER = (
    "A save in the spool was written by a newer release of bookstore; update "
    "bookstore. It waits until then."
)
#: Reasons why a file is not a save.
UNNAMED = "It is not a save: bookstore did not name it."
OTHERS = "It is not a save: another account made it."

_SLASHES = re.compile("/+")
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_METADATA = {known.name for known in fields(VersionMetadata)}
_STAMPED = re.compile(r"([0-9]{8}T[0-9]{6}\.[0-9]{6}Z)(?:-|$)")


@dataclass(frozen=True)
class Trailer:
    """The description of a spooled save: its key, and what is known about it.

    `size` is the notebook's length in bytes, and `metadata` is that of the version in
    the store. Of a large notebook, `sha256` may be missing: it takes long, and is made
    when the save is sent. An `only_if_changed` save is dropped if the newest version of
    its key has the same sha256. `os_path` is the file that the notebook was read from,
    if any; its newest state is there.
    """

    key: str
    size: int
    metadata: VersionMetadata
    only_if_changed: bool = False
    os_path: str = ""

    @property
    def _form(self) -> int:
        if any(getattr(self.metadata, name) for name in LATER):
            return SPOOL_FORM
        return _HASHED if self.metadata.sha256 else _UNHASHED

    def encode(self) -> bytes:
        """Return the trailer as a line of JSON, with a newline before it."""
        values = {
            _FORM: self._form,
            "key": self.key,
            "size": self.size,
            "sha256": self.metadata.sha256,  # keeps its position in the line
            **self.metadata.as_texts(),
            "only_if_changed": self.only_if_changed,
            "os_path": self.os_path,
        }
        return b"\n" + json.dumps(values).encode("ascii") + b"\n"


def read_trailer(file: BinaryIO) -> Trailer:
    """Return the trailer of an open spool file, and seek to the file's start.

    Raises SpoolError if the file is torn or not a save, and NewerSaveError if only a
    newer release of bookstore can read it.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - MAX_TRAILER))
    tail = file.read()
    file.seek(0)
    return _trailer_at_end(tail, length)


def peek_trailer(descriptor: int, length: int) -> Trailer:
    """Return the trailer of an open spool file of that length; see `read_trailer`."""
    for size in (USUAL_TRAILER, MAX_TRAILER):
        tail = os.pread(descriptor, size, max(0, length - size))
        if b"\n" in tail[:-1]:
            break
    return _trailer_at_end(tail, length)


def peek_file(path: str | os.PathLike[str], *, owner: int) -> Trailer:
    """Return the trailer of a save in a spool that the account `owner` has.

    Raises SpoolError if there is something that is not a save, and OSError.
    """
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        if os.path.lexists(path):  # a link, a directory
            raise SpoolError(UNNAMED) from None
        raise
    try:
        found = os.fstat(descriptor)
        if found.st_uid != owner:
            raise SpoolError(OTHERS)
        return peek_trailer(descriptor, found.st_size)
    finally:
        os.close(descriptor)


def _trailer_at_end(tail: bytes, length: int) -> Trailer:
    if not tail.endswith(b"\n"):
        raise SpoolError("It is torn: its last line is missing.")
    line = tail[:-1].rpartition(b"\n")[2]
    try:
        values = json.loads(line)
        form = values.pop(_FORM)
        if type(form) is not int or form < 1:
            raise ValueError
        if form > SPOOL_FORM:
            raise NewerSaveError(NEWER)
        trailer = _trailer_in(values)
        if form == _HASHED and not trailer.metadata.sha256:
            raise ValueError
    except (
        *(ValueError, TypeError, KeyError, AttributeError),
        *(RecursionError, OverflowError, InvalidRequestError),
    ):
        raise SpoolError(
            "It is not a save: its last line does not describe one."
        ) from None
    if trailer.size + len(line) + 2 != length:  # the newlines around the line
        raise SpoolError(
            "It is torn: its length differs from the one in its last line."
        )
    return trailer


def _trailer_in(values: dict[str, Any]) -> Trailer:
    wanted = {"size": int, "only_if_changed": bool}
    if any(type(value) is not wanted.get(name, str) for name, value in values.items()):
        raise TypeError
    if not values.keys() >= {"author", "sha256", "source_path"}:
        raise KeyError  # every release has written them
    known = {name: values.pop(name) for name in _METADATA & values.keys()}
    # Slashes at the end of the prefix may make empty parts.
    check_path(_SLASHES.sub(DELIMITER, values["key"]), what="key")
    return Trailer(metadata=VersionMetadata.of_texts(known), **values)


def entry_name(saved: datetime, save_id: str) -> str:
    """Return the file name of a save: its UTC time in microseconds, and its id."""
    return f"{saved.astimezone(UTC).strftime(_STAMP)}-{save_id}"


def time_of(name: str) -> datetime | None:
    """Return the time in the file name of a save; None for any other name."""
    # strptime would be ten times slower, and there may be thousands of names.
    found = _STAMPED.match(name)
    try:
        return datetime.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
