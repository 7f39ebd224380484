"""VersionStore: what bookstore needs of a place that keeps versions."""

import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import BinaryIO, Self

from bookstore_core.errors import (
    ConflictError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_core.paths import printable
from bookstore_core.stores._asked import (
    check_comment,
    check_key,
    check_label_name,
    check_version_id,
)

#: The most characters of an author that a label keeps.
MAX_AUTHOR = 80

#: How many versions are listed at a time to find a save that may have arrived.
RECENT = 100

#: How far the store's clock may be behind that of whoever saves.
SKEW = timedelta(minutes=15)


@dataclass(frozen=True)
class VersionMetadata:
    """What is known of a version besides its bytes; kept with it in the store.

    `saved_at` is in UTC. `sha256` is hexadecimal. `source_path` is the notebook's path
    on its server, empty where it is too long to be kept. `save_id` is unique to one
    save: two versions with the same one are the same save, sent twice.

    `restored_from` is the id of the version that this content was restored from, and
    `restored_path` that version's path where it is another than this one's.
    `moved_from` is the path that the notebook had before it was renamed or moved: this
    version is the first one under its new path.
    """

    save_id: str
    saved_at: datetime
    author: str = ""
    sha256: str = ""
    source_path: str = ""
    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""


@dataclass(frozen=True)
class Version:
    """One version of a key.

    `size` is in bytes, `stored_at` in UTC. `metadata` is None where it was not asked
    for (listings) or where something else than bookstore wrote the version. A
    `deleted` version is S3's delete marker: it has an id and a time and no content.
    `is_latest` is known from listings, and where the newest was asked for. `version_id`
    is empty in a listing of keys of a store that would need a request a row to tell it.
    """

    bucket: str
    key: str
    version_id: str
    size: int
    stored_at: datetime
    is_latest: bool = False
    deleted: bool = False
    metadata: VersionMetadata | None = None


@dataclass(frozen=True)
class VersionPage:
    """Versions of one key, newest first; `cursor` asks for the next page, if any.

    Where the keys that follow begin with this one, the last page may be empty.
    """

    versions: tuple[Version, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class KeyPage:
    """Keys below a prefix, in order of the alphabet, with their newest version.

    `folders` are the prefixes one level down, each with its final slash.
    """

    keys: tuple[Version, ...]
    folders: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class Label:
    """A name that a person gave to a version, and why.

    `name` has 1 to 80 characters and `comment` up to 500. `labelled_at` is in UTC, and
    None where it is not known; `VersionStore.set_label` fills it in.
    """

    name: str
    comment: str = ""
    author: str = ""
    labelled_at: datetime | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that a check looked at: a sentence, and what to do if it is bad."""

    ok: bool
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class StoreCheck:
    """What `VersionStore.check` found. `error` is set when it is a passing failure."""

    findings: tuple[Finding, ...]
    retryable: bool = False

    @property
    def ok(self) -> bool:
        """Whether versions can be written, read and listed."""
        return all(finding.ok for finding in self.findings)

    @property
    def sentences(self) -> list[str]:
        """The findings in plain words, the bad ones with their remedy."""
        return [
            f"{finding.sentence} {finding.remedy}".strip() for finding in self.findings
        ]


@dataclass
class OpenVersion:
    """A version being read. Use it as a context manager, so that `body` is closed."""

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

    def read(self, limit: int) -> bytes:
        """Return the whole content, checked against its size and sha256.

        Raises TooLargeError over `limit` bytes, and StorageUnavailableError when the
        content arrived short or changed: asking again may give it whole.
        """
        version = self.version
        if version.size > limit:
            raise TooLargeError(
                f"{version.key} is {version.size} bytes large, over the limit of "
                f"{limit} bytes (BookstoreSettings.max_notebook_size)."
            )
        data = self.body.read()
        if len(data) != version.size:
            raise StorageUnavailableError(
                f"The store sent {len(data)} of {version.size} bytes of {version.key}."
            )
        expected = version.metadata.sha256 if version.metadata else ""
        if expected and hashlib.sha256(data).hexdigest() != expected:
            raise StorageError(
                f"The content of {version.key} is not what was saved: its sha256 "
                "differs from the one recorded with it."
            )
        return data


def new_save_id() -> str:
    """Return an id for a save: 16 hexadecimal digits, unique for all that matters."""
    return secrets.token_hex(8)


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


class VersionStore(ABC):
    """Keys with versions, in buckets. Safe to use from several threads.

    `bucket` in each method is ours (`self.bucket`) where it is not given.

    Errors, for every method: StorageUnavailableError when the store cannot be reached
    or asks to come back later (retryable), ForbiddenError when it refuses,
    ConfigurationError when the bucket does not exist, is not versioned or the
    credentials are wrong, NotFoundError and VersionNotFoundError for unknown keys and
    versions, StorageError for anything else.
    """

    bucket: str

    @property
    @abstractmethod
    def location(self) -> str:
        """Where versions go, for people: a URL or a directory."""

    @abstractmethod
    def check(self) -> StoreCheck:
        """Look at everything that saving and reading need; never raises.

        It writes nothing that stays: the right to write is tried in a way that leaves
        no version behind where the store allows that.
        """

    @abstractmethod
    def prepare(self) -> list[str]:
        """Make the bucket and enable versioning, where missing; say what was done.

        Doing it twice is the same as doing it once.
        """

    @abstractmethod
    def put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str = "application/x-ipynb+json",
    ) -> Version:
        """Write the next `size` bytes of `body`, a seekable stream, as a new version.

        What follows them in the stream is left alone, and the stream stays open.
        Durable when it returns. Sent once: after a retryable error the version may be
        there or not, and `find_save` tells. InvalidRequestError when `body` is shorter.
        """

    @abstractmethod
    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        """Return a version with its metadata; the newest where no id is given."""

    @abstractmethod
    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        """Open a version for reading; the newest where no id is given."""

    @abstractmethod
    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        """List the versions of exactly this key, newest first, without metadata.

        Pages hold at most `limit` versions. Unknown keys give an empty page.
        """

    @abstractmethod
    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        """List the keys directly below `prefix`, and the folders below it.

        What bookstore itself keeps below `.bookstore/` is left out, unless `prefix` is
        within it.
        """

    @abstractmethod
    def walk_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        """List the keys at all levels below `prefix`, in order of their UTF-8 bytes.

        It has no folders. What is below `.bookstore/` is left out as in `list_keys`.
        """

    @abstractmethod
    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        """Return the labels of the versions of exactly this key, by version id.

        One listing, and then a request side by side for each version that has ever had
        a label; `only` names the versions of interest, so that no other is asked for.
        An unknown key has no labels.
        """

    def set_label(self, key: str, version_id: str, label: Label | None) -> None:
        """Give a version a label in place of the one it has; None removes it.

        Durable when it returns, and safe to repeat. Raises InvalidRequestError for a
        name or comment that cannot be, ConflictError when another version of the key
        has a label of this name, VersionNotFoundError when there is no such version,
        and StorageError when the store keeps no labels. Two who give one name to two
        versions at the same moment may both succeed.
        """
        check_version_id(check_key(key), version_id)
        if label is not None:
            label = replace(
                label,
                name=check_label_name(label.name),
                comment=check_comment(label.comment),
                author=printable(label.author)[:MAX_AUTHOR],
                labelled_at=label.labelled_at or utc_now(),
            )
            for other, known in self.labels(key).items():
                if other != version_id and known.name == label.name:
                    raise ConflictError(
                        f"Version {other} of {key} has the label {label.name!r} "
                        "already. Choose another name, or remove it there."
                    )
        self._write_label(key, version_id, label)

    @abstractmethod
    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        """Keep a label that `set_label` has checked, or remove the one there is."""

    def find_save(
        self,
        key: str,
        save_id: str,
        *,
        size: int,
        since: datetime | None = None,
        after: str | None = None,
    ) -> Version | None:
        """Return the version that this save made, of `size` bytes.

        The newest versions are looked at, and where `since` is given all that were
        stored since then, however many others write to the key. Those before the
        version with the id `after` are not.
        """
        cursor = None
        while True:
            page = self.list_versions(key, cursor=cursor, limit=RECENT)
            for version in page.versions:
                if after is not None and version.version_id == after:
                    return None
                if version.deleted or version.size != size:
                    continue
                try:
                    known = self.head(key, version.version_id)
                except NotFoundError:
                    continue  # a rule of the store's removed it meanwhile
                if known.metadata and known.metadata.save_id == save_id:
                    return known
            cursor = page.cursor
            oldest = min((v.stored_at for v in page.versions), default=None)
            if cursor is None or since is None:
                return None
            if oldest is not None and oldest < since - SKEW:
                return None
