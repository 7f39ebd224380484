"""VersionStore: what bookstore needs of a place that keeps versions."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import BinaryIO

from bookstore_core.clock import utc_now
from bookstore_core.errors import ConflictError, NewerVersionError, NotFoundError
from bookstore_core.paths import printable
from bookstore_core.stores.checks import (
    check_comment,
    check_key,
    check_label_name,
    check_version_id,
)
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
    VersionPage,
)

#: The most characters of an author that a label keeps.
MAX_AUTHOR = 80

#: How many versions are listed at a time to find a save that may have arrived.
RECENT = 100

#: How far the store's clock may be behind that of whoever saves.
SKEW = timedelta(minutes=15)


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


class VersionStore(ABC):
    """Keys with versions, in buckets. Safe to use from several threads.

    `bucket` in each method is ours (`self.bucket`) where it is not given.

    Errors, for every method: StorageUnavailableError when the store cannot be reached
    or asks to come back later (retryable), ForbiddenError when it refuses,
    ConfigurationError when the bucket does not exist, is not versioned or the
    credentials are wrong, NotFoundError and VersionNotFoundError for unknown keys and
    versions, NewerVersionError (`head` and `open`) for a version that only a newer
    release can read, StorageError for anything else.
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
                except (NotFoundError, NewerVersionError):
                    continue  # removed by a rule of the store's, or no save of ours
                if known.metadata and known.metadata.save_id == save_id:
                    return known
            cursor = page.cursor
            oldest = min((v.stored_at for v in page.versions), default=None)
            if cursor is None or since is None:
                return None
            if oldest is not None and oldest < since - SKEW:
                return None
