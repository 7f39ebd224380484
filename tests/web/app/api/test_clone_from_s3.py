"""Cloning from S3: delete markers, foreign buckets, damaged bodies."""

import io
from collections.abc import Callable, Iterator

import pytest

from harness.s3_server import S3Server
from harness.web_app import ContentsDouble, ServerSide

URL = "/api/bookstore/clone"
SOURCE = {"s3_bucket": "books", "s3_key": "published/a.txt"}


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    server.make_bucket("others", versioned=False)
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server) -> S3Server:
    """The server with an empty versioned bucket."""
    client = s3_server.client()
    if not any(b["Name"] == "books" for b in client.list_buckets()["Buckets"]):
        s3_server.make_bucket("books")
    found = client.list_object_versions(Bucket="books")
    for entry in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
        client.delete_object(
            Bucket="books", Key=entry["Key"], VersionId=entry["VersionId"]
        )
    return s3_server


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide], s3: S3Server) -> ServerSide:
    traits = s3.settings("books")
    return make_server_side(storage="s3", clone_buckets=["others", "none"], **traits)


def put(s3: S3Server, bucket: str, key: str, data: bytes, **metadata: str) -> str:
    answer = s3.client().put_object(
        Bucket=bucket, Key=key, Body=io.BytesIO(data), Metadata=metadata
    )
    version_id: str = answer.get("VersionId", "")
    return version_id


def test_an_object_that_bookstore_did_not_write_is_cloned(
    server: ServerSide, s3: S3Server, contents: ContentsDouble
) -> None:
    version_id = put(s3, "books", "published/a.txt", b"hello")
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 200, answer.text
    assert answer.json["versionID"] == version_id
    assert contents.files["a.txt"]["content"] == "hello"


@pytest.mark.parametrize("path", ["/bookstore/clone", "/api/bookstore/cloned"])
def test_a_deleted_key_is_a_404_that_mentions_its_older_versions(
    server: ServerSide, s3: S3Server, path: str
) -> None:
    old = put(s3, "books", "published/a.txt", b"hello")
    marker = s3.client().delete_object(Bucket="books", Key="published/a.txt")
    for answer in (
        server.post(URL, json=SOURCE),
        server.get(path, query_string=SOURCE),
    ):
        assert answer.status_code == 404
        assert "has been deleted" in answer.text
    named = {**SOURCE, "s3_version_id": old}
    assert server.post(URL, json=named).status_code == 200
    named = {**SOURCE, "s3_version_id": marker["VersionId"]}
    assert server.post(URL, json=named).status_code == 404


def test_another_bucket_that_is_allowed_can_be_cloned_from(
    server: ServerSide, s3: S3Server
) -> None:
    put(s3, "others", "a.txt", b"hello")
    answer = server.post(URL, json={"s3_bucket": "others", "s3_key": "a.txt"})
    assert answer.status_code == 200, answer.text
    assert answer.json["s3_path"] == "s3://others/a.txt"


def test_another_bucket_that_does_not_exist_is_a_404(server: ServerSide) -> None:
    answer = server.post(URL, json={"s3_bucket": "none", "s3_key": "a.txt"})
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("key", ["a%20b.txt", "ü ?#&+.txt", "a//b.txt", "/a.txt"])
def test_odd_keys_are_cloned(
    server: ServerSide, s3: S3Server, contents: ContentsDouble, key: str
) -> None:
    put(s3, "books", key, b"hello")
    answer = server.post(URL, json={**SOURCE, "s3_key": key})
    assert answer.status_code == 200, answer.text
    assert contents.files[key.rpartition("/")[2]]["content"] == "hello"


@pytest.mark.parametrize("version_id", ["nothing", "..", "x" * 3000, "ü", "a\nb"])
def test_an_odd_version_id_is_a_4xx(
    server: ServerSide, s3: S3Server, version_id: str
) -> None:
    put(s3, "books", "published/a.txt", b"hello")
    answer = server.post(URL, json={**SOURCE, "s3_version_id": version_id})
    assert answer.status_code in {400, 404}, answer.text
