"""Versions, their metadata and labels, as every store returns them."""

import functools
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, BinaryIO, Self

from bookstore_core.clock import read_time
from bookstore_core.errors import (
    StorageError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_core.notebooks import check_size
from bookstore_core.paths import well_formed
from bookstore_core.runs.run import Run, run_in
from bookstore_core.stores.streams import CHUNK

#: Bytes of a version that are read into memory. Larger ones are only streamed.
MAX_READ = 1 << 30

#: Fields that earlier releases do not know: they refuse a spooled save with one.
LATER = ("title", "note", "run")

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class VersionMetadata:
    """What is recorded about a version besides its bytes, and kept with it.

    `saved_at` is in UTC. `sha256` is hexadecimal. `source_path` is the notebook's path
    on its server, empty if it is too long for the store. `save_id` is unique to one
    save: two versions with the same id are one save that was sent twice.

    `restored_from` is the id of the version that this content was restored from, and
    `restored_path` is that version's path if it differs from this one's. `moved_from`
    is the path that the notebook had before it was renamed or moved; it is set on the
    first version under the new path. `title` and `note` are what its author wrote when
    it was published. `run` is set if it is an executed notebook.

    Both stores and the spool write and read a new field by its name. Give it a default,
    and add it to `LATER`. If a save in the spool may have it, raise `SPOOL_FORM` in
    `spool/saves.py` too: older releases cannot read such saves. S3 leaves out what does
    not fit into 2 KB; `stores/s3/metadata.py` has the order.
    """

    save_id: str
    saved_at: datetime
    author: str = ""
    sha256: str = ""
    source_path: str = ""
    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    title: str = ""
    note: str = ""
    run: Run | None = None

    def as_texts(self) -> dict[str, str]:
        """Return the fields by name, as they are stored; the time as ISO in UTC.

        Fields that older releases do not know are left out if they are empty.
        """
        texts = {
            **vars(self),
            "saved_at": self.saved_at.astimezone(UTC).isoformat(),
            "run": self.run.dumps() if self.run else "",
        }
        return {n: text for n, text in texts.items() if text or n not in LATER}

    @classmethod
    def of_texts(cls, texts: Mapping[str, Any]) -> Self:
        """Return the metadata in texts from this release or an earlier one.

        Other names are ignored; what is not a text, a sha256 or a run, is unknown.
        Raises KeyError, TypeError or ValueError if the save's id or time is missing or
        malformed.
        """
        names = [name for name in _names() if name in texts]
        values: dict[str, Any] = {name: _text(texts[name]) for name in names}
        if not values.get("save_id"):
            raise ValueError("It has no save id.")
        if not _SHA256.fullmatch(values.get("sha256", "")):
            values["sha256"] = ""
        run = run_in(values.pop("run", ""))
        return cls(**{**values, "saved_at": read_time(texts["saved_at"]), "run": run})


@functools.cache
def _names() -> tuple[str, ...]:
    return tuple(known.name for known in fields(VersionMetadata))


@dataclass(frozen=True)
class Version:
    """One version of a key.

    `size` is in bytes, `stored_at` in UTC. `metadata` is None in listings, and if
    another program than bookstore wrote the version. A `deleted` version is a delete
    marker in S3: it has an id and a time but no content. `is_latest` is set in
    listings, and if the newest version was requested. `version_id` is empty in a
    listing of keys if the store would need one more request for each row. `announces`
    is set by `head` and `open` if the release that wrote it announces versions with
    `moved_from` (see `arrivals.py`); a listing does not say it. Nor does it say why the
    store would not remove the version now: `locked` is a sentence, by S3's Object Lock.
    """

    bucket: str
    key: str
    version_id: str
    size: int
    stored_at: datetime
    is_latest: bool = False
    deleted: bool = False
    metadata: VersionMetadata | None = None
    announces: bool = field(default=False, compare=False)
    locked: str = field(default="", compare=False)

    @property
    def saved_at(self) -> datetime:
        """When it was saved, in UTC; when it was stored if that is not known."""
        return self.metadata.saved_at if self.metadata else self.stored_at


@dataclass(frozen=True)
class VersionPage:
    """Versions of one key, newest first; `cursor` is for the next page, if any.

    If other keys begin with this key, the last page may be empty.
    """

    versions: tuple[Version, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class KeyPage:
    """Keys below a prefix in alphabetical order, each with its newest version.

    `folders` are the prefixes one level down, each with its final slash.
    """

    keys: tuple[Version, ...]
    folders: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class Label:
    """A name that a person gave to a version, and why.

    `name` has 1 to 80 characters and `comment` up to 500. `labelled_at` is in UTC, and
    None if it is not known; `VersionStore.set_label` fills it in.
    """

    name: str
    comment: str = ""
    author: str = ""
    labelled_at: datetime | None = None


@dataclass(frozen=True)
class Removal:
    """What `VersionStore.remove_versions` did, or would do.

    `removed` are the ids of versions that are gone, `locked` those that the store keeps
    by a rule of its own, such as Object Lock, with the reason; `refused` are those that
    it did not remove for any other reason. `freed` is in bytes. What somebody else had
    removed before is `gone`, as far as a prune has noticed.
    """

    removed: tuple[str, ...] = ()
    locked: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    freed: int = 0
    gone: tuple[str, ...] = ()


@dataclass
class OpenVersion:
    """A version that is open for reading. A context manager, which closes `body`."""

    version: Version
    body: BinaryIO = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.body.close()

    def read(self, limit: int | None) -> bytes:
        """Return the whole content, checked against its size and sha256.

        Raises TooLargeError over `limit` bytes (None: `MAX_READ`), and what `pieces`
        raises.
        """
        if limit is not None:
            check_size(self.version.key, self.version.size, limit)
        if self.version.size > MAX_READ:
            raise TooLargeError(
                f"{self.version.key} is over {MAX_READ >> 30} GiB, and not read into "
                "memory. Download it, or use: jupyter bookstore restore"
            )
        # A file may have grown since: no more than that is read into memory.
        data = self.body.read(self.version.size + 1)
        self._check(len(data), hashlib.sha256(data).hexdigest())
        return data

    def pieces(self) -> Iterator[bytes]:
        """Yield the content in pieces of up to 1 MiB.

        Raises StorageUnavailableError if the content arrived incomplete, and
        StorageError if its sha256 differs. The last piece is held back until then, so
        that nobody takes what was yielded for the whole content.
        """
        digest, size, held = hashlib.sha256(), 0, b""
        while size <= self.version.size and (piece := self.body.read(CHUNK)):
            digest.update(piece)
            size += len(piece)
            if held:
                yield held
            held = piece
        self._check(size, digest.hexdigest())
        if held:
            yield held

    def _check(self, size: int, sha256: str) -> None:
        version = self.version
        if size != version.size:
            raise StorageUnavailableError(
                f"The store sent {size} of {version.size} bytes of {version.key}."
            )
        expected = version.metadata.sha256 if version.metadata else ""
        if expected and sha256 != expected:
            raise StorageError(
                f"The content of {version.key} is not what was saved: its sha256 "
                "differs from the one recorded with it."
            )


def _text(value: object) -> str:
    """Return a text that can be shown; empty if it is none."""
    return well_formed(value) if isinstance(value, str) else ""


def new_save_id() -> str:
    """Return a new id for a save: 16 random hexadecimal digits."""
    return secrets.token_hex(8)
