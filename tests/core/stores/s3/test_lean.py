"""The calls that are sent with less work do what botocore's do."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.client import new_client
from bookstore_core.stores.s3.lean.answers import read_headers, read_listing
from bookstore_core.stores.s3.lean.client import LeanClient, lean_client
from bookstore_core.stores.s3.lean.requests import Request, Signer
from bookstore_core.stores.timeouts import FOR_WORK
from core.conftest import S3_KINDS
from core.saving import KEY, MakeStore, Traits, save
from harness.fault_proxy import Fault, FaultProxy

KEYS = [
    KEY,
    "workspace/a b+c.ipynb",
    "workspace/Übung 100%/ö?&=#~'(x).ipynb",
    "workspace/a//b.ipynb",
    "workspace/./c/../d.ipynb",
    "workspace/%2e%2F.ipynb",
]


class Both:
    """A client of botocore and a lean one, which has called its bucket before."""

    def __init__(self, traits: Traits, bucket: str) -> None:
        settings = BookstoreSettings(**{**traits, "s3_bucket": bucket})
        self.bucket = bucket
        self.botocore = new_client(settings, FOR_WORK)
        self.lean = lean_client(settings, FOR_WORK)
        self.direct: list[str] = []
        self.lean.list_objects_v2(Bucket=bucket)
        assert self.lean._places
        self.lean.meta.events.register("before-call.s3", self._count)

    def _count(self, model: Any, **_: Any) -> None:
        self.direct.append(model.name)

    def call(self, operation: str, **parameters: Any) -> list[Any]:
        """Return what each of the two answers, or raises."""
        return [
            _outcome(getattr(client, operation), Bucket=self.bucket, **parameters)
            for client in (self.botocore, self.lean)
        ]


def _outcome(call: Callable[..., Any], **parameters: Any) -> Any:
    try:
        answer = call(**parameters)
    except ClientError as error:
        answer = error.response
    answer.pop("HostId", None)
    answer.get("Error", {}).pop("RequestId", None)
    answer["ResponseMetadata"] = {
        "HTTPStatusCode": answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
    }
    return answer


@pytest.fixture(params=[kind for kind in S3_KINDS if kind != "moto"])
def both(request: pytest.FixtureRequest, make_store: MakeStore) -> Both:
    traits: Traits = request.getfixturevalue(request.param)
    return Both(traits, make_store(traits).bucket)


@pytest.fixture
def proxy(s3_server: Traits) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        yield proxy


def only(answer: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    return {name: answer.get(name) for name in known}


@pytest.mark.parametrize("key", KEYS)
def test_a_version_is_put_and_described_as_by_botocore(both: Both, key: str) -> None:
    metadata = {"bookstore-author": "ann", "bookstore-odd": "%C3%BC, x"}
    put = both.lean.put_object(
        Bucket=both.bucket,
        Key=key,
        Body=b"{}",
        ContentType="application/x-ipynb+json",
        Metadata=metadata,
    )
    theirs, ours = both.call("head_object", Key=key, VersionId=put["VersionId"])
    assert ours == only(theirs, ours)
    assert ours["Metadata"] == metadata
    assert theirs["ContentType"] == "application/x-ipynb+json"
    assert both.direct == []


def test_lists_are_those_of_botocore(both: Both) -> None:
    for key in KEYS:
        for client in (both.botocore, both.lean):
            client.put_object(Bucket=both.bucket, Key=key, Body=b"x", Metadata={})
    both.lean.delete_object(Bucket=both.bucket, Key=KEYS[1])
    both.direct.clear()
    for operation, parameters in [
        ("list_object_versions", {"Prefix": "workspace/", "MaxKeys": 5}),
        ("list_object_versions", {"Prefix": KEYS[2], "MaxKeys": 1}),
        ("list_objects_v2", {"Prefix": "workspace/", "Delimiter": "/"}),
        ("list_objects_v2", {"Prefix": "work", "StartAfter": KEYS[2], "MaxKeys": 2}),
        ("list_objects_v2", {"Prefix": "nothing"}),
    ]:
        theirs, ours = both.call(operation, **parameters)
        for rows in ("Versions", "DeleteMarkers", "Contents", "CommonPrefixes"):
            mine = ours.get(rows, [])
            found = zip(theirs.get(rows, []), mine, strict=True)
            for known, row in found:
                # Ceph has a member more, which botocore leaves out.
                names = known.keys() - {"Owner"}
                assert only(row, names) == only(known, names)
        for name in ("IsTruncated", "NextKeyMarker", "NextVersionIdMarker", "KeyCount"):
            assert ours.get(name) == theirs.get(name)
    assert both.direct == []


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("head_object", {"Key": "missing"}),
        ("head_object", {"Key": KEY, "VersionId": "00000000000000000000000000000000"}),
        ("list_object_versions", {"Prefix": "a", "MaxKeys": 0}),
    ],
)
def test_failures_are_those_of_botocore(
    both: Both, operation: str, parameters: dict[str, Any]
) -> None:
    both.lean.put_object(Bucket=both.bucket, Key=KEY, Body=b"x", Metadata={})
    theirs, ours = both.call(operation, **parameters)
    assert ours.get("Error") == theirs.get("Error")
    assert ours["ResponseMetadata"] == theirs["ResponseMetadata"]


@pytest.mark.parametrize(("status", "code"), [(403, ""), (503, ""), (400, "BadDigest")])
def test_errors_of_the_store_are_those_of_botocore(
    proxy: FaultProxy, make_store: MakeStore, s3_server: Traits, status: int, code: str
) -> None:
    bucket = make_store(s3_server).bucket
    both = Both({**s3_server, "s3_endpoint_url": proxy.url}, bucket)
    proxy.fault = Fault("status", status=status, code=code)
    theirs, ours = both.call("put_object", Key=KEY, Body=b"{}", Metadata={})
    assert ours == theirs
    assert ours["Error"]["Code"]


def test_a_redirected_bucket_is_left_to_botocore(
    proxy: FaultProxy, make_store: MakeStore, s3_server: Traits
) -> None:
    bucket = make_store(s3_server).bucket
    both = Both({**s3_server, "s3_endpoint_url": proxy.url}, bucket)
    proxy.fault = Fault("status", status=301, code="PermanentRedirect")
    both.call("head_object", Key=KEY)
    proxy.heal()
    both.direct.clear()
    both.call("list_objects_v2")
    both.call("list_objects_v2")
    assert both.direct == ["ListObjectsV2", "ListObjectsV2"]


def test_content_that_is_not_in_memory_is_sent_by_botocore(both: Both) -> None:
    body = io.BytesIO(b"{}")
    both.lean.put_object(Bucket=both.bucket, Key=KEY, Body=body, Metadata={})
    assert both.direct == ["PutObject"]


def answering(client: Any) -> list[Any]:
    """Answer every request with 200; return the list that it is added to."""
    sent: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Nothing())

    client.meta.events.register("before-send.s3", answer)
    return sent


class Nothing(io.BytesIO):
    """The body of an empty answer."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield from ()


def headers_of(request: Any) -> dict[str, str]:
    found = {name.lower(): value for name, value in request.headers.items()}
    return {n: v.decode() if isinstance(v, bytes) else v for n, v in found.items()}


@pytest.mark.parametrize(
    ("region", "style", "bucket", "host"),
    [
        ("eu-west-1", "auto", "ours", "https://ours.s3.eu-west-1.amazonaws.com/"),
        ("eu-west-1", "auto", "my.own", "https://s3.eu-west-1.amazonaws.com/my.own/"),
        ("", "path", "ours", "https://s3.amazonaws.com/ours/"),
    ],
)
def test_addresses_and_signatures_of_aws(
    region: str, style: str, bucket: str, host: str
) -> None:
    client: LeanClient = lean_client(
        BookstoreSettings(
            s3_region_name=region,
            s3_addressing_style=style,
            s3_access_key_id="a",
            s3_secret_access_key="b",
            s3_session_token="token",
        ),
        FOR_WORK,
    )
    sent = answering(client)
    for _ in range(2):
        client.put_object(Bucket=bucket, Key="k ü", Body=b"x", Metadata={"a": "1"})
        client.head_object(Bucket=bucket, Key="k ü", VersionId="v+1")
    theirs, ours = headers_of(sent[0]), headers_of(sent[2])
    assert sent[2].url == sent[0].url == f"{host}k%20%C3%BC"
    assert sent[3].url == f"{host}k%20%C3%BC?versionId=v%2B1"
    assert ours["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert ours["x-amz-checksum-crc32"]
    for name in ("x-amz-security-token", "x-amz-meta-a", "user-agent"):
        assert ours[name] == theirs[name]
    scope = f"/{region or 'us-east-1'}/s3/aws4_request"
    assert scope in ours["authorization"]
    assert "content-length" not in headers_of(sent[3])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<html/>",
        b"<ListBucketResult><Contents><Size>x</Size></Contents></ListBucketResult>",
        b"<ListVersionsResult><Version><LastModified>now</LastModified></Version>"
        b"</ListVersionsResult>",
    ],
)
def test_an_unexpected_listing_is_not_read(body: bytes) -> None:
    assert read_listing(body) is None


def test_unexpected_headers_are_not_read() -> None:
    assert read_headers({"Content-Length": "many"}) is None
    assert read_headers({"Last-Modified": "yesterday"}) is None


def test_an_answer_that_is_not_as_expected_is_read_by_botocore(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bookstore_core.stores.s3.lean.client.read_listing", lambda data: None
    )
    assert both.lean.list_objects_v2(Bucket=both.bucket)["KeyCount"] == 0
    assert both.direct == ["ListObjectsV2"]


def test_a_store_uses_the_lean_client(s3_server: Traits, make_store: MakeStore) -> None:
    store: Any = make_store(s3_server)
    save(store)
    [made] = store._connection._clients.values()
    assert made.client._places


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/b/k%20k", "https://b.s3.aws/k?a=1"]
)
def test_a_signature_is_that_of_botocore(url: str) -> None:
    credentials = ReadOnlyCredentials("a", "b", "token")
    headers = {"User-Agent": "x", "Content-MD5": "m==", "x-amz-meta-Odd": " a  b "}
    sent = Request("PUT", url, headers, b"{}")
    Signer(credentials, "s3", "eu-west-1").add_auth(sent)
    authorization = sent.headers.pop("Authorization")
    again = AWSRequest("PUT", url, sent.headers, b"{}")
    again.context = sent.context
    signer = S3SigV4Auth(credentials, "s3", "eu-west-1")
    signed = signer.string_to_sign(again, signer.canonical_request(again))
    assert authorization.endswith(f"Signature={signer.signature(signed, again)}")
    assert "x-amz-meta-odd;x-amz-security-token," in authorization
