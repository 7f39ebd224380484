"""The thorough check, which writes a version: what it finds, and what it says to do."""

import io
from typing import Any

import pytest
from botocore.response import StreamingBody

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding, VersionStore, open_store
from core.saving import MakeStore, Traits
from core.stubbing import ENABLED, MakeStubbed, Stubbed
from harness.fault_proxy import Fault, FaultProxy
from harness.s3_server import s3_traits

KEY = "workspace/.bookstore/check"
ROW = {"Key": KEY, "VersionId": "v1"}
LISTED = {"Versions": [ROW]}
TAGS = [{"Key": "bookstore-check", "Value": "1"}]


def begin(stubbed: Stubbed) -> Stubbed:
    """Answer what is asked before the probe."""
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("list_object_versions", {})
    stubbed.answer("list_objects_v2", {})
    return stubbed


def written(stubbed: Stubbed) -> Stubbed:
    """Answer the PUT of the probe, and the listing after it."""
    begin(stubbed).answer("put_object", {"VersionId": "v1"})
    stubbed.answer("list_object_versions", LISTED)
    return stubbed


def read(stubbed: Stubbed) -> None:
    body = StreamingBody(io.BytesIO(b""), 0)
    stubbed.answer("get_object", {"Body": body, "ContentLength": 0})
    stubbed.answer("head_object", {"ContentLength": 0})


def tag(stubbed: Stubbed) -> None:
    stubbed.answer("put_object_tagging", {})
    stubbed.answer("get_object_tagging", {"TagSet": TAGS})


def remove(stubbed: Stubbed) -> None:
    stubbed.answer("list_object_versions", LISTED)
    asked = {"Bucket": "ours", "Key": KEY, "VersionId": "v1"}
    stubbed.answer("delete_object", {}, asked)


def bad(store: VersionStore) -> list[Finding]:
    """Return the bad findings; each says what to do."""
    found = [
        finding for finding in store.check(thorough=True).findings if not finding.ok
    ]
    for finding in found:
        said = f"{finding.sentence} {finding.remedy}"
        assert any(verb in said for verb in WHAT_TO_DO), said
        assert said.rstrip(" ").endswith((".", "'")), said
    return found


WHAT_TO_DO = ("Allow", "Set ", "Correct", "Ask", "Check", "Make", "Restore", "Enable")
WHAT_TO_DO += ("Use ", "Choose", "Renew")


def test_the_probe_leaves_nothing_behind(s3_store: VersionStore) -> None:
    check = s3_store.check(thorough=True)
    assert check.ok, check.sentences
    assert "Versions can be labelled." in check.sentences
    assert "Notebooks can be unpublished." in check.sentences
    for key in (KEY, "published/.bookstore/check"):
        assert s3_store.list_versions(key).versions == ()
    assert s3_store.list_keys("").keys == s3_store.list_keys("").folders == ()


def test_deleting_may_be_denied(stubbed: Stubbed) -> None:
    written(stubbed)
    read(stubbed)
    tag(stubbed)
    stubbed.answer("list_object_versions", LISTED)
    stubbed.fail("delete_object", "AccessDenied", 403)
    assert bad(stubbed.store) == []


def test_unpublishing_that_is_denied_is_found(make_stubbed: MakeStubbed) -> None:
    stubbed = make_stubbed(published_prefix="published")
    written(stubbed)
    read(stubbed)
    tag(stubbed)
    remove(stubbed)
    stubbed.fail("delete_object", "AccessDenied", 403)
    (finding,) = bad(stubbed.store)
    assert "Notebooks cannot be unpublished." in finding.sentence
    assert finding.remedy == "Allow s3:DeleteObject for published/* on the bucket."


def test_the_encryption_that_a_bucket_demands_is_found(stubbed: Stubbed) -> None:
    begin(stubbed)
    for encryption in ({}, {"ServerSideEncryption": "AES256"}):
        del encryption
        stubbed.fail("put_object", "AccessDenied", 403, "explicit deny in a policy")
    stubbed.answer("put_object", {"VersionId": "v1"})
    remove(stubbed)
    [finding] = bad(stubbed.store)
    assert "takes no version without encryption" in finding.sentence
    assert finding.remedy.endswith("s3_server_side_encryption = 'aws:kms'.")


@pytest.mark.parametrize("code", ["AccessDenied", "KMS.AccessDeniedException"])
def test_a_key_that_is_denied_is_about_kms(
    make_stubbed: MakeStubbed, code: str
) -> None:
    stubbed = make_stubbed(s3_server_side_encryption="aws:kms")
    words = "You are not authorized to perform: kms:GenerateDataKey"
    begin(stubbed).fail(
        "put_object", code, 403 if code == "AccessDenied" else 400, words
    )
    [finding] = bad(stubbed.store)
    assert finding.remedy.startswith("Allow kms:GenerateDataKey and kms:Decrypt")


def test_an_encryption_that_a_store_does_not_have_is_found(
    make_stubbed: MakeStubbed,
) -> None:
    stubbed = make_stubbed(s3_server_side_encryption="AES256")
    begin(stubbed).fail("put_object", "NotImplemented", 501)
    stubbed.answer("put_object", {"VersionId": "v1"})
    remove(stubbed)
    [finding] = bad(stubbed.store)
    assert "Correct BookstoreSettings.s3_server_side_encryption" in finding.remedy


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("AccessDenied", 403, "Allow s3:PutObject on the bucket."),
        ("QuotaExceeded", 403, "Make room in the store, or raise the quota."),
        ("InvalidRequest", 400, "Ask who runs the store"),
    ],
)
def test_a_save_that_is_refused_has_a_remedy(
    stubbed: Stubbed, code: str, status: int, remedy: str
) -> None:
    begin(stubbed)
    for _ in range(3):
        stubbed.fail("put_object", code, status, "The store's own words")
    [finding] = bad(stubbed.store)
    assert "The store's own words" in finding.sentence
    assert finding.remedy.startswith(remedy)


def test_a_version_that_is_not_listed_is_found(stubbed: Stubbed) -> None:
    begin(stubbed).answer("put_object", {"VersionId": "v1"})
    for _ in range(2):
        stubbed.answer("list_object_versions", {})
    [finding] = bad(stubbed.store)
    assert "does not list it" in finding.sentence


@pytest.mark.parametrize("version_id", ["null", ""])
def test_a_version_without_an_id_is_found(stubbed: Stubbed, version_id: str) -> None:
    begin(stubbed).answer("put_object", {"VersionId": version_id})
    rows = {"Versions": [{"Key": KEY, "VersionId": "null"}]}
    stubbed.answer("list_object_versions", rows)
    stubbed.answer("list_object_versions", {})
    [finding] = bad(stubbed.store)
    assert "would overwrite" in finding.sentence


def test_a_version_that_cannot_be_read_is_found(stubbed: Stubbed) -> None:
    written(stubbed).fail("get_object", "AccessDenied", 403, "kms:Decrypt")
    tag(stubbed)
    remove(stubbed)
    [finding] = bad(stubbed.store)
    assert "cannot be read by its id" in finding.sentence
    assert "kms:Decrypt" in finding.remedy


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("AccessDenied", 403, "Allow s3:GetObjectVersionTagging"),
        ("NotImplemented", 501, "Saves are not affected."),
    ],
)
def test_a_store_without_tags_is_found(
    stubbed: Stubbed, code: str, status: int, remedy: str
) -> None:
    written(stubbed)
    read(stubbed)
    stubbed.fail("put_object_tagging", code, status)
    remove(stubbed)
    [finding] = bad(stubbed.store)
    assert finding.sentence.startswith("Labels will not work")
    assert finding.remedy.startswith(remedy)


def test_a_store_that_fails_during_the_probe_may_pass(stubbed: Stubbed) -> None:
    begin(stubbed).fail("put_object", "SlowDown", 503)
    check = stubbed.store.check(thorough=True)
    assert check.retryable
    assert "saves wait in the spool" in check.sentences[-1]


ANSWERS: list[Any] = [
    ("AccessDenied", 403),
    ("SlowDown", 503),
    ("ExpiredToken", 400),
    ("InvalidAccessKeyId", 403),
    ("SignatureDoesNotMatch", 403),
    ("RequestTimeTooSkewed", 403),
    ("NoSuchBucket", 404),
    ("404", 404),
    ("NotImplemented", 501),
    ("SomethingNew", 400),
    ("none", 302),
    ("none", 200),
    ("QuotaExceeded", 403),
    ("KMS.DisabledException", 400),
]


@pytest.mark.parametrize(("code", "status"), ANSWERS)
@pytest.mark.parametrize("methods", [(), ("PUT",), ("GET",), ("POST",)])
def test_whatever_a_store_answers_the_check_says_what_to_do(
    s3_server: Traits,
    make_store: MakeStore,
    code: str,
    status: int,
    methods: tuple[str, ...],
) -> None:
    bucket = make_store(s3_server).bucket
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        store = open_store(BookstoreSettings(**s3_traits(proxy.url, bucket)))
        proxy.fault = Fault("status", status=status, code=code, methods=methods)
        found = bad(store)
    assert found or methods in (("POST",), ("PUT",))


def test_the_right_to_remove_versions_is_checked_with_a_policy(
    make_stubbed: MakeStubbed,
) -> None:
    stubbed = written(make_stubbed(published_prefix="", prune_keep={"last": 3}))
    read(stubbed)
    tag(stubbed)
    stubbed.fail("delete_object", "AccessDenied", 403)
    remove(stubbed)
    (finding,) = bad(stubbed.store)
    assert "prune_keep is set, but versions cannot be removed" in finding.sentence
    assert finding.remedy == "Allow s3:DeleteObjectVersion on the bucket."
