"""VersionStore: the interface of every store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

from bookstore_core.clock import utc_now
from bookstore_core.cursors import encode_cursor
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    NewerVersionError,
    NotFoundError,
    StorageError,
)
from bookstore_core.paths import is_own, printable
from bookstore_core.stores.arrivals import ARRIVAL_TYPE, arrival_of, arrivals_key
from bookstore_core.stores.checks import (
    check_comment,
    check_key,
    check_label_name,
    check_version_id,
)
from bookstore_core.stores.findings import StoreCheck
from bookstore_core.stores.streams import sha256_of
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Removal,
    Version,
    VersionMetadata,
    VersionPage,
    new_save_id,
)

#: The content type of a notebook.
NOTEBOOK_TYPE = "application/x-ipynb+json"

#: The maximum length of the author of a label, in characters.
MAX_AUTHOR = 80

#: Versions per page when `find_save` looks for a save that may have arrived.
RECENT = 100

#: How far the store's clock may be behind the clock of the machine that saves.
SKEW = timedelta(minutes=15)


class VersionStore(ABC):
    """Keys with versions, in buckets. Safe to use from several threads.

    In each method, `bucket` defaults to `self.bucket`.

    Every method raises StorageUnavailableError (retryable) if the store cannot be
    reached or asks to try again later, ForbiddenError if it refuses,
    ConfigurationError if the bucket does not exist, is not versioned or the
    credentials are wrong, NotFoundError and VersionNotFoundError for unknown keys and
    versions, NewerVersionError (`head` and `open`) for a version that only a newer
    release can read, and StorageError for anything else.
    """

    bucket: str

    @property
    @abstractmethod
    def location(self) -> str:
        """Where versions go, a URL or a directory, for messages."""

    @abstractmethod
    def check(self, *, thorough: bool = False) -> StoreCheck:
        """Check everything that saving and reading need; never raises.

        The right to write is tried without making a version. A `thorough` check makes
        one below bookstore's own folder, and removes it where the store allows that.
        """

    @abstractmethod
    def prepare(self) -> list[str]:
        """Make the bucket and enable versioning, if needed; return what was done.

        The return value is a list of sentences, empty if nothing was needed.
        """

    def put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str = NOTEBOOK_TYPE,
    ) -> Version:
        """Write the next `size` bytes of `body`, a seekable stream, as a new version.

        The version is durable when this returns. The stream is not read further and
        stays open. The request is sent once: after a retryable error the version may
        exist or not, and `find_save` finds out. Raises InvalidRequestError if `body`
        is shorter.

        A version with `moved_from` is announced first: see `arrivals.py`.
        """
        announced = self._announced.get(key) == metadata.save_id
        if metadata.moved_from and not announced:
            self._announce(key, metadata)
        version = self._put(
            key, body, size=size, metadata=metadata, content_type=content_type
        )
        self._announced.pop(key, None)
        return version

    @cached_property
    def _announced(self) -> dict[str, str]:
        """By key, the save that was announced and may be sent again."""
        return {}

    def _announce(self, key: str, metadata: VersionMetadata) -> None:
        place = arrivals_key(key)
        if place is None:
            return
        self._put(
            place,
            BytesIO(),
            size=0,
            metadata=arrival_of(metadata),
            content_type=ARRIVAL_TYPE,
        )
        self._announced[key] = metadata.save_id

    @abstractmethod
    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        """Write a version, as `put` says."""

    def put_again(self, version: Version) -> Version:
        """Write an older version again, as the newest one of its key.

        Content, author and time are those of that version, which it names as
        `restored_from`. Raises VersionNotFoundError if there is no such version, and
        StorageError if it has no metadata.
        """
        with self.open(version.key, version.version_id, bucket=version.bucket) as found:
            metadata = found.version.metadata
            data = found.read(None)
        if metadata is None:
            raise StorageError(f"Another program wrote this version of {version.key}.")
        metadata = replace(
            metadata, save_id=new_save_id(), restored_from=version.version_id
        )
        return self.put(version.key, BytesIO(data), size=len(data), metadata=metadata)

    @abstractmethod
    def mark_deleted(self, key: str) -> Version:
        """Take a key off the lists of keys; return the marker that does so.

        The marker is the newest version of the key, and has no content: the key is as
        if it had no versions, until the next `put`. Older versions are listed and read
        by their ids as before. Raises NotFoundError for a key that has no versions or
        is deleted already.
        """

    @abstractmethod
    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        """Return a version with its metadata; the newest if no id is given."""

    @abstractmethod
    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        """Open a version for reading; the newest if no id is given."""

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

        A page has at most `limit` versions. For an unknown key it is empty.
        """

    def cursor_after(self, version_id: str) -> str:
        """Return the cursor for what `list_versions` lists after a version.

        The version must exist. S3 lists from there in its own order: of the rows of one
        second, delete markers may be at other places than in a listing from the newest.
        """
        return encode_cursor("versions", version_id)

    @abstractmethod
    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        """List the keys directly below `prefix`, and the folders below it.

        Keys below bookstore's own folder `.bookstore/` are left out, unless `prefix`
        is in it.
        """

    @abstractmethod
    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
    ) -> KeyPage:
        """List the keys at all levels below `prefix`, in order of their UTF-8 bytes.

        The page has no folders. Keys below `.bookstore/` are left out as in
        `list_keys`, and so are those that are not `wanted`; a page may then have fewer
        keys than `limit` although more follow. The cursor is that of the last key which
        was passed, ``encode_cursor("walk", key)``; any key may be in its place.
        """

    def every_key(self) -> Iterator[str]:
        """Yield every key in the store, also deleted ones and bookstore's own."""
        cursor = None
        while True:
            page = self.walk_keys("", cursor=cursor)
            yield from (version.key for version in page.keys)
            cursor = page.cursor
            if cursor is None:
                return

    @abstractmethod
    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        """Return the labels of the versions of exactly this key, by version id.

        This takes one listing, and then one request, in parallel, for each version
        that has ever had a label; with `only`, for the version ids in it alone. An
        unknown key has no labels.
        """

    def labels_named(self, key: str, name: str) -> dict[str, Label]:
        """Return the labels with exactly this name, as `labels` returns them.

        There may be two if two people gave the name at the same moment.
        """
        labels = self.labels(key)
        return {known: label for known, label in labels.items() if label.name == name}

    def set_label(self, key: str, version_id: str, label: Label | None) -> None:
        """Set the label of a version, replacing any other; None removes it.

        The label is durable when this returns, and setting it again is harmless. Raises
        InvalidRequestError for an invalid name or comment, ConflictError if another
        version of the key has a label of this name, VersionNotFoundError if there is no
        such version, and StorageError if the store keeps no labels. If two callers give
        the same name to two versions at the same moment, both may succeed.
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
            for other in self.labels_named(key, label.name):
                if other != version_id:
                    raise ConflictError(
                        f"Version {other} of {key} already has the label "
                        f"{label.name!r}. Choose another name, or remove it there."
                    )
        self._write_label(key, version_id, label)

    @abstractmethod
    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        """Write a label that `set_label` has checked; None removes the present one."""

    def remove_versions(
        self, key: str, versions: Collection[Version], *, dry_run: bool = False
    ) -> Removal:
        """Remove these versions of a key for good, and what belongs to them alone.

        Versions are as they were listed; one that is gone already does not matter. If
        this is interrupted, each version is there as it was or gone, and the same call
        continues. A `dry_run` changes nothing. What the store keeps, or refuses to
        remove, is in the answer, and the rest is removed. Raises ConflictError for the
        newest version, which is removed of our own records only, and ForbiddenError if
        this kind of store removes nothing.
        """
        may_be_newest = versions and not is_own(key)
        newest = self.list_versions(key, limit=1).versions if may_be_newest else ()
        if {row.version_id for row in newest} & {row.version_id for row in versions}:
            raise ConflictError(f"The newest version of {key} is never removed.")
        return self._remove(key, versions, dry_run=dry_run)

    def _remove(
        self, key: str, versions: Collection[Version], *, dry_run: bool
    ) -> Removal:
        """Remove versions, as `remove_versions` says."""
        raise ForbiddenError(
            "Only who holds the store's keys can prune: run it where those are."
        )

    def holds(self, version: Version, sha256: str) -> bool:
        """Read a version; return whether its content has this sha256.

        Its metadata may say so without being true: anybody who may write to the store
        may have written it. False if it cannot be read. Raises retryable errors.
        """
        try:
            with self.open(version.key, version.version_id or None) as opened:
                return sha256_of(opened.body) == sha256
        except BookstoreError as error:
            if error.retryable:
                raise
            return False

    def find_save(
        self,
        key: str,
        save_id: str,
        *,
        size: int,
        since: datetime | None = None,
        after: str | None = None,
    ) -> Version | None:
        """Return the version of `size` bytes that this save made, or None.

        The newest 100 versions are searched or, if `since` is given, all that were
        stored since then. Versions older than the one with the id `after` are not
        searched.
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
                    continue  # removed by a lifecycle rule, or not a save of ours
                if known.metadata and known.metadata.save_id == save_id:
                    return known
            cursor = page.cursor
            oldest = min((v.stored_at for v in page.versions), default=None)
            if cursor is None or since is None:
                return None
            if oldest is not None and oldest < since - SKEW:
                return None
