"""Cloning from the store: checking what may be cloned, and reading it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from bookstore_core.errors import (
    BookstoreError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
)
from bookstore_core.history.removals import LINKS, Removals, say_removal
from bookstore_core.notebooks import check_size
from bookstore_core.paths import MAX_KEY_BYTES, is_own, s3_display_path
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.versions import OpenVersion
from bookstore_web.contents.budget import SMALL, ByteBudget
from bookstore_web.fields import optional_field, text_field

ANY_BUCKET = "*"
#: Names that S3 accepts, including those of directory buckets and access points.
BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}")


@dataclass(frozen=True)
class CloneSource:
    """A version to clone; the newest version of the key if no id is given."""

    bucket: str
    key: str
    version_id: str | None = None

    @property
    def display_path(self) -> str:
        """The source as a URL, ``s3://bucket/key``."""
        return s3_display_path(self.bucket, self.key)

    @property
    def query(self) -> dict[str, str]:
        """The fields that name it, in a query or a body; `source_of` reads them."""
        fields = {"s3_bucket": self.bucket, "s3_key": self.key}
        if self.version_id:
            fields["s3_version_id"] = self.version_id
        return fields

    @property
    def page(self) -> str:
        """The address of its clone page, below the base URL."""
        return f"bookstore/clone?{urlencode(self.query)}"

    @property
    def name(self) -> str:
        """The last segment of the key, the default name of the copy."""
        return self.key.rpartition("/")[2]


@dataclass(frozen=True)
class Original:
    """A version and its content, which was checked against its size and sha256."""

    source: CloneSource
    version: Version
    data: bytes


def source_of(fields: Mapping[str, Any], settings: BookstoreSettings) -> CloneSource:
    """Return the source in the fields of a query or a body.

    Raises InvalidRequestError for fields that are missing, empty, or of a wrong type,
    and ForbiddenError if the settings do not allow the bucket.
    """
    bucket = text_field(fields, "s3_bucket")
    key = text_field(fields, "s3_key")
    version_id = optional_field(fields, "s3_version_id") or None
    if bucket == "/":
        raise InvalidRequestError("s3_bucket must be the name of a bucket.")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise InvalidRequestError(f"s3_key is over {MAX_KEY_BYTES} bytes long.")
    if key.endswith("/"):
        raise InvalidRequestError(f"{key!r} is a folder. Give the key of a file.")
    _check_allowed(bucket, settings)
    return CloneSource(bucket, key, version_id)


def check_published(source: CloneSource, settings: BookstoreSettings) -> None:
    """Raise ForbiddenError for a key of our bucket that is not a published notebook's.

    It is the same error whether the key exists or not.
    """
    prefix = settings.published_prefix.strip("/")
    if source.bucket == settings.bucket and not is_published(source, settings):
        raise ForbiddenError(
            "Only published notebooks can be cloned from here: keys that begin with "
            f"{prefix or 'the published prefix'}/."
        )


def is_published(source: CloneSource, settings: BookstoreSettings) -> bool:
    """Return whether a key of our bucket is that of a published notebook."""
    prefix = settings.published_prefix.strip("/")
    below = bool(prefix) and source.key.startswith(f"{prefix}/")
    return source.bucket == settings.bucket and below and not is_own(source.key)


def _check_allowed(bucket: str, settings: BookstoreSettings) -> None:
    if bucket in {settings.bucket, *settings.clone_buckets} - {"", ANY_BUCKET}:
        return
    if ANY_BUCKET not in settings.clone_buckets:
        raise ForbiddenError(
            f"Cloning from the bucket {bucket!r} is not allowed. The server's "
            "administrator can add it to BookstoreSettings.clone_buckets."
        )
    if not BUCKET_NAME.fullmatch(bucket):
        raise InvalidRequestError(f"{bucket!r} is not a valid bucket name.")


def look_up(
    source: CloneSource, *, store: VersionStore, settings: BookstoreSettings
) -> Version:
    """Return the version that would be cloned, without its content.

    Raises NotFoundError if there is none, and TooLargeError over the limit.
    """
    try:
        version = store.head(source.key, source.version_id, bucket=source.bucket)
    except NotFoundError as error:
        raise _explain(error, source, Removals(store, settings)) from error
    _check_version(version, source, limit=settings.max_notebook_size)
    return version


@contextmanager
def fetched(
    source: CloneSource,
    *,
    store: VersionStore,
    settings: BookstoreSettings,
    budget: ByteBudget,
) -> Iterator[Original]:
    """Give the version to be cloned, read completely; a large one waits for its turn.

    Raises the errors of `look_up`, and BusyError.
    """
    opened = _open(source, store, settings)
    version = opened.version
    with opened:
        data = opened.read(None) if version.size < SMALL else None
    # A connection is not kept open while a request waits.
    exactly = replace(source, version_id=version.version_id or source.version_id)
    with budget.take(version.size):
        if data is None:
            yield replace(fetch(exactly, store=store, settings=settings), source=source)
        else:
            yield Original(source, version, data)


def fetch(
    source: CloneSource, *, store: VersionStore, settings: BookstoreSettings
) -> Original:
    """Read the version to be cloned completely. Raises the errors of `look_up`."""
    with _open(source, store, settings) as opened:
        data = opened.read(settings.max_notebook_size)
    return Original(source, opened.version, data)


def _open(
    source: CloneSource, store: VersionStore, settings: BookstoreSettings
) -> OpenVersion:
    try:
        opened = store.open(source.key, source.version_id, bucket=source.bucket)
    except NotFoundError as error:
        raise _explain(error, source, Removals(store, settings)) from error
    try:
        _check_version(opened.version, source, limit=settings.max_notebook_size)
    except BookstoreError:
        opened.body.close()
        raise
    return opened


def _check_version(version: Version, source: CloneSource, *, limit: int) -> None:
    if version.deleted:
        raise NotFoundError(_deleted_sentence(source))
    check_size(source.name, version.size, limit)


def _explain(
    error: NotFoundError, source: CloneSource, removals: Removals
) -> NotFoundError:
    """Return a better error if the key has been deleted, else `error`."""
    if source.version_id is not None:
        return error
    try:
        removal = removals.of(source.key, bucket=source.bucket)
    except BookstoreError:
        return error
    if removal is None:
        return error
    if removal.metadata is not None:
        return NotFoundError(f"{say_removal(source.name, removal)} {LINKS}")
    return NotFoundError(_deleted_sentence(source))


def _deleted_sentence(source: CloneSource) -> str:
    if source.version_id is not None:
        return (
            f"Version {source.version_id} of {source.display_path} is a delete marker, "
            "which has no content."
        )
    return (
        f"{source.display_path} has been deleted. Its older versions still exist: "
        "choose one of them with s3_version_id."
    )
