"""LeanClient: botocore's client, with the most frequent calls sent with less work.

botocore chooses the endpoint of each call, validates its parameters and builds its
answer by models, which takes most of the time of a call. The first call for a bucket is
botocore's: it shows the address, the region and the headers. Later calls of the
operations here are sent to the same address, signed by botocore and over its
connections. An answer that is not as expected is read by botocore's parser, and a
bucket that redirects is left to botocore.
"""

import base64
import hashlib
import re
import threading
import zlib
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ClosedPoolError

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.client import is_aws, new_client
from bookstore_core.stores.s3.credentials import explained
from bookstore_core.stores.s3.lean.answers import (
    METADATA,
    read_headers,
    read_listing,
)
from bookstore_core.stores.s3.lean.requests import (
    Request,
    Signer,
    connections_of,
    send,
)
from bookstore_core.stores.timeouts import Timeouts

#: The names that botocore gives to headers of a PUT.
PUT_HEADERS = {
    "ContentType": "Content-Type",
    "ServerSideEncryption": "x-amz-server-side-encryption",
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
}
#: The names of parameters of listings in a query.
QUERY = {
    "Prefix": "prefix",
    "Delimiter": "delimiter",
    "MaxKeys": "max-keys",
    "KeyMarker": "key-marker",
    "VersionIdMarker": "version-id-marker",
    "ContinuationToken": "continuation-token",
    "StartAfter": "start-after",
}
#: How botocore describes the checksum of `LeanClient._checksum` on AWS.
ALGORITHM = {"algorithm": "crc32", "in": "header", "name": "x-amz-checksum-crc32"}

#: Answers to a wrong address: botocore finds the right one.
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Also the answer to a wrong region; repeated by botocore, which may know what to do.
REFUSED = 400

#: The credentials that signed a request: the region and the service.
_SCOPE = re.compile("AWS4-HMAC-SHA256 Credential=[^,]*/([^/,]+)/s3/aws4_request,")


def lean_client(settings: BookstoreSettings, timeouts: Timeouts) -> Any:
    """Return a new client for S3; raises what `new_client` raises."""
    return LeanClient(new_client(settings, timeouts), aws=is_aws(settings))


@dataclass(frozen=True)
class Place:
    """What botocore's call to a bucket showed: its URL, and how to sign for it.

    Without `connections`, botocore's session sends what is signed.
    """

    url: str  # without a final slash
    region: str
    agent: str
    connections: HTTPConnectionPool | None = None


@dataclass(frozen=True)
class Call:
    """One call of an operation, with the parameters for botocore, and as a request."""

    operation: str
    method: str
    parameters: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes = b""

    @property
    def bucket(self) -> str:
        """The bucket."""
        return str(self.parameters["Bucket"])

    @property
    def event(self) -> str:
        """The name of the operation in botocore's events."""
        return "".join(part.capitalize() for part in self.operation.split("_"))

    @property
    def path(self) -> str:
        """The path of the key below its bucket; empty for the bucket."""
        key = self.parameters.get("Key", "")
        return f"/{quote(key, safe='/~')}" if key else ""

    def read(self, answer: Any) -> dict[str, Any] | None:
        """Return a good answer as botocore does, or None if it is not as expected."""
        if self.method == "PUT":
            return {"VersionId": answer.headers.get("x-amz-version-id")}
        if self.method == "HEAD":
            return read_headers(answer.headers)
        return read_listing(answer.content)


class LeanClient:
    """A client of botocore. Safe to use from several threads."""

    def __init__(self, client: Any, *, aws: bool) -> None:
        self._client = client
        self._aws = aws
        self._places: dict[str, Place] = {}
        self._redirected: set[str] = set()
        self._seen = threading.local()
        client.meta.events.register_last("before-send.s3", self._see)
        # Without the search for former names of events, of which this one has none.
        self._events = getattr(client.meta.events, "_emitter", client.meta.events)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def head_object(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        version = parameters.get("VersionId")
        query = f"versionId={_quoted(version)}" if version else ""
        return self._call(Call("head_object", "HEAD", parameters, query=query))

    def put_object(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's; a content that is not in memory is sent by botocore."""
        body = parameters.get("Body")
        if not isinstance(body, bytes) or not body:
            return self._by_botocore(Call("put_object", "PUT", parameters))
        headers = {
            header: parameters[name]
            for name, header in PUT_HEADERS.items()
            if name in parameters
        }
        for name, value in parameters.get("Metadata", {}).items():
            headers[METADATA + name] = value
        headers.update(self._checksum(body))
        return self._call(Call("put_object", "PUT", parameters, headers, body=body))

    def list_object_versions(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        query = _query(parameters, "versions=")
        return self._call(Call("list_object_versions", "GET", parameters, query=query))

    def list_objects_v2(self, **parameters: Any) -> dict[str, Any]:
        """As botocore's."""
        query = _query(parameters, "list-type=2")
        return self._call(Call("list_objects_v2", "GET", parameters, query=query))

    def _checksum(self, body: bytes) -> dict[str, str]:
        if self._aws:
            digest = zlib.crc32(body).to_bytes(4, "big")
            return {
                "x-amz-sdk-checksum-algorithm": "CRC32",
                "x-amz-checksum-crc32": base64.b64encode(digest).decode("ascii"),
            }
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        return {"Content-MD5": base64.b64encode(md5).decode("ascii")}

    def _call(self, call: Call) -> dict[str, Any]:
        place = self._places.get(call.bucket)
        if place is None:
            return self._by_botocore(call)
        try:
            answer = self._send(place, call)
        except ClosedPoolError:  # of too many hosts; nothing was sent
            return self._by_botocore(call)
        status = answer.status_code
        if status in REDIRECTS:
            self._redirected.add(call.bucket)
            self._places.pop(call.bucket, None)
        if status in REDIRECTS or status == REFUSED:
            return self._by_botocore(call)
        if status >= 300:
            raise _error_in(answer, call)
        read = call.read(answer)
        return self._by_botocore(call) if read is None else read

    def _send(self, place: Place, call: Call) -> Any:
        path = call.path or ("" if place.url.count("/") > 2 else "/")
        query = f"?{call.query}" if call.query else ""
        request = Request(
            call.method,
            f"{place.url}{path}{query}",
            {**call.headers, "User-Agent": place.agent},
            call.body,
            # By these, botocore decides whether a content must be hashed for its
            # signature.
            context={
                "has_streaming_input": call.method == "PUT",
                "checksum": {"request_algorithm": ALGORITHM} if self._aws else {},
            },
        )
        Signer(self._credentials(), "s3", place.region).add_auth(request)
        _, answer = self._events.emit_until_response(
            f"before-send.s3.{call.event}", request=request
        )
        if answer:
            return answer
        if place.connections is not None:
            return send(place.connections, request)
        return self._client._endpoint.http_session.send(
            AWSRequest(
                request.method, request.url, request.headers, data=request.body
            ).prepare()
        )

    def _credentials(self) -> Any:
        try:
            # This renews credentials that expire soon.
            return self._client._request_signer._credentials.get_frozen_credentials()
        except Exception:  # providers raise anything
            with explained(botocore.session.Session()):
                raise

    def _by_botocore(self, call: Call) -> dict[str, Any]:
        self._seen.request = None
        answer: dict[str, Any] = getattr(self._client, call.operation)(
            **call.parameters
        )
        seen = self._seen.request
        if seen is not None and call.bucket not in self._redirected:
            place = _place_in(seen, call)
            if place is not None:
                session = self._client._endpoint.http_session
                connections = connections_of(session, place.url)
                self._places[call.bucket] = replace(place, connections=connections)
        return answer

    def _see(self, request: Any, **_: Any) -> None:
        self._seen.request = request


def _place_in(request: Any, call: Call) -> Place | None:
    """Return what a signed request shows, or None if it is signed in another way."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    scope = _SCOPE.match(headers.get("authorization", ""))
    url = request.url.partition("?")[0].rstrip("/")
    if scope is None or not url.endswith(call.path):
        return None
    bucket = url.removesuffix(call.path)
    return Place(bucket, scope[1], headers.get("user-agent", ""))


def _error_in(answer: Any, call: Call) -> ClientError:
    """Return the exception that botocore raises for an answer."""
    parsed = create_parser("rest-xml").parse(
        {
            "status_code": answer.status_code,
            "headers": answer.headers,
            "body": answer.content,
        },
        None,
    )
    return ClientError(parsed, call.event)


def _query(parameters: dict[str, Any], first: str) -> str:
    known = [
        f"{QUERY[name]}={_quoted(value)}"
        for name, value in parameters.items()
        if name != "Bucket"
    ]
    return "&".join((first, "encoding-type=url", *known))


def _quoted(value: object) -> str:
    return quote(str(value), safe="-_.~")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
