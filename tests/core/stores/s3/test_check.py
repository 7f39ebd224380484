"""What the check of an S3 store finds, and how quickly."""

import socket
import time
from collections.abc import Iterator

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.s3 import connection
from bookstore_core.stores.timeouts import FOR_CHECKS
from core.saving import MakeStore, Traits, save
from core.stubbing import ENABLED, MakeStubbed, Stubbed
from harness.notebook_server import free_port
from harness.s3_server import make_bucket, s3_client, s3_traits


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def store_at(port: int) -> VersionStore:
    traits = s3_traits(f"http://127.0.0.1:{port}", "bucket")
    return open_store(BookstoreSettings(**traits))


def bad_sentences(stubbed: Stubbed) -> list[str]:
    check = stubbed.store.check()
    assert not check.retryable
    return [finding.sentence for finding in check.findings if not finding.ok]


def test_a_store_that_is_down_is_one_retryable_finding() -> None:
    store = store_at(free_port())
    check = store.check()
    assert check.retryable
    assert not check.ok
    assert len(check.findings) == 1
    assert "Connection refused" in check.sentences[0]


def test_a_store_that_hangs_is_checked_with_short_timeouts(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FOR_CHECKS", FOR_CHECKS)
    store = store_at(silent_port)
    begun = time.monotonic()
    check = store.check()
    # Generous for a busy machine: `FOR_WORK` would take 30 seconds, three times.
    assert time.monotonic() - begun < 30
    assert check.retryable
    assert "did not answer in time" in check.sentences[0]


def test_a_missing_bucket_is_reported(s3_server: Traits) -> None:
    store = open_store(BookstoreSettings(**{**s3_server, "s3_bucket": "not-made-yet"}))
    check = store.check()
    assert not check.retryable
    assert [finding.ok for finding in check.findings] == [False]
    assert "There is no bucket not-made-yet" in check.sentences[0]


def test_a_bucket_without_versioning_is_reported(s3_server: Traits) -> None:
    traits = {**s3_server, "s3_bucket": "unversioned"}
    make_bucket(s3_client(traits["s3_endpoint_url"]), "unversioned", versioned=False)
    check = open_store(BookstoreSettings(**traits)).check()
    assert not check.ok
    assert not check.retryable
    bad = [finding.sentence for finding in check.findings if not finding.ok]
    assert len(bad) == 1
    assert "not enabled" in bad[0]


def test_missing_permissions_are_reported_one_by_one(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    for operation in (
        "list_object_versions",
        "list_objects_v2",
        "create_multipart_upload",
    ):
        stubbed.fail(operation, "AccessDenied", 403, "Not you")
    bad = bad_sentences(stubbed)
    assert len(bad) == 3
    assert all("Not you" in sentence for sentence in bad)


def test_wrong_credentials_are_the_only_finding(stubbed: Stubbed) -> None:
    stubbed.fail("get_bucket_versioning", "InvalidAccessKeyId", 403, "Unknown key")
    assert bad_sentences(stubbed) == [
        "The store refuses the settings: Unknown key (InvalidAccessKeyId). "
        "Correct BookstoreSettings.s3_access_key_id."
    ]


def test_the_permission_to_read_is_tried_on_a_version(
    s3_server: Traits, make_store: MakeStore
) -> None:
    store = make_store(s3_server)
    save(store)
    assert "Versions can be read." in store.check().sentences


def test_a_store_without_multipart_uploads_is_not_a_problem(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("list_object_versions", {})
    stubbed.answer("list_objects_v2", {})
    stubbed.fail("create_multipart_upload", "NotImplemented", 501, "No parts")
    check = stubbed.store.check()
    assert check.ok
    assert "was not tried" in check.sentences[-1]


def test_writing_is_tried_with_encryption(
    make_stubbed: MakeStubbed,
) -> None:
    stubbed = make_stubbed(s3_server_side_encryption="AES256")
    place = {"Bucket": "ours", "Key": "workspace/.bookstore-check"}
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("list_object_versions", {})
    stubbed.answer("list_objects_v2", {})
    encrypted = {**place, "ServerSideEncryption": "AES256"}
    stubbed.answer("create_multipart_upload", {"UploadId": "u"}, encrypted)
    stubbed.answer("abort_multipart_upload", {}, {**place, "UploadId": "u"})
    assert stubbed.store.check().ok
