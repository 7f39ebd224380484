"""Forwarding requests to gunicorn over its unix socket."""

import dataclasses
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders, HTTPInputError
from tornado.netutil import Resolver
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from bookstore_web.server.streamed_answer import StreamedAnswer
from bookstore_web.server.supervisor import GunicornSupervisor, NotRunningError
from bookstore_web.wire import CONTEXT_HEADER, RESERVED_HEADER_PREFIX, RequestContext

#: Headers for a single connection, which are not forwarded (RFC 9110, section 7.6.1).
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
#: Headers by which a client could claim to be another user or host.
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
#: Headers that the notebook server writes itself.
ITS_OWN = frozenset({"date", "server"})

#: Characters that are allowed in a request line.
URI_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "#")

METHODS_WITHOUT_BODY = frozenset({"GET", "HEAD"})
METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

CONNECT_SECONDS = 20.0
#: Large notebooks take long if the store is slow.
ANSWER_SECONDS = 1800.0
LARGEST_ANSWER = 1 << 30
#: An answer that is passed on while it arrives has no limit.
LARGEST_STREAM = 1 << 50
#: gunicorn has a few threads and queues other requests; a queue here has no advantage.
LARGEST_CROWD = 1000


class AnswerLostError(RuntimeError):
    """The connection broke after the request was sent; it may have been processed."""


class AnswerLateError(RuntimeError):
    """No answer arrived in time; the request may still be processed."""


def request_headers(headers: HTTPHeaders) -> HTTPHeaders:
    """Return the headers of a request that gunicorn may see."""
    kept = HTTPHeaders()
    named = _connection_headers(headers)
    for name, value in headers.get_all():
        lower = name.lower()
        if lower in HOP_BY_HOP or lower in named or lower == "content-length":
            continue
        # WSGI does not distinguish underscores from hyphens.
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
    # Host and the like are never hop-by-hop, even if they are named there.
    return frozenset(names) - {"host", "cookie", "authorization", "content-type"}


class SocketResolver(Resolver):
    """Resolves host names that `path_to_host` returned to unix sockets."""

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(socket.AF_UNIX, host_to_path(host))]


def path_to_host(path: str) -> str:
    """Return a path as a host name, so that each request names its own socket."""
    return path.encode().hex()


def host_to_path(host: str) -> str:
    """Return the path in a host name that `path_to_host` returned."""
    return bytes.fromhex(host).decode()


class Gateway:
    """Forwards requests to gunicorn, and starts it if it does not run."""

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
        streamed: StreamedAnswer | None = None,
    ) -> HTTPResponse:
        """Send a request to gunicorn and return its answer, of any status.

        With `streamed`, that receives the body instead.

        If no connection can be made, gunicorn is replaced, and the request is sent once
        more. If the connection breaks later, it is not, not even a GET: it may be the
        request that has ended the worker. Raises NotRunningError, AnswerLostError and
        AnswerLateError.
        """
        with self._supervisor.in_use():
            for is_last in (False, True):
                launch = await self._supervisor.ensure_running()
                sent = request_headers(headers)
                context = dataclasses.replace(context, secret=launch.secret)
                sent[CONTEXT_HEADER] = context.to_header()
                target = launch.socket_path, method, uri
                request = _request(*target, headers=sent, body=body)
                if streamed is not None:
                    request.header_callback = streamed.read_header
                    request.streaming_callback = streamed.receive
                try:
                    return await self._answer_to(request)
                except (ConnectionRefusedError, FileNotFoundError) as error:
                    await self._supervisor.replace(launch)
                    if is_last:
                        raise NotRunningError(
                            "Bookstore cannot be reached.", retry_after=1
                        ) from error
        raise AssertionError("unreachable")

    async def _answer_to(self, request: HTTPRequest) -> HTTPResponse:
        try:
            return await self._fetch(request)
        except (ConnectionRefusedError, FileNotFoundError):
            raise
        except HTTPTimeoutError as error:
            raise AnswerLateError(str(error)) from error
        except (OSError, HTTPClientError, HTTPInputError) as error:
            raise AnswerLostError(str(error)) from error

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        if self._client is None:
            # Made here because it belongs to the running event loop.
            self._client = SimpleAsyncHTTPClient(
                force_instance=True,
                resolver=SocketResolver(),
                max_clients=LARGEST_CROWD,
                max_buffer_size=LARGEST_ANSWER,
                max_body_size=LARGEST_STREAM,
            )
        return await self._client.fetch(request, raise_error=False)


def _request(
    socket_path: str, method: str, uri: str, *, headers: HTTPHeaders, body: bytes
) -> HTTPRequest:
    sent_body: bytes | None = body
    if method in METHODS_WITHOUT_BODY or (not body and method not in METHODS_WITH_BODY):
        sent_body = None
    elif "Content-Type" not in headers:
        # Otherwise the client would send it as a form.
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
    """Return a request's target; bytes that no URI contains are percent-encoded."""
    return quote(uri, safe=URI_CHARACTERS, encoding="latin-1")
