"""The lean client signs requests as botocore, and reads answers as http.client."""

import http.client
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from bookstore_core.errors import BookstoreError, StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.lean.signature import digest_of, sign
from bookstore_core.stores.s3.lean.wire import MOST, read_answer
from bookstore_core.stores.s3.store import S3Store
from core.saving import KEY, MakeStore, Traits, save
from harness.fault_proxy import Fault, FaultProxy, Kind

HOST = "ours.s3.eu-west-1.amazonaws.com"
STAMP = "%Y%m%dT%H%M%SZ"
KEYS = ["a.ipynb", "Übung 100%/ö?&=#~'(x)*.ipynb", "a//./../%2e+b", "\U0001f600", "~"]
HEADERS = [
    {},
    {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "us/1 (x)"},
    {"x-amz-meta-b": "  two   words\t", "x-amz-meta-a": "%C3%BC", "x-amz-meta-B2": ""},
]
QUERIES = [
    "",
    "versionId=v%2B1",
    "versions=&encoding-type=url&prefix=a%20b&prefix-2=x&key-marker=%C3%BC",
]


def signed_by_botocore(
    url: str, headers: dict[str, str], credentials: Any, body: bytes
) -> dict[str, str]:
    request = AWSRequest(method="PUT", url=url, headers=headers, data=body)
    S3SigV4Auth(credentials, "s3", "eu-west-1").add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("token", ["", "a/token+="])
def test_signatures_are_those_of_botocore(
    key: str, headers: dict[str, str], query: str, token: str
) -> None:
    credentials = ReadOnlyCredentials("id", "secret/+", token)
    path = f"/{quote(key, safe='/~')}"
    url = f"https://{HOST}{path}{'?' if query else ''}{query}"
    theirs = signed_by_botocore(url, dict(headers), credentials, b"{}")
    ours = dict(headers)
    sign(
        ours,
        method="PUT",
        host=HOST,
        path=path,
        query=query,
        payload=digest_of(b"{}"),
        region="eu-west-1",
        credentials=credentials,
        at=datetime.strptime(theirs["X-Amz-Date"], STAMP).replace(tzinfo=UTC),
    )
    assert ours == theirs


ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: x\r\n\r\nok and more",
    b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nT: x\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\n\r\nup to the end",
    b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Slow Down\r\nConnection: close\r\ncontent-length: 1\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\nLong: a\r\n  b\r\nContent-Length:3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("data", ANSWERS)
def test_answers_are_read_as_by_python(data: bytes, method: str) -> None:
    sock: Any = SimpleNamespace(makefile=lambda mode: io.BytesIO(data))
    theirs = http.client.HTTPResponse(sock, method=method)
    theirs.begin()
    ours = read_answer(io.BytesIO(data), method)
    assert (ours.status_code, ours.content) == (theirs.status, theirs.read())
    assert ours.stays_open or theirs.will_close or theirs.length is None
    texts = {n.lower(): " ".join(v.split()) for n, v in theirs.getheaders()}
    assert {n: " ".join(v.split()) for n, v in ours.headers.items()} == texts


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (MOST + 1) + b"\r\n",
    ],
)
def test_a_torn_answer_is_a_failure(data: bytes) -> None:
    with pytest.raises(http.client.HTTPException):
        read_answer(io.BytesIO(data), "GET")


@pytest.fixture
def proxy(s3_server: Traits) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: FaultProxy, s3_server: Traits, make_store: MakeStore) -> S3Store:
    """A store behind the proxy, which has sent requests."""
    traits = {**s3_server, "s3_bucket": make_store(s3_server).bucket}
    settings = BookstoreSettings(**{**traits, "s3_endpoint_url": proxy.url})
    store = S3Store(settings, pause=lambda seconds: None)
    save(store)
    return store


def test_requests_share_one_connection(proxied: S3Store, proxy: FaultProxy) -> None:
    for _ in range(5):
        proxied.head(save(proxied).key)
    assert proxy.connections == 1


@pytest.mark.parametrize("kind", ["refuse", "cut", "lose_answer"])
def test_a_connection_that_fails_is_opened_again(
    proxied: S3Store, proxy: FaultProxy, kind: Kind
) -> None:
    proxy.fault = Fault(kind, size=1)
    with pytest.raises(StorageUnavailableError):
        list(proxied.list_versions(KEY))
    proxy.heal()
    save(proxied)
    assert proxied.head(KEY).key == KEY


def test_a_connection_that_the_server_closes_is_opened_again(
    proxied: S3Store, proxy: FaultProxy
) -> None:
    before = proxy.connections
    proxy.hidden = frozenset({"content-length"})  # it closes after such an answer
    save(proxied)
    save(proxied)
    assert proxy.connections > before


def test_a_header_with_a_line_break_is_not_sent(
    proxied: S3Store, proxy: FaultProxy
) -> None:
    proxied._settings.s3_sse_kms_key_id = "key\r\nx-amz-acl: public-read"
    proxy.requests.clear()
    with pytest.raises(BookstoreError):
        save(proxied)
    assert proxy.requests == []
