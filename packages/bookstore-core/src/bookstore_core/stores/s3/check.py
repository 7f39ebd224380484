"""The check of an S3 store: tries each request that saving and reading need.

Also makes its bucket.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from bookstore_core.errors import (
    BookstoreError,
    ForbiddenError,
    NotFoundError,
    StorageError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.s3.client import new_bucket
from bookstore_core.stores.s3.connection import BotocoreConnection
from bookstore_core.stores.s3.errors import Asked
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_core.stores.s3.probe import Ask, Probe
from bookstore_core.stores.s3.remedies import WHILE_AWAY, remedy_for

#: Seconds after which a check sends no more requests to a slow store.
DEADLINE = 5.0
THOROUGH_DEADLINE = 20.0

#: A key for the test of writing that leaves nothing behind.
PROBE = ".bookstore-check"

#: The status of a bucket that keeps versions, unlike a suspended one.
ENABLED = "Enabled"

#: Versions that are listed to find one to read.
ROWS = 10


@dataclass(frozen=True)
class Checked:
    """What is checked: the store's address, our bucket, a prefix in it.

    A `thorough` check writes a version, and removes it where that is allowed. With
    `published`, the prefix of the published shelf, it tries unpublishing there; if the
    workspace is `pruned`, the right to remove versions.
    """

    endpoint: str
    bucket: str
    prefix: str
    encryption: dict[str, str]
    thorough: bool = False
    published: str = ""
    pruned: bool = False

    @property
    def folder(self) -> str:
        """The prefix with a final slash, as in policies; empty for the whole bucket."""
        return _folder(self.prefix)


def _folder(prefix: str) -> str:
    return f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def check_s3(
    ask: Ask, checked: Checked, *, clock: Callable[[], float] = time.monotonic
) -> StoreCheck:
    """Try everything that saving and reading need, and return the findings.

    A missing permission is one finding, and the check continues. Any other failure
    would repeat with each further request, so the check stops.
    """
    findings: list[Finding] = []
    deadline = THOROUGH_DEADLINE if checked.thorough else DEADLINE
    end = clock() + deadline
    try:
        for finding in _findings(ask, checked):
            findings.append(finding)
            if clock() > end:
                slow = f"The store is too slow to be checked in {deadline:g} seconds."
                findings.append(Finding(False, slow, WHILE_AWAY))
                return _passing(findings)
    except BookstoreError as error:
        findings.append(Finding(False, str(error), remedy_for(error)))
        if error.retryable:
            return _passing(findings)
    return StoreCheck(tuple(findings))


def _passing(findings: list[Finding]) -> StoreCheck:
    # Waiting does not enable versioning.
    lasting = any(not finding.ok for finding in findings[:-1])
    return StoreCheck(tuple(findings), retryable=not lasting)


def _findings(ask: Ask, checked: Checked) -> Iterator[Finding]:
    yield from _check_versioning(ask, checked)
    yield from _check_lists_and_reads(ask, checked)
    if checked.thorough:
        probe = Probe(ask, checked.folder, checked.encryption, checked.pruned)
        yield from probe.findings()
        if checked.published:
            yield Probe(ask, _folder(checked.published), {}).unpublish()
    else:
        yield _check_write(ask, checked)


def _check_versioning(ask: Ask, checked: Checked) -> Iterator[Finding]:
    answers = f"The store at {checked.endpoint} answers and accepts the credentials."
    bucket = checked.bucket
    try:
        answer = ask("get_bucket_versioning")
    except ForbiddenError as error:
        yield _refused("may not see whether versioning is enabled", error)
        return
    yield Finding(True, answers)
    yield Finding(True, f"The bucket {bucket} exists.")
    if answer.get("Status") == ENABLED:
        yield Finding(True, f"Versioning of the bucket {bucket} is enabled.")
    else:
        yield unversioned(bucket)


def unversioned(bucket: str) -> Finding:
    """Return the finding that versioning of a bucket is not enabled."""
    return Finding(
        False,
        f"Versioning of the bucket {bucket} is not enabled: a save would overwrite "
        "the one before it.",
        "Enable it with 'jupyter bookstore init'.",
    )


def _check_lists_and_reads(ask: Ask, checked: Checked) -> Iterator[Finding]:
    versions: list[dict[str, Any]] = []
    try:
        page = ask("list_object_versions", Prefix=checked.folder, MaxKeys=ROWS)
        versions = page.get("Versions", [])
        yield Finding(True, "Versions can be listed.")
    except ForbiddenError as error:
        yield _refused("may not list versions", error, "s3:ListBucketVersions")
    try:
        ask("list_objects_v2", Prefix=checked.folder, MaxKeys=1)
        yield Finding(True, "Notebooks can be listed.")
    except ForbiddenError as error:
        yield _refused("may not list notebooks", error, "s3:ListBucket")
    try:
        if _read_one(ask, versions):
            yield Finding(True, "Versions can be read.")
    except ForbiddenError as error:
        yield _refused(
            "may not read versions", error, "s3:GetObject and s3:GetObjectVersion"
        )


def _read_one(ask: Ask, versions: list[dict[str, Any]]) -> bool:
    """Read the metadata of a version; return whether there was one to read.

    It must exist: for a key that does not exist, S3 answers "access denied" to callers
    that may read but not list.
    """
    if not versions:
        return False
    row = versions[0]
    version_id = row.get("VersionId", OVERWRITABLE)
    with suppress(NotFoundError):  # deleted since it was listed
        ask("head_object", key=row["Key"], version_id=version_id)
    return True


def _check_write(ask: Ask, checked: Checked) -> Finding:
    # Starting and aborting a multipart upload needs the permission to write, and
    # leaves no version behind.
    key = checked.folder + PROBE
    try:
        begun = ask("create_multipart_upload", key=key, **checked.encryption)
    except ForbiddenError as error:
        return _refused("may not write versions", error, "s3:PutObject")
    except StorageError as error:
        if error.retryable:
            raise
        return Finding(
            True,
            f"Writing versions was not tried: {error}",
        )
    with suppress(BookstoreError):  # an upload without parts costs nothing
        ask("abort_multipart_upload", key=key, UploadId=begun["UploadId"])
    return Finding(True, "Versions can be written.")


def _refused(what: str, error: ForbiddenError, right: str = "") -> Finding:
    return Finding(
        False,
        f"These credentials {what}. {error}",
        remedy_for(error, right or "s3:GetBucketVersioning"),
    )


def prepare_s3(
    connection: BotocoreConnection, bucket: Asked, settings: BookstoreSettings
) -> list[str]:
    """Make the bucket and enable versioning, if needed; return sentences on it."""
    try:
        return _prepare(connection, bucket, settings)
    except BookstoreError as error:
        rights = "s3:CreateBucket, s3:GetBucketVersioning and s3:PutBucketVersioning"
        error.args = (f"{error} {remedy_for(error, rights)}".strip(),)
        raise


def _prepare(
    connection: BotocoreConnection, bucket: Asked, settings: BookstoreSettings
) -> list[str]:
    name, done = bucket.bucket, []
    try:
        # Not `own`, so that a missing bucket raises NotFoundError.
        any_bucket = replace(bucket, own=False)
        versioning = connection.read("get_bucket_versioning", any_bucket)
    except NotFoundError:
        versioning = {}
        connection.ask("create_bucket", bucket, **new_bucket(settings))
        done.append(f"Made the bucket {name}.")
    if versioning.get("Status") != ENABLED:
        enabled: dict[str, Any] = {"VersioningConfiguration": {"Status": ENABLED}}
        connection.ask("put_bucket_versioning", bucket, **enabled)
        done.append(f"Enabled versioning of the bucket {name}.")
    return done
