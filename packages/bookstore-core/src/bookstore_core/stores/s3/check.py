"""The check of an S3 store: what saving and reading need, tried one by one."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bookstore_core.errors import (
    BookstoreError,
    ForbiddenError,
    NotFoundError,
    StorageError,
)
from bookstore_core.stores.base import Finding, StoreCheck

#: Seconds after which a check stops asking a slow store more questions.
DEADLINE = 5.0

#: A key that is never written, only asked for.
PROBE = ".bookstore-check"

#: The status of a bucket that keeps versions; a suspended one does not.
ENABLED = "Enabled"

#: The versions that are looked at for one that can be read.
ROWS = 10

_WHILE_AWAY = (
    "Check BookstoreSettings.s3_endpoint_url and the network; saves wait in the spool "
    "meanwhile."
)

#: Asks the store about our bucket: an operation, `key` and `version_id` where it is
#: about an object, and parameters in; botocore's answer out.
Ask = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Checked:
    """What a check looks at: the store's address, our bucket, a prefix in it."""

    endpoint: str
    bucket: str
    prefix: str
    encryption: dict[str, str]

    @property
    def folder(self) -> str:
        """The prefix with its slash, as rights are given on it."""
        return f"{self.prefix.strip('/')}/" if self.prefix.strip("/") else ""


def check_s3(
    ask: Ask, checked: Checked, *, clock: Callable[[], float] = time.monotonic
) -> StoreCheck:
    """Try everything that saving and reading need; stop at the first common cause.

    A refused right is one finding among others. Anything else that fails would fail
    the questions after it too, so nothing more is asked.
    """
    findings: list[Finding] = []
    end = clock() + DEADLINE
    try:
        for finding in _findings(ask, checked):
            findings.append(finding)
            if clock() > end:
                slow = "The store is too slow to be checked within 5 seconds."
                findings.append(Finding(False, slow, _WHILE_AWAY))
                return _passing(findings)
    except BookstoreError as error:
        remedy = _WHILE_AWAY if error.retryable else ""
        findings.append(Finding(False, str(error), remedy))
        if error.retryable:
            return _passing(findings)
    return StoreCheck(tuple(findings))


def _passing(findings: list[Finding]) -> StoreCheck:
    # A store that is not versioned does not become it by waiting.
    lasting = any(not finding.ok for finding in findings[:-1])
    return StoreCheck(tuple(findings), retryable=not lasting)


def _findings(ask: Ask, checked: Checked) -> Iterator[Finding]:
    yield from _check_versioning(ask, checked)
    yield from _check_lists_and_reads(ask, checked)
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
    """Return the finding that a bucket would overwrite instead of keeping versions."""
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
    """Read the description of a version; say whether there was one to read.

    Without one nothing can be said: S3 answers "access denied" for a key that does not
    exist to whoever may read but not list.
    """
    if not versions:
        return False
    row = versions[0]
    with suppress(NotFoundError):  # deleted since it was listed: that too was an answer
        ask("head_object", key=row["Key"], version_id=row["VersionId"])
    return True


def _check_write(ask: Ask, checked: Checked) -> Finding:
    # An upload in parts that is begun and given up needs the right to write, and
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
            f"Whether versions can be written was not tried: {error}",
        )
    with suppress(BookstoreError):  # a begun upload without parts costs nothing
        ask("abort_multipart_upload", key=key, UploadId=begun["UploadId"])
    return Finding(True, "Versions can be written.")


def _refused(what: str, error: ForbiddenError, right: str = "") -> Finding:
    right = right or "s3:GetBucketVersioning"
    return Finding(
        False,
        f"These credentials {what}. {error}",
        f"Allow {right} on the bucket.",
    )
