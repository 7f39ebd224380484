"""The context of a request: its caller, and the base URL.

If a notebook server launched the app, it takes the `RequestContext` that the server
sends with each request, and refuses requests without it. A standalone app takes its
base URL from SCRIPT_NAME, as any WSGI app does, and refuses requests from pages of
other sites.
"""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

from flask import request

from bookstore_core import authors
from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_web.contents.client import Caller
from bookstore_web.wire import CONTEXT_HEADER, Launch, RequestContext

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTEXT_KEY = "bookstore.context"
HEADER_KEY = "HTTP_" + CONTEXT_HEADER.upper().replace("-", "_")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Characters that are not percent-encoded in the path of a URL.
PATH_CHARACTERS = "/~!$&'()*+,;=:@"
DEFAULT_PORTS = {"http": 80, "https": 443}


class ContextMiddleware:
    """WSGI middleware: moves the context from its header, and splits off the base URL.

    A context that is missing or wrong is ignored, so that `check_caller` refuses.
    """

    def __init__(self, app: "WSGIApplication", launch: Launch) -> None:
        self._app = app
        self._secret = launch.secret

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        context = self._context_of(environ.pop(HEADER_KEY, ""))
        if context is not None:
            environ[CONTEXT_KEY] = context
            _split_path(environ, context.base_url)
        return self._app(environ, start_response)

    def _context_of(self, header: str) -> RequestContext | None:
        try:
            context = RequestContext.from_header(header)
            given = context.secret.encode()
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        expected = self._secret.encode()
        return context if hmac.compare_digest(given, expected) else None


def _split_path(environ: "WSGIEnvironment", base_url: str) -> None:
    # Base URLs are percent-encoded; WSGI paths are bytes decoded as latin-1.
    script_name = unquote_to_bytes(base_url).decode("latin-1").rstrip("/")
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if path.startswith(script_name + "/"):
        environ["SCRIPT_NAME"] = script_name
        environ["PATH_INFO"] = path.removeprefix(script_name)


def check_caller(launch: Launch | None) -> None:
    """Check that the request came through the notebook server, or from the same site.

    Raises ForbiddenError, and InvalidRequestError for a path that is not UTF-8.
    """
    if launch is not None and CONTEXT_KEY not in request.environ:
        raise ForbiddenError("This is available through the notebook server only.")
    if launch is None and request.method not in SAFE_METHODS:
        _check_origin()
    try:
        request.environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise InvalidRequestError("The path of the URL is not UTF-8.") from None


def _check_origin() -> None:
    cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site"
    origin = request.headers.get("Origin")
    if cross_site or (origin is not None and not _is_ours(origin)):
        raise ForbiddenError(
            "The request comes from a page of another site. Open bookstore's own page."
        )


def _is_ours(origin: str) -> bool:
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"//{request.host}")
        port = DEFAULT_PORTS.get(theirs.scheme)
        return (theirs.hostname, theirs.port or port) == (
            ours.hostname,
            ours.port or port,
        )
    except ValueError:
        return False


def context() -> RequestContext:
    """Return the context of this request; a standalone app makes its own."""
    known: RequestContext | None = request.environ.get(CONTEXT_KEY)
    if known is not None:
        return known
    return RequestContext(
        secret="",
        base_url=quote(request.root_path.rstrip("/") + "/", safe=PATH_CHARACTERS),
        origin=request.host_url.rstrip("/"),
    )


def caller() -> Caller:
    """Return the credentials of this request, for requests to the notebook server."""
    known = context()
    headers = request.headers
    return Caller(
        base_url=known.base_url,
        host=headers.get("Host", ""),
        cookie=headers.get("Cookie", ""),
        authorization=known.authorization or headers.get("Authorization", ""),
        xsrf_token=known.xsrf_token or headers.get("X-XSRFToken", ""),
    )


def author() -> str:
    """Return the caller's name, or the user of this process if there is none."""
    return context().user or authors.author()
