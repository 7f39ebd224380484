"""The exact requests of the S3 store, and how it reads the answers."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    StoreRefusedError,
    VersionNotFoundError,
)
from core.saving import KEY, SAVED_AT, metadata_for, save
from core.stubbing import ACCESS_KEY, BUCKET, ENABLED, SECRET_KEY, MakeStubbed, Stubbed


def row(version_id: str, *, key: str = KEY, second: int = 0, **more: Any) -> Any:
    at = datetime(2026, 11, 23, 18, 0, second, tzinfo=UTC)
    return {
        "Key": key,
        "VersionId": version_id,
        "IsLatest": False,
        "LastModified": at,
        **more,
    }


def version(version_id: str, **more: Any) -> Any:
    return row(version_id, Size=2, **more)


def test_a_save_is_sent_with_its_metadata(stubbed: Stubbed) -> None:
    metadata = metadata_for(save_id="1f", author="Änn B", source_path="a b/100%.ipynb")
    sent = {
        "Bucket": BUCKET,
        "Key": KEY,
        "Body": ANY,
        "ContentType": "application/x-ipynb+json",
        "Metadata": {
            "bookstore-form": "1",
            "bookstore-announces": "1",
            "bookstore-save-id": "1f",
            "bookstore-saved-at": "2026-11-23T18:32:25.123456+00:00",
            "bookstore-sha256": metadata.sha256,
            "bookstore-author": "%C3%84nn%20B",
            "bookstore-source-path": "a%20b/100%25.ipynb",
        },
    }
    stubbed.answer("get_bucket_versioning", ENABLED, {"Bucket": BUCKET})
    stubbed.answer("put_object", {"VersionId": "v1"}, sent)
    stored = stubbed.store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata)
    assert (stored.version_id, stored.metadata) == ("v1", metadata)


def test_encryption_is_requested_with_each_save(make_stubbed: MakeStubbed) -> None:
    stubbed = make_stubbed(
        s3_server_side_encryption="aws:kms", s3_sse_kms_key_id="key-1"
    )
    sent = {
        "Bucket": BUCKET,
        "Key": KEY,
        "Body": ANY,
        "ContentType": ANY,
        "Metadata": ANY,
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": "key-1",
    }
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {"VersionId": "v1"}, sent)
    assert save(stubbed.store).version_id == "v1"


def test_versioning_is_checked_once(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {"VersionId": "v1"})
    stubbed.answer("put_object", {"VersionId": "v2"})
    assert [save(stubbed.store).version_id for _ in range(2)] == ["v1", "v2"]


@pytest.mark.parametrize("answer", [{}, {"Status": "Suspended"}])
def test_nothing_is_written_to_a_bucket_without_versioning(
    stubbed: Stubbed, answer: Any
) -> None:
    stubbed.answer("get_bucket_versioning", answer)
    with pytest.raises(ConfigurationError, match="not enabled"):
        save(stubbed.store)


def test_versioning_that_was_switched_off_is_noticed(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {"VersionId": "null"})
    with pytest.raises(ConfigurationError, match="not enabled"):
        save(stubbed.store)
    stubbed.answer("get_bucket_versioning", {"Status": "Suspended"})
    with pytest.raises(ConfigurationError, match="not enabled"):
        save(stubbed.store)


def test_a_version_id_that_was_not_returned_is_looked_up(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {})
    stubbed.answer("list_object_versions", {"Versions": [version("v1")]})
    metadata = {"bookstore-save-id": "1f", "bookstore-saved-at": SAVED_AT.isoformat()}
    head = {"ContentLength": 2, "LastModified": SAVED_AT, "Metadata": metadata}
    stubbed.answer("head_object", head)
    assert save(stubbed.store, save_id="1f").version_id == "v1"


def test_a_save_is_sent_once(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.fail("put_object", "SlowDown", 503)
    with pytest.raises(StorageUnavailableError):
        save(stubbed.store)
    assert stubbed.pauses == []


def test_a_read_is_repeated(stubbed: Stubbed) -> None:
    stubbed.fail("list_object_versions", "SlowDown", 503)
    stubbed.fail("list_object_versions", "InternalError", 500)
    stubbed.answer("list_object_versions", {})
    assert stubbed.store.list_versions(KEY).versions == ()
    assert len(stubbed.pauses) == 2
    assert 0 < sum(stubbed.pauses) < 2


def test_a_read_is_not_repeated_forever(stubbed: Stubbed) -> None:
    for _ in range(3):
        stubbed.fail("get_object", "SlowDown", 503)
    with pytest.raises(StorageUnavailableError, match="SlowDown"):
        stubbed.store.open(KEY)


FAILURES: list[tuple[str, int, type[BookstoreError]]] = [
    ("InternalError", 500, StorageUnavailableError),
    ("ServiceUnavailable", 503, StorageUnavailableError),
    ("SlowDown", 503, StorageUnavailableError),
    ("502", 502, StorageUnavailableError),
    ("TooManyRequests", 429, StorageUnavailableError),
    ("RequestTimeout", 400, StorageUnavailableError),
    ("ExpiredToken", 400, StorageUnavailableError),
    ("BadDigest", 400, StorageUnavailableError),
    ("AccessDenied", 403, ForbiddenError),
    ("403", 403, ForbiddenError),
    ("InvalidObjectState", 403, ForbiddenError),
    ("InvalidAccessKeyId", 403, StoreRefusedError),
    ("SignatureDoesNotMatch", 403, StoreRefusedError),
    ("RequestTimeTooSkewed", 403, StoreRefusedError),
    ("NoSuchBucket", 404, StoreRefusedError),
    ("PermanentRedirect", 301, StoreRefusedError),
    ("AuthorizationHeaderMalformed", 400, StoreRefusedError),
    ("NoSuchKey", 404, NotFoundError),
    ("404", 404, NotFoundError),
    ("NotImplemented", 501, StorageError),
    ("SomethingNew", 400, StorageError),
    ("KeyTooLongError", 400, InvalidRequestError),
]


@pytest.mark.parametrize(("code", "status", "expected"), FAILURES)
def test_a_failure_of_the_store_has_its_own_error(
    stubbed: Stubbed, code: str, status: int, expected: type[BookstoreError]
) -> None:
    for _ in range(3 if expected.retryable else 1):
        stubbed.fail("get_object", code, status, "The store's own words")
    with pytest.raises(BookstoreError) as raised:
        stubbed.store.open(KEY)
    assert type(raised.value) is expected
    if expected is not NotFoundError and code != "NoSuchBucket":
        assert "The store's own words" in str(raised.value)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("NoSuchVersion", 404),
        ("NoSuchKey", 404),
        ("InvalidArgument", 400),
        ("400", 400),
        ("404", 404),
        ("405", 405),
        ("MethodNotAllowed", 405),
    ],
)
def test_a_missing_version_has_its_own_error(
    stubbed: Stubbed, code: str, status: int
) -> None:
    stubbed.fail("get_object", code, status)
    with pytest.raises(VersionNotFoundError, match="has no version 'v1'"):
        stubbed.store.open(KEY, "v1")


def test_another_missing_bucket_is_not_a_configuration_error(
    stubbed: Stubbed,
) -> None:
    stubbed.fail("get_object", "NoSuchBucket", 404)
    with pytest.raises(NotFoundError, match="no bucket theirs"):
        stubbed.store.open(KEY, "v1", bucket="theirs")


@pytest.mark.parametrize(
    ("head", "code", "status", "expected"),
    [
        ("400", "ExpiredToken", 400, StorageUnavailableError),
        ("403", "InvalidAccessKeyId", 403, StoreRefusedError),
        ("403", "AccessDenied", 403, ForbiddenError),
        ("404", "NoSuchBucket", 404, StoreRefusedError),
        ("404", "NoSuchVersion", 404, VersionNotFoundError),
        ("405", "MethodNotAllowed", 405, VersionNotFoundError),
    ],
)
def test_the_reason_that_a_head_does_not_return_is_requested(
    stubbed: Stubbed, head: str, code: str, status: int, expected: type[BookstoreError]
) -> None:
    stubbed.fail("head_object", head, int(head))
    for _ in range(3 if expected.retryable else 1):
        stubbed.fail("get_object", code, status)
    with pytest.raises(BookstoreError) as raised:
        stubbed.store.head(KEY, "v1")
    assert type(raised.value) is expected


def test_no_secret_is_repeated(stubbed: Stubbed) -> None:
    words = f"Bad key {ACCESS_KEY} or {SECRET_KEY}"
    stubbed.fail("get_object", "SignatureDoesNotMatch", 403, words)
    with pytest.raises(ConfigurationError) as raised:
        stubbed.store.open(KEY)
    assert SECRET_KEY not in str(raised.value)
    assert ACCESS_KEY not in str(raised.value)


def test_a_body_that_is_cut_short_is_a_retryable_error(stubbed: Stubbed) -> None:
    body = StreamingBody(io.BytesIO(b"half"), 8)
    answer = {"Body": body, "ContentLength": 8, "LastModified": SAVED_AT}
    stubbed.answer("get_object", answer)
    with stubbed.store.open(KEY) as opened, pytest.raises(StorageUnavailableError):
        opened.read(100)


def test_what_bookstore_did_not_write_has_no_metadata(stubbed: Stubbed) -> None:
    answer = {"ContentLength": 8, "LastModified": SAVED_AT, "Metadata": {"a": "b"}}
    stubbed.answer("head_object", answer)
    known = stubbed.store.head(KEY)
    assert known.metadata is None
    assert known.version_id == "null"


def test_short_pages_are_continued_while_there_is_more(stubbed: Stubbed) -> None:
    pages: list[tuple[list[str], str]] = [(["v3"], "m1"), ([], "m2"), (["v2"], "")]
    asked: dict[str, Any] = {"Bucket": BUCKET, "Prefix": KEY, "MaxKeys": 9}
    for ids, marker in pages:
        page = {
            "Versions": [version(version_id) for version_id in ids],
            "IsTruncated": bool(marker),
            "NextKeyMarker": KEY,
            "NextVersionIdMarker": marker,
        }
        stubbed.answer("list_object_versions", page, asked)
        asked = {**asked, "MaxKeys": 8, "KeyMarker": KEY, "VersionIdMarker": marker}
    found = stubbed.store.list_versions(KEY, limit=9)
    assert [each.version_id for each in found.versions] == ["v3", "v2"]
    assert found.cursor is None


def test_a_full_page_continues_at_the_markers(stubbed: Stubbed) -> None:
    key = "w/100%41+.ipynb"
    page = {
        "Versions": [version("v2", key=key)],
        "IsTruncated": True,
        "NextKeyMarker": "w/100A .ipynb",  # not encoded, but decoded anyway
        "NextVersionIdMarker": "m",
    }
    asked = {"Bucket": BUCKET, "Prefix": key, "MaxKeys": 1}
    markers = {"KeyMarker": key, "VersionIdMarker": "m"}
    stubbed.answer("list_object_versions", page, asked)
    stubbed.answer(
        "list_object_versions",
        {"Versions": [version("v1", key=key)]},
        {**asked, **markers},
    )
    first = stubbed.store.list_versions(key, limit=1)
    second = stubbed.store.list_versions(key, limit=1, cursor=first.cursor)
    assert [each.version_id for each in second.versions] == ["v1"]


def test_a_list_ends_at_the_first_longer_key(stubbed: Stubbed) -> None:
    rows = [version("v1"), version("x", key=KEY + ".bak")]
    page = {"Versions": rows, "IsTruncated": True, "NextKeyMarker": KEY + ".bak"}
    stubbed.answer("list_object_versions", page)
    found = stubbed.store.list_versions(KEY)
    assert [each.version_id for each in found.versions] == ["v1"]
    assert found.cursor is None


def test_a_list_ends_if_the_next_key_is_a_longer_one(stubbed: Stubbed) -> None:
    page = {
        "Versions": [version("v1")],
        "IsTruncated": True,
        "NextKeyMarker": KEY + ".bak",
        "NextVersionIdMarker": "x",
    }
    stubbed.answer("list_object_versions", page)
    assert stubbed.store.list_versions(KEY, limit=1).cursor is None


def test_a_list_that_cannot_be_continued_is_an_error(stubbed: Stubbed) -> None:
    stubbed.answer("list_object_versions", {"IsTruncated": True})
    with pytest.raises(StorageError, match="next page"):
        stubbed.store.list_versions(KEY)


def test_delete_markers_are_listed_among_the_versions(stubbed: Stubbed) -> None:
    versions = [version("v3", second=3), version("v1", second=1)]
    markers = [row("d4", second=3, IsLatest=True), row("d2", second=2)]
    stubbed.answer(
        "list_object_versions", {"Versions": versions, "DeleteMarkers": markers}
    )
    found = stubbed.store.list_versions(KEY).versions
    assert [(each.version_id, each.deleted) for each in found] == [
        ("d4", True),
        ("v3", False),
        ("d2", True),
        ("v1", False),
    ]


def test_a_cursor_that_the_store_refuses_is_a_bad_request(stubbed: Stubbed) -> None:
    page = {"Versions": [version("v2")], "IsTruncated": True}
    stubbed.answer("list_object_versions", {**page, "NextVersionIdMarker": "v2"})
    cursor = stubbed.store.list_versions(KEY, limit=1).cursor
    stubbed.fail("list_object_versions", "InvalidArgument", 400)
    with pytest.raises(InvalidRequestError, match="cursor"):
        stubbed.store.list_versions(KEY, cursor=cursor)


def test_short_pages_of_keys_are_continued_by_token(stubbed: Stubbed) -> None:
    asked = {"Bucket": BUCKET, "Prefix": "w/", "Delimiter": "/"}
    first = {
        "Contents": [{"Key": "w/a", "Size": 1, "LastModified": SAVED_AT}],
        "IsTruncated": True,
        "NextContinuationToken": "token",
    }
    last = {"CommonPrefixes": [{"Prefix": "w/b/"}]}
    stubbed.answer("list_objects_v2", first, {**asked, "MaxKeys": 1000})
    stubbed.answer(
        "list_objects_v2", last, {**asked, "MaxKeys": 999, "ContinuationToken": "token"}
    )
    page = stubbed.store.list_keys("w")
    assert ([found.key for found in page.keys], page.folders) == (["w/a"], ("w/b/",))


def test_the_empty_object_of_a_folder_is_not_a_key(stubbed: Stubbed) -> None:
    contents = [{"Key": "w/", "Size": 0, "LastModified": SAVED_AT}]
    stubbed.answer("list_objects_v2", {"Contents": contents})
    assert stubbed.store.list_keys("w").keys == ()


def test_a_bucket_in_another_region_is_made_there(make_stubbed: MakeStubbed) -> None:
    stubbed = make_stubbed(s3_region_name="eu-central-1")
    stubbed.fail("get_bucket_versioning", "NoSuchBucket", 404)
    region = {"LocationConstraint": "eu-central-1"}
    asked = {"Bucket": BUCKET, "CreateBucketConfiguration": region}
    stubbed.answer("create_bucket", {}, asked)
    enabled = {"Bucket": BUCKET, "VersioningConfiguration": ENABLED}
    stubbed.answer("put_bucket_versioning", {}, enabled)
    assert len(stubbed.store.prepare()) == 2


def test_a_bucket_that_someone_else_has_cannot_be_made(stubbed: Stubbed) -> None:
    stubbed.fail("get_bucket_versioning", "NoSuchBucket", 404)
    stubbed.fail("create_bucket", "BucketAlreadyExists", 409)
    with pytest.raises(ConfigurationError, match="another name"):
        stubbed.store.prepare()
