"""Servers that answer otherwise than AWS's S3."""

import hashlib
import io
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    VersionNotFoundError,
)
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore, open_store
from bookstore_core.stores.s3.client import new_client
from bookstore_core.stores.streams import Window
from bookstore_core.stores.timeouts import FOR_WORK
from core.saving import KEY, SAVED_AT, MakeStore, Traits, contents_of, save
from core.stubbing import BUCKET, ENABLED, Stubbed
from harness.fault_proxy import Fault, FaultProxy
from harness.s3_server import s3_traits

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
METADATA = {"bookstore-save-id": "1f", "bookstore-saved-at": SAVED_AT.isoformat()}


@pytest.fixture
def proxy(s3_server: Traits) -> Iterator[FaultProxy]:
    """A proxy in front of an S3 server, which changes its answers."""
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        yield proxy


@pytest.fixture
def odd(proxy: FaultProxy, s3_server: Traits, make_store: MakeStore) -> VersionStore:
    """A store behind the proxy, in a bucket of its own."""
    bucket = make_store(s3_server).bucket
    return open_store(BookstoreSettings(**s3_traits(proxy.url, bucket)))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("code", ["none", "PermanentRedirect"])
def test_a_redirect_without_a_region_is_a_configuration_error(
    odd: VersionStore, proxy: FaultProxy, status: int, code: str
) -> None:
    proxy.fault = Fault("status", status=status, code=code)
    for ask in (odd.list_versions, odd.head, odd.open):
        with pytest.raises(ConfigurationError, match="s3_endpoint_url"):
            ask(KEY)  # type: ignore[operator]
    assert len(proxy.requests) <= 6
    assert not odd.check().ok


@pytest.mark.parametrize("hidden", ["content-length", "last-modified"])
def test_a_size_or_time_that_is_missing_is_taken_from_the_listing(
    odd: VersionStore, proxy: FaultProxy, hidden: str
) -> None:
    saved = save(odd, b"content")
    proxy.hidden = frozenset({hidden})
    [listed] = odd.list_versions(KEY).versions
    for version_id in (saved.version_id, None):
        known = odd.head(KEY, version_id)
        assert (known.size, known.stored_at) == (7, listed.stored_at)
        with odd.open(KEY, version_id) as opened:
            assert opened.read(100) == b"content"


def test_a_version_without_size_that_is_not_listed_is_an_error(
    stubbed: Stubbed,
) -> None:
    stubbed.answer("head_object", {"LastModified": AT})
    stubbed.answer("list_object_versions", {})
    with pytest.raises(StorageError, match="does not list it"):
        stubbed.store.head(KEY, "v1")


def first_version_only(path: str) -> str:
    """Remove from a request what is new in the second version of the listing."""
    return re.sub(r"(list-type|continuation-token|start-after)=[^&]*&?", "", path)


KEYS = [f"w/{name}.ipynb" for name in ("a", "b", "c/d", "c/e", "f", "g/h", "ö")]


def test_keys_are_listed_by_the_first_version_of_the_listing(
    odd: VersionStore, proxy: FaultProxy
) -> None:
    for key in (*KEYS, "w/.bookstore/x"):
        save(odd, key=key)
    proxy.rewrite = first_version_only
    walked: list[str] = []
    listed: list[str] = []
    for limit in (1, 2, 50):
        walked = all_pages(odd.walk_keys, limit)
        listed = all_pages(odd.list_keys, limit)
        assert walked == sorted(KEYS, key=str.encode)
        assert listed == [
            *(f"w/{name}.ipynb" for name in ("a", "b", "f", "ö")),
            *("w/c/", "w/g/"),
        ]


def all_pages(ask: Callable[..., Any], limit: int) -> list[str]:
    keys, folders, cursor = [], [], None
    while True:
        page = ask("w", limit=limit, cursor=cursor)
        keys += [version.key for version in page.keys]
        folders += page.folders
        cursor = page.cursor
        if cursor is None:
            return keys + sorted(set(folders))  # moto repeats them


def test_a_server_without_the_second_version_is_asked_for_the_first(
    stubbed: Stubbed,
) -> None:
    stubbed.fail("list_objects_v2", "NotImplemented", 501)
    rows = [{"Key": "w/a", "Size": 1, "LastModified": AT}]
    stubbed.answer("list_objects", {"Contents": rows, "IsTruncated": True})
    asked = {"Bucket": BUCKET, "Prefix": "w/", "Delimiter": "/", "MaxKeys": 999}
    stubbed.answer("list_objects", {}, {**asked, "Marker": "w/a"})
    assert [v.key for v in stubbed.store.list_keys("w").keys] == ["w/a"]
    stubbed.answer("list_objects", {})
    stubbed.store.list_keys("w")


def test_rows_without_ids_or_times_are_listed(stubbed: Stubbed) -> None:
    rows = [{"Key": KEY, "Size": 2}, {"Key": KEY, "VersionId": "v1"}]
    stubbed.answer("list_object_versions", {"Versions": rows})
    found = stubbed.store.list_versions(KEY).versions
    assert [version.version_id for version in found] == ["null", "v1"]
    stubbed.answer("list_objects_v2", {"Contents": [{"Key": "w/a"}], "KeyCount": 1})
    assert [version.size for version in stubbed.store.list_keys("w").keys] == [0]


@pytest.mark.parametrize("shown", [[], ["v3"]])
def test_a_server_that_lists_longer_keys_first_is_asked_for_a_large_page(
    stubbed: Stubbed, shown: list[str]
) -> None:
    longer = {"Key": f"{KEY}.bak", "VersionId": "x", "LastModified": AT}
    ours = [
        {"Key": KEY, "VersionId": v, "LastModified": AT} for v in ("v3", "v2", "v1")
    ]
    first = [longer, *(row for row in ours if row["VersionId"] in shown)]
    markers = {"NextKeyMarker": first[-1]["Key"], "NextVersionIdMarker": "m"}
    page = {"Versions": first, "IsTruncated": True, **markers}
    stubbed.answer("list_object_versions", page)
    stubbed.answer(
        "list_object_versions",
        {"Versions": [*ours, longer]},
        {"Bucket": BUCKET, "Prefix": KEY, "MaxKeys": 1000},
    )
    found = stubbed.store.list_versions(KEY, limit=2)
    assert [version.version_id for version in found.versions] == ["v3", "v2"]
    assert found.cursor is not None


@pytest.mark.parametrize("code", ["InvalidRequest", "InvalidArgument", "BadRequest"])
def test_a_malformed_version_id_is_no_such_version(stubbed: Stubbed, code: str) -> None:
    stubbed.fail("head_object", "400", 400)
    stubbed.fail("get_object", code, 400)
    with pytest.raises(VersionNotFoundError):
        stubbed.store.head(KEY, "a/b")


def test_a_version_that_needs_a_key_of_its_own_is_not_missing(stubbed: Stubbed) -> None:
    words = "The object was stored using a form of Server Side Encryption."
    stubbed.fail("get_object", "InvalidRequest", 400, words)
    with pytest.raises(StorageError, match="Server Side Encryption"):
        stubbed.store.open(KEY, "v1")


def test_a_version_in_glacier_is_to_be_restored_first(stubbed: Stubbed) -> None:
    stubbed.fail("get_object", "InvalidObjectState", 403)
    with pytest.raises(ForbiddenError, match=r"archived. Restore it in S3 first"):
        stubbed.store.open(KEY, "v1")


def test_a_save_that_is_not_listed_is_sent_once(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {})
    for _ in range(3):
        stubbed.answer("list_object_versions", {})
    with pytest.raises(StorageError, match="returned no version id") as raised:
        save(stubbed.store, save_id="1f")
    assert not raised.value.retryable
    stubbed.answer("list_object_versions", {})
    with pytest.raises(StorageError, match="returned no version id"):
        save(stubbed.store, key="w/another.ipynb")
    row = {"Key": KEY, "VersionId": "v1", "Size": 2, "LastModified": AT}
    stubbed.answer("list_object_versions", {"Versions": [row]})
    stubbed.answer(
        "head_object",
        {"ContentLength": 2, "LastModified": AT, "Metadata": METADATA},
    )
    stubbed.answer("put_object", {"VersionId": "v2"})
    assert save(stubbed.store, key="w/another.ipynb").version_id == "v2"


def test_a_key_that_is_taken_but_not_given_back_is_sent_once(stubbed: Stubbed) -> None:
    key = "w/\x01.ipynb"
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {"VersionId": "v1"})
    for _ in range(2):
        stubbed.fail("head_object", "404", 404)
        with pytest.raises(StorageError, match="does not give it back"):
            save(stubbed.store, key=key)
    stubbed.answer("put_object", {"VersionId": "v2"})
    assert save(stubbed.store).version_id == "v2"


def test_a_key_that_is_put_under_another_one_is_sent_once(stubbed: Stubbed) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.answer("put_object", {"VersionId": "v1"})
    for _ in range(2):
        stubbed.answer("head_object", {"ContentLength": 2, "LastModified": AT})
        stubbed.answer("list_object_versions", {})
        with pytest.raises(StorageError, match="does not give it back"):
            save(stubbed.store, key="w//a.ipynb")


@pytest.mark.parametrize("name", ["\x7f", "tab\t", "\u2028", "a//b"])
def test_a_key_with_odd_characters_that_a_store_takes_works(
    s3_store: VersionStore, name: str
) -> None:
    key = f"workspace/{name}.ipynb"
    save(s3_store, key=key)
    assert contents_of(s3_store, key) == [b"{}"]


@pytest.mark.parametrize("name", ["\x01", "\r", "\uffff"])
def test_a_key_that_breaks_listings_is_not_sent_to_other_servers(
    s3_server: Traits, make_store: MakeStore, name: str
) -> None:
    store = make_store(s3_server)
    with pytest.raises(InvalidRequestError, match="control character"):
        save(store, key=f"workspace/{name}.ipynb")
    assert store.list_keys("workspace").keys == ()


def test_a_key_that_a_store_does_not_know_how_to_take_is_not_a_missing_one(
    stubbed: Stubbed,
) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.fail("put_object", "404", 404)
    with pytest.raises(StorageError, match="does not take") as raised:
        save(stubbed.store)
    assert type(raised.value) is StorageError


def test_versions_that_are_listed_but_not_there_are_noticed(stubbed: Stubbed) -> None:
    row = {"Key": "workspace/a.ipynb", "VersionId": "v1", "LastModified": AT, "Size": 2}
    stubbed.answer("list_object_versions", {"Versions": [row]})
    stubbed.fail("head_object", "404", 404)
    stubbed.fail("get_object", "NoSuchKey", 404)
    stubbed.answer("list_object_versions", {"Versions": [row]})
    history = History(stubbed.store, BookstoreSettings(max_threads=1))
    with pytest.raises(StorageError, match="but answers that there are none"):
        history.page("a.ipynb")


def test_labelling_is_tried_again_after_another_change_of_the_version(
    stubbed: Stubbed,
) -> None:
    stubbed.answer("list_objects_v2", {"KeyCount": 0})
    stubbed.answer("get_object_tagging", {"TagSet": []})
    stubbed.fail("head_object", "404", 404)
    stubbed.fail("put_object", "OperationAborted", 409)
    stubbed.answer("put_object", {})
    stubbed.answer("head_object", {"ContentLength": 0})  # the marker with the name
    stubbed.fail("put_object_tagging", "OperationAborted", 409)
    stubbed.answer("put_object_tagging", {})
    tags = [{"Key": "bookstore-label", "Value": "good"}]
    stubbed.answer("get_object_tagging", {"TagSet": tags})
    stubbed.store.set_label(KEY, "v1", Label("good"))
    assert len(stubbed.pauses) == 2


def test_an_upload_that_was_aborted_by_another_change_is_not_repeated(
    stubbed: Stubbed,
) -> None:
    stubbed.answer("get_bucket_versioning", ENABLED)
    stubbed.fail("put_object", "OperationAborted", 409)
    with pytest.raises(StorageUnavailableError):
        save(stubbed.store)


class Nothing(io.BytesIO):
    """The body of an empty answer."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield from ()


def checksums_of(url: str, operation: str, **parameters: Any) -> dict[str, str]:
    """Return the headers with checksums that a client sends to a server."""
    traits = {**s3_traits(url, "b"), "s3_region_name": "eu-west-1"}
    client = new_client(BookstoreSettings(**traits), FOR_WORK)
    sent: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Nothing())

    client.meta.events.register("before-send.s3", answer)
    getattr(client, operation)(Bucket="b", Key="k", **parameters)
    wanted = ("content-md5", "x-amz-checksum-crc32", "x-amz-trailer")
    headers = {name.lower(): value for name, value in sent[0].headers.items()}
    return {name: headers[name].decode() for name in wanted if name in headers}


@pytest.mark.parametrize("size", [2, 3_000_000])
def test_a_save_to_another_server_has_a_content_md5(size: int) -> None:
    content = b"x" * size
    body = content if size == 2 else Window(io.BytesIO(b"--" + content), size + 2)
    if size > 2:
        content = b"--" + content
    digest = hashlib.md5(content).digest()  # noqa: S324  # what S3 asks for
    sent = checksums_of("http://127.0.0.1:9", "put_object", Body=body)
    assert sent == {"content-md5": b64encode(digest).decode()}


def test_labels_on_another_server_have_a_content_md5() -> None:
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    sent = checksums_of("http://127.0.0.1:9", "put_object_tagging", Tagging=tags)
    assert "content-md5" in sent


def test_an_address_of_aws_gets_the_checksums_of_aws() -> None:
    sent = checksums_of("https://s3.eu-west-1.amazonaws.com", "put_object", Body=b"x")
    assert sent == {"x-amz-trailer": "x-amz-checksum-crc32"}


def refuse(stubbed: Stubbed, *rows: dict[str, Any], kind: str = "Versions") -> None:
    """Refuse to show a key, and list these rows."""
    stubbed.fail("head_object", "403", 403)
    stubbed.fail("get_object", "AccessDenied", 403)
    stubbed.answer("list_object_versions", {kind: list(rows)})


def test_what_is_not_there_is_refused_to_who_may_list_a_prefix_alone(
    stubbed: Stubbed,
) -> None:
    row = {"Key": KEY, "VersionId": "v1", "LastModified": AT, "IsLatest": True}
    refuse(stubbed)
    with pytest.raises(NotFoundError):
        stubbed.store.head(KEY)
    refuse(stubbed, row, kind="DeleteMarkers")
    with pytest.raises(NotFoundError):
        stubbed.store.head(KEY)
    refuse(stubbed, {**row, "Size": 2})
    with pytest.raises(VersionNotFoundError):
        stubbed.store.head(KEY, "v2")
    refuse(stubbed, {**row, "Size": 2})
    with pytest.raises(ForbiddenError):
        stubbed.store.head(KEY, "v1")


def test_who_may_not_list_either_is_refused(stubbed: Stubbed) -> None:
    stubbed.fail("get_object", "AccessDenied", 403, "Not you")
    stubbed.fail("list_object_versions", "AccessDenied", 403)
    with pytest.raises(ForbiddenError, match="Not you"):
        stubbed.store.open(KEY)
