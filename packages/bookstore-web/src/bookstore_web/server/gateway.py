"""Requests on their way to gunicorn and back, over its unix socket."""

import dataclasses
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders, HTTPInputError
from tornado.netutil import Resolver
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from bookstore_web.server.supervisor import GunicornSupervisor, NotRunningError
from bookstore_web.wire import CONTEXT_HEADER, RESERVED_HEADER_PREFIX, RequestContext

#: About one connection, and not passed on (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: By these a client could say that it is somebody else, or comes from elsewhere.
SPOOFABLE = frozenset(
    {"forwarded", "remote-user", "script-name", "x-real-ip", "x-remote-user"}
    | {"x-scheme", "x-script-name", "x-original-url", "x-rewrite-url"}
)
SPOOFABLE_PREFIXES = (
    "proxy-",
    "remote-",
    "x-forwarded-",
    RESERVED_HEADER_PREFIX.lower(),
)
#: The notebook server writes its own.
ITS_OWN = frozenset({"date", "server"})

#: What may stand in a request line as it is; anything else would break it.
URI_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")

REPEATABLE_METHODS = frozenset({"GET", "HEAD"})
METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD"})
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

CONNECT_SECONDS = 20.0
#: Large notebooks take their time between two slow stores.
ANSWER_SECONDS = 1800.0
LARGEST_ANSWER = 1 << 30
#: gunicorn has four threads and queues the rest; nothing is gained by queueing here.
LARGEST_CROWD = 1000


class AnswerLostError(RuntimeError):
    """The connection broke after the request was sent: it may have been done."""


class AnswerLateError(RuntimeError):
    """No answer in time: it may still be done."""


def request_headers(headers: HTTPHeaders) -> HTTPHeaders:
    """Return the headers of a request that gunicorn may see."""
    kept = HTTPHeaders()
    named = _connection_headers(headers)
    for name, value in headers.get_all():
        lower = name.lower()
        if lower in HOP_BY_HOP or lower in named or lower == "content-length":
            continue
        # WSGI cannot tell an underscore from a hyphen.
        if "_" in name or lower in SPOOFABLE or lower.startswith(SPOOFABLE_PREFIXES):
            continue
        kept.add(name, value)
    return kept


def answer_headers(headers: HTTPHeaders) -> Iterator[tuple[str, str]]:
    """Yield the headers of an answer that the client may see."""
    dropped = HOP_BY_HOP | ITS_OWN | _connection_headers(headers)
    for name, value in headers.get_all():
        if name.lower() not in dropped:
            yield name, value


def _connection_headers(headers: HTTPHeaders) -> frozenset[str]:
    lists = headers.get_list("Connection")
    names = (name.strip().lower() for names in lists for name in names.split(","))
    # Host and the like are not the connection's, whatever it says.
    return frozenset(names) - {"host", "cookie", "authorization", "content-type"}


class SocketResolver(Resolver):
    """Resolves host names that `path_to_host` made to the unix sockets they name."""

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(socket.AF_UNIX, host_to_path(host))]


def path_to_host(path: str) -> str:
    """Write a path as a host name, so that each request names its own socket."""
    return path.encode().hex()


def host_to_path(host: str) -> str:
    """Read a path that `path_to_host` wrote."""
    return bytes.fromhex(host).decode()


class Gateway:
    """The way to gunicorn, which is started when a request comes."""

    def __init__(self, supervisor: GunicornSupervisor) -> None:
        self._supervisor = supervisor
        self._client: SimpleAsyncHTTPClient | None = None

    async def forward(
        self,
        method: str,
        uri: str,
        *,
        headers: HTTPHeaders,
        body: bytes,
        context: RequestContext,
    ) -> HTTPResponse:
        """Send a request to gunicorn and return its answer, whatever its status.

        A gunicorn that cannot be connected to is replaced, and the request sent once
        more. When the connection breaks later, that is done only for a request that
        changes nothing. Raises NotRunningError, AnswerLostError and AnswerLateError.
        """
        for is_last in (False, True):
            launch = await self._supervisor.ensure_running()
            sent = request_headers(headers)
            context = dataclasses.replace(context, secret=launch.secret)
            sent[CONTEXT_HEADER] = context.to_header()
            try:
                return await self._fetch(
                    _request(launch.socket_path, method, uri, headers=sent, body=body)
                )
            except (ConnectionRefusedError, FileNotFoundError) as error:
                await self._supervisor.replace(launch)
                if is_last:
                    raise NotRunningError(
                        "Bookstore cannot be reached.", retry_after=1
                    ) from error
            except HTTPTimeoutError as error:
                raise AnswerLateError(str(error)) from error
            except (OSError, HTTPClientError, HTTPInputError) as error:
                if is_last or method not in REPEATABLE_METHODS:
                    raise AnswerLostError(str(error)) from error
        raise AssertionError("unreachable")

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        if self._client is None:
            # Here, not at load: it belongs to the event loop that runs.
            self._client = SimpleAsyncHTTPClient(
                force_instance=True,
                resolver=SocketResolver(),
                max_clients=LARGEST_CROWD,
                max_buffer_size=LARGEST_ANSWER,
                max_body_size=LARGEST_ANSWER,
            )
        return await self._client.fetch(request, raise_error=False)


def _request(
    socket_path: str, method: str, uri: str, *, headers: HTTPHeaders, body: bytes
) -> HTTPRequest:
    sent_body: bytes | None = body
    if method in METHODS_WITHOUT_BODY or (not body and method not in METHODS_WITH_BODY):
        sent_body = None
    elif "Content-Type" not in headers:
        # Lest the client calls it a form.
        headers["Content-Type"] = "application/octet-stream"
    headers.setdefault("Host", "localhost")
    return HTTPRequest(
        f"http://{path_to_host(socket_path)}{request_target(uri)}",
        method=method,
        headers=headers,
        body=sent_body,
        allow_nonstandard_methods=True,
        follow_redirects=False,
        decompress_response=False,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
    )


def request_target(uri: str) -> str:
    """Return a request's target as it came; bytes that no URI has, percent-encoded."""
    return quote(uri, safe=URI_CHARACTERS, encoding="latin-1")
