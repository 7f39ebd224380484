"""VersionedBucket: a VersionStore in the terms of S3, over any connection to it."""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, cast

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    NotFoundError,
    StorageUnavailableError,
)
from bookstore_core.settings import DEFAULT_ENDPOINT_URL, BookstoreSettings
from bookstore_core.stores import _s3_versions
from bookstore_core.stores._asked import check_key, check_prefix, check_version_id
from bookstore_core.stores._metadata import encode_metadata
from bookstore_core.stores._s3_check import ENABLED, Checked, check_s3, unversioned
from bookstore_core.stores._s3_errors import Asked
from bookstore_core.stores._s3_versions import OVERWRITABLE, version_of
from bookstore_core.stores._streams import GuardedBody, Window
from bookstore_core.stores.base import (
    KeyPage,
    OpenVersion,
    StoreCheck,
    Version,
    VersionMetadata,
    VersionPage,
    VersionStore,
    utc_now,
)

#: Contents up to this size, in bytes, are sent from memory; larger ones are streamed.
SMALL = 256 * 1024

#: The region whose buckets are made without naming it.
DEFAULT_REGION = "us-east-1"


class Connection(ABC):
    """A way to ask S3 for something; raises errors of ours alone."""

    @property
    @abstractmethod
    def endpoint(self) -> str:
        """The address of the store, for people."""

    @abstractmethod
    def ask(
        self, operation: str, asked: Asked, *, brief: bool = False, **parameters: Any
    ) -> dict[str, Any]:
        """Ask once for an operation; with little patience when it is to be `brief`."""

    @abstractmethod
    def read(self, operation: str, asked: Asked, **parameters: Any) -> dict[str, Any]:
        """Ask for what changes nothing, and again after failures that pass."""

    @abstractmethod
    def guard(self, body: Any, asked: Asked) -> GuardedBody:
        """Wrap an answered body, so that reading it raises errors of ours alone."""


class VersionedBucket(VersionStore):
    """A versioned bucket of S3, or of a server that speaks S3."""

    def __init__(self, settings: BookstoreSettings, connection: Connection) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self._connection = connection
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
        return Asked(name, own=name == self.bucket, key=key, version_id=version_id)

    def check(self) -> StoreCheck:
        checked = Checked(
            endpoint=self._connection.endpoint,
            bucket=self.bucket,
            prefix=self._settings.workspace_prefix,
            encryption=self._encryption,
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
        ours, done = self._asked(None), []
        try:
            # Asked as if it were another's bucket: ours not being there is an error.
            versioning = self._connection.read(
                "get_bucket_versioning", replace(ours, own=False)
            )
        except NotFoundError:
            versioning = {}
            self._connection.ask("create_bucket", ours, **self._location_constraint)
            done.append(f"Made the bucket {self.bucket}.")
        if versioning.get("Status") != ENABLED:
            enabled: dict[str, Any] = {"VersioningConfiguration": {"Status": ENABLED}}
            self._connection.ask("put_bucket_versioning", ours, **enabled)
            done.append(f"Enabled versioning of the bucket {self.bucket}.")
        return done

    @property
    def _location_constraint(self) -> dict[str, Any]:
        region = self._settings.s3_region_name
        if not region or region == DEFAULT_REGION:
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": region}}

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

    def put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str = "application/x-ipynb+json",
    ) -> Version:
        asked = self._asked(None, check_key(key))
        window = Window(body, size)
        self._require_versioning()
        answer = self._connection.ask(
            "put_object",
            asked,
            Body=window if size > SMALL else window.read(),
            ContentType=content_type,
            Metadata=encode_metadata(metadata),
            **self._encryption,
        )
        version_id = answer.get("VersionId") or self._find_version_id(key, metadata)
        if version_id == OVERWRITABLE:
            self._known_versioned = False
            raise self._not_versioned()
        return Version(
            bucket=self.bucket,
            key=key,
            version_id=version_id,
            size=size,
            stored_at=utc_now(),
            is_latest=True,
            metadata=metadata,
        )

    def _find_version_id(self, key: str, metadata: VersionMetadata) -> str:
        # Some servers do not say which version they made.
        found = self.find_save(key, metadata.save_id)
        if found is None:
            raise StorageUnavailableError(
                f"The store did not say which version of {key} it made."
            )
        return found.version_id

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
            # An error to a HEAD has no body and so no reason: a GET tells it.
            answer = self._connection.read("get_object", asked)
            answer["Body"].close()
        return version_of(answer, asked)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        check_version_id(check_key(key), version_id)
        asked = self._asked(bucket, key, version_id)
        answer = self._connection.read("get_object", asked)
        body = self._connection.guard(answer["Body"], asked)
        return OpenVersion(version_of(answer, asked), cast(BinaryIO, body))

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
        return _s3_versions.list_versions(
            partial(self._connection.read, "list_object_versions", asked),
            asked.bucket,
            key,
            cursor=cursor,
            limit=max(limit, 1),
        )

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        folder = check_prefix(prefix)
        asked = replace(self._asked(None), cursor=cursor is not None)
        return _s3_versions.list_keys(
            partial(self._connection.read, "list_objects_v2", asked),
            asked.bucket,
            folder,
            cursor=cursor,
            limit=max(limit, 1),
        )
