"""Versions of a bucket removed for good: by id, in batches, what is locked kept."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from bookstore_core.errors import (
    ForbiddenError,
    StorageUnavailableError,
    StoreRefusedError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.s3.errors import Asked
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.s3.upkeep.removals import BATCH, LOOKS, S3Removals
from bookstore_core.stores.versions import Version
from core.saving import KEY, SAVED_AT, save
from harness.s3_server import S3Server

Answer = Callable[..., dict[str, Any]]


def removals(answer: Answer) -> S3Removals:
    return S3Removals(answer, Asked("books", key=KEY), pause=lambda _: None)


def versions(count: int) -> list[Version]:
    return [Version("books", KEY, f"v{n}", 7, SAVED_AT) for n in range(count)]


def failing(code: str, message: str = "", *, times: int = 10**6) -> Answer:
    """Return what refuses the first version of each request, and lists nothing."""
    left = [times]

    def answer(operation: str, asked: Asked, **given: Any) -> dict[str, Any]:
        if operation != "delete_objects" or not left[0]:
            return {}
        left[0] -= 1
        row = given["Delete"]["Objects"][0]
        return {"Errors": [{**row, "Code": code, "Message": message}]}

    return answer


def test_versions_are_removed_by_a_thousand_and_with_their_ids() -> None:
    sent: list[Any] = []

    def answer(operation: str, asked: Asked, **given: Any) -> dict[str, Any]:
        if operation == "delete_objects":
            sent.append(given["Delete"])
        return {}

    removal = removals(answer).remove(versions(2 * BATCH + 1), dry_run=False)
    assert [len(request["Objects"]) for request in sent] == [BATCH, BATCH, 1]
    assert all(row["VersionId"] for request in sent for row in request["Objects"])
    assert removal.freed == 7 * (2 * BATCH + 1)


@pytest.mark.parametrize("version_id", ["", "null"])
def test_a_row_without_an_id_of_its_own_is_never_sent(version_id: str) -> None:
    rows = [Version("books", KEY, version_id, 7, SAVED_AT)]
    removal = removals(failing("Sent")).remove(rows, dry_run=False)
    assert removal.removed == ()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDenied", "Access Denied because object protected by object lock."),
        ("ObjectLocked", "Object is WORM protected and cannot be overwritten"),
        ("InvalidRequest2", "The object is under legal hold"),
    ],
)
def test_what_is_locked_is_reported_and_no_error(code: str, message: str) -> None:
    removal = removals(failing(code, message)).remove(versions(3), dry_run=False)
    assert removal.removed == ("v1", "v2")
    assert [*removal.locked] == ["v0"]
    assert removal.freed == 14


def test_what_is_refused_is_reported_with_the_right_and_the_rest_goes() -> None:
    removal = removals(failing("AccessDenied", "No")).remove(versions(2), dry_run=False)
    assert (removal.removed, removal.locked) == (("v1",), {})
    assert "Allow s3:DeleteObjectVersion" in removal.refused["v0"]


def test_wrong_credentials_end_a_removal() -> None:
    with pytest.raises(StoreRefusedError, match="s3_access_key_id"):
        removals(failing("InvalidAccessKeyId")).remove(versions(2), dry_run=False)


def test_no_more_than_a_few_refused_versions_are_looked_at() -> None:
    asked: list[str] = []

    def refuse(operation: str, _: Asked, **given: Any) -> dict[str, Any]:
        asked.append(operation)
        rows = given["Delete"]["Objects"] if operation == "delete_objects" else []
        return {"Errors": [{**row, "Code": "AccessDenied"} for row in rows]}

    removal = removals(refuse).remove(versions(100), dry_run=False)
    assert len(removal.refused) == 100
    assert asked.count("head_object") == LOOKS


def test_what_cannot_be_removed_now_is_sent_again() -> None:
    twice = removals(failing("SlowDown", times=2))
    assert len(twice.remove(versions(2), dry_run=False).removed) == 2
    with pytest.raises(StorageUnavailableError):
        removals(failing("SlowDown")).remove(versions(2), dry_run=False)


def test_a_version_that_is_gone_already_counts_as_removed() -> None:
    removal = removals(failing("NoSuchVersion")).remove(versions(1), dry_run=False)
    assert removal.removed == ("v0",)


def test_no_delete_marker_is_made_and_no_marker_of_a_label_is_left(
    s3_server_process: S3Server, s3_server: dict[str, str]
) -> None:
    client = s3_server_process.client()
    bucket = s3_server_process.make_bucket(f"bucket-{secrets.token_hex(6)}")
    store: VersionStore = S3Store(
        BookstoreSettings(**{**s3_server, "s3_bucket": bucket})
    )
    first, second = save(store), save(store)
    for version in (first, second):
        store.set_label(KEY, version.version_id, Label("sent"))
        store.set_label(KEY, version.version_id, None)
    save(store)
    store.remove_versions(KEY, [first])
    page = client.list_object_versions(Bucket=bucket)
    assert "DeleteMarkers" not in page
    keys = sorted(row["Key"] for row in page["Versions"])
    assert len(keys) == 4
    assert sum(second.version_id in key for key in keys) == 2


def test_a_removal_without_the_right_names_it() -> None:
    def refuse(operation: str, asked: Asked, **_: Any) -> dict[str, Any]:
        raise ForbiddenError("The store refuses access.")

    removal = removals(refuse).remove(versions(1), dry_run=False)
    assert "Allow s3:DeleteObjectVersion" in removal.refused["v0"]
