"""S3Store: versions in a versioned bucket of S3 or of a compatible server."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, cast

from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
)
from bookstore_core.settings import DEFAULT_ENDPOINT_URL, BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.checks import check_key, check_prefix, check_version_id
from bookstore_core.stores.findings import StoreCheck
from bookstore_core.stores.s3 import listings
from bookstore_core.stores.s3.check import (
    ENABLED,
    Checked,
    check_s3,
    prepare_s3,
    unversioned,
)
from bookstore_core.stores.s3.client import is_aws
from bookstore_core.stores.s3.connection import BotocoreConnection
from bookstore_core.stores.s3.doubts import (
    Doubt,
    Doubts,
    check_listable,
    is_odd,
    not_listed,
    not_readable,
)
from bookstore_core.stores.s3.errors import ARCHIVED, Asked, Failure, translate_failure
from bookstore_core.stores.s3.labels import S3Labels
from bookstore_core.stores.s3.lean.client import lean_client
from bookstore_core.stores.s3.listings import OVERWRITABLE, version_of
from bookstore_core.stores.s3.metadata import encode_metadata
from bookstore_core.stores.s3.pages import KeyPages
from bookstore_core.stores.s3.remedies import remedy_for
from bookstore_core.stores.s3.upkeep.keys import every_key
from bookstore_core.stores.s3.upkeep.removals import S3Removals
from bookstore_core.stores.streams import Window
from bookstore_core.stores.timeouts import Timeouts
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Removal,
    Version,
    VersionMetadata,
    VersionPage,
)

#: Content up to this size, in bytes, is sent from memory; larger content is streamed.
SMALL = 1024 * 1024

#: How often a version without an id is looked for after its PUT.
LOOKS = 3

#: Requests that S3 refuses for what is not there, if not all may be listed.
MAY_BE_MISSING = frozenset({"head_object", "get_object", "get_object_tagging"})


class S3Store(VersionStore):
    """The versioned bucket in the settings, which the first call contacts."""

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        connect: Callable[[BookstoreSettings, Timeouts], Any] = lean_client,
        pause: Callable[[float], None] = time.sleep,
        hurried: bool = False,
    ) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self._is_aws = is_aws(settings)
        self._connection = BotocoreConnection(
            settings, connect=connect, pause=pause, hurried=hurried
        )
        self._pages = KeyPages(self._connection.read)
        self._labels = S3Labels(
            self._read,
            self._pages.page,
            encryption=self._encryption,
            threads=settings.max_threads,
        )
        self._doubts = Doubts()
        self._pause = pause
        self._known_versioned = False

    @property
    def location(self) -> str:
        endpoint = self._connection.endpoint
        if endpoint == DEFAULT_ENDPOINT_URL:
            return f"s3://{self.bucket}"
        return f"{endpoint}/{self.bucket}"

    def _asked(
        self, bucket: str | None, key: str = "", version_id: str | None = None
    ) -> Asked:
        name = self.bucket if bucket is None else bucket
        if name != self.bucket and not name.strip("."):
            # It would be taken for a folder in the path of the request.
            raise InvalidRequestError(f"{name!r} is not a valid bucket name.")
        return Asked(name, own=name == self.bucket, key=key, version_id=version_id)

    def check(self, *, thorough: bool = False) -> StoreCheck:
        checked = Checked(
            endpoint=self._connection.endpoint,
            bucket=self.bucket,
            prefix=self._settings.workspace_prefix,
            published=self._settings.published_prefix,
            encryption=self._encryption,
            thorough=thorough,
            pruned=bool(self._settings.prune_keep),
        )
        return check_s3(self._ask_briefly, checked)

    def _ask_briefly(
        self,
        operation: str,
        *,
        key: str = "",
        version_id: str | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        asked = self._asked(None, key, version_id)
        return self._connection.ask(operation, asked, brief=True, **parameters)

    def prepare(self) -> list[str]:
        return prepare_s3(self._connection, self._asked(None), self._settings)

    @property
    def _encryption(self) -> dict[str, Any]:
        settings = self._settings
        asked = {
            "ServerSideEncryption": settings.s3_server_side_encryption,
            "SSEKMSKeyId": settings.s3_sse_kms_key_id,
        }
        return {name: value for name, value in asked.items() if value}

    def _require_versioning(self) -> None:
        if self._known_versioned:
            return
        versioning = self._connection.read("get_bucket_versioning", self._asked(None))
        if versioning.get("Status") != ENABLED:
            raise self._not_versioned()
        self._known_versioned = True

    def _not_versioned(self) -> ConfigurationError:
        finding = unversioned(self.bucket)
        return ConfigurationError(f"{finding.sentence} {finding.remedy}")

    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        asked = self._asked(None, check_key(key))
        if not self._is_aws:
            check_listable(key)
        window = Window(body, size)
        self._require_versioning()
        self._doubts.check(key)
        answer = self._send(
            asked,
            Body=window if size > SMALL else window.read(),
            ContentType=content_type,
            Metadata=encode_metadata(metadata),
            **self._encryption,
        )
        version_id = answer.get("VersionId") or self._find_version_id(
            key, metadata, size
        )
        if version_id == OVERWRITABLE:
            self._known_versioned = False
            raise self._not_versioned()
        if is_odd(key):
            self._require_readable(replace(asked, version_id=version_id))
        return Version(
            bucket=self.bucket,
            key=key,
            version_id=version_id,
            size=size,
            stored_at=utc_now(),
            is_latest=True,
            metadata=metadata,
        )

    def _send(self, asked: Asked, **parameters: Any) -> dict[str, Any]:
        try:
            return self._connection.ask("put_object", asked, **parameters)
        except NotFoundError as error:
            raise StorageError(
                f"The store does not take {asked.place}. Rename the notebook."
            ) from error

    def _find_version_id(self, key: str, metadata: VersionMetadata, size: int) -> str:
        # Some servers do not return the id of the version that they made.
        for attempt in range(LOOKS):
            if attempt:
                self._pause(0.2 * 2**attempt)
            found = self.find_save(key, metadata.save_id, size=size)
            if found is not None:
                return found.version_id
        raise self._doubts.add(
            Doubt(
                key,
                not_listed(key),
                lambda: self.find_save(key, metadata.save_id, size=size) is not None,
                wide=True,
            )
        )

    def _require_readable(self, asked: Asked) -> None:
        def readable() -> bool:
            try:
                self._connection.read("head_object", asked)
            except BookstoreError as error:
                if error.retryable:
                    raise
                return False
            # A server may have put it under another key: `a/b` instead of `a//b`.
            return self._listed(asked) is not None

        if not readable():
            raise self._doubts.add(Doubt(asked.key, not_readable(asked.key), readable))

    def mark_deleted(self, key: str) -> Version:
        self.head(key)
        # Without versioning it would remove the content.
        self._known_versioned = False
        self._require_versioning()
        try:
            self._connection.ask("delete_object", self._asked(None, key))
        except ForbiddenError as error:
            error.args = (f"{error} {remedy_for(error, 's3:DeleteObject')}",)
            raise
        newest = self.list_versions(key, limit=1).versions
        if not newest or not newest[0].deleted:
            raise StorageError(
                f"The store confirmed the deletion of {key} but does not list it."
            )
        return newest[0]

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        check_version_id(check_key(key), version_id)
        asked = self._asked(bucket, key, version_id)
        try:
            answer = self._connection.read("head_object", asked)
        except BookstoreError as error:
            if error.retryable:
                raise
            # An error answer to HEAD has no body; the answer to GET has the reason.
            answer = self._read("get_object", asked)
            answer["Body"].close()
        return version_of(answer, asked, partial(self._listed, asked))

    def _read(self, operation: str, asked: Asked, **parameters: Any) -> Any:
        """Send a request that may be sent again; know what is not there from refused.

        Whoever may list a prefix alone, as by our policy for a person, is refused (403)
        what is not there.
        """
        try:
            return self._connection.read(operation, asked, **parameters)
        except ForbiddenError as error:
            if operation not in MAY_BE_MISSING or error.cause == ARCHIVED:
                raise
            try:
                found = self._listed(asked, newest=asked.version_id is None)
            except BookstoreError:
                raise error from None
            if found is not None and not found.deleted:
                raise
            raise translate_failure(Failure("404", 404, ""), asked) from error

    def _listed(self, asked: Asked, *, newest: bool = False) -> Version | None:
        """Return a version as it is listed; or the `newest` row, also if deleted."""
        read = partial(
            self._connection.read,
            "list_object_versions",
            replace(asked, key="", version_id=None),
        )
        if newest:
            rows = listings.list_versions(
                read, asked.bucket, asked.key, cursor=None, limit=1
            ).versions
            return rows[0] if rows else None
        return listings.find_version(read, asked.bucket, asked.key, asked.version_id)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        check_version_id(check_key(key), version_id)
        asked = self._asked(bucket, key, version_id)
        answer = self._read("get_object", asked)
        try:
            version = version_of(answer, asked, partial(self._listed, asked))
        except BookstoreError:
            answer["Body"].close()
            raise
        body = self._connection.guard(answer["Body"], asked)
        return OpenVersion(version, cast(BinaryIO, body))

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        check_key(key)
        asked = replace(self._asked(bucket), cursor=cursor is not None)
        return listings.list_versions(
            partial(self._connection.read, "list_object_versions", asked),
            asked.bucket,
            key,
            cursor=cursor,
            limit=max(limit, 1),
        )

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        return self._list(listings.list_keys, prefix, cursor, limit)

    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
    ) -> KeyPage:
        page = self._list(listings.walk_keys, prefix, cursor, limit)
        kept = [known for known in page.keys if wanted is None or wanted(known.key)]
        return replace(page, keys=tuple(kept))

    def every_key(self) -> Iterator[str]:
        asked = self._asked(None)
        return every_key(partial(self._connection.read, "list_object_versions", asked))

    def _list(
        self,
        read: Callable[..., KeyPage],
        prefix: str,
        cursor: str | None,
        limit: int,
    ) -> KeyPage:
        folder = check_prefix(prefix)
        asked = replace(self._asked(None), cursor=cursor is not None)
        return read(
            partial(self._pages.page, asked),
            asked.bucket,
            folder,
            cursor=cursor,
            limit=max(limit, 1),
        )

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        return self._labels.all(self._asked(bucket, check_key(key)), only)

    def labels_named(self, key: str, name: str) -> dict[str, Label]:
        return self._labels.named(self._asked(None, check_key(key)), name)

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        self._labels.write(self._asked(None, key, version_id), label)

    def _remove(
        self, key: str, versions: Collection[Version], *, dry_run: bool
    ) -> Removal:
        if versions and not dry_run:
            self._require_versioning()
        removals = S3Removals(
            self._connection.read, self._asked(None, key), pause=self._pause
        )
        return removals.remove(versions, dry_run=dry_run)
