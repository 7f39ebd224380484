"""The context of a request: its caller, and the base URL.

If a notebook server launched the app, it takes the `RequestContext` that the server
sends with each request, and refuses requests without it. A standalone app takes its
base URL from SCRIPT_NAME, as any WSGI app does; `standalone.py` checks the request.
"""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from flask import request
from werkzeug.wrappers import Response

from bookstore_core import authors
from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.access.entry import Entry
from bookstore_web.app.access.people import NOBODY, Person
from bookstore_web.app.standalone import check_proxy, check_standalone, proxy_user
from bookstore_web.contents.client import Caller
from bookstore_web.wire import CONTEXT_HEADER, CONTEXT_KEY, Launch, RequestContext

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PERSON_KEY = "bookstore.person"
HEADER_KEY = "HTTP_" + CONTEXT_HEADER.upper().replace("-", "_")
#: Characters that are not percent-encoded in the path of a URL.
PATH_CHARACTERS = "/~!$&'()*+,;=:@"


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


def check_caller(
    launch: Launch | None, settings: BookstoreSettings, entry: Entry | None
) -> Response | None:
    """Check that the request came through the notebook server, or through the proxy.

    A service has an `entry`, which finds out who asks. Returns an answer to give
    instead of the requested one: the way to the login.

    Raises LoginRequiredError, ForbiddenError, and InvalidRequestError for a path that
    is not UTF-8 and a host that is not allowed.
    """
    answer = None
    if entry is not None:
        check_proxy(settings)
        who, answer = entry.admit()
        request.environ[PERSON_KEY] = who
        request.environ[CONTEXT_KEY] = _own_context(who.name, settings.public_url)
    elif launch is None:
        check_standalone(settings)
        request.environ[CONTEXT_KEY] = _own_context(
            proxy_user(settings), settings.public_url
        )
    elif CONTEXT_KEY not in request.environ:
        raise ForbiddenError("This is available through the notebook server only.")
    try:
        request.environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise InvalidRequestError("The path of the URL is not UTF-8.") from None
    return answer


def person() -> Person:
    """Return who sends this request to a service; `NOBODY` if that is not known."""
    known: Person | None = request.environ.get(PERSON_KEY)
    return known or NOBODY


def _own_context(user: str = "", public_url: str = "") -> RequestContext:
    return RequestContext(
        secret="",
        base_url=quote(request.root_path.rstrip("/") + "/", safe=PATH_CHARACTERS),
        origin=request.host_url.rstrip("/"),
        public_url=f"{public_url.rstrip('/')}/" if public_url else "",
        user=user,
    )


def context() -> RequestContext:
    """Return the context of this request; one of a stranger if it is refused."""
    known: RequestContext | None = request.environ.get(CONTEXT_KEY)
    return known or _own_context()


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
    """Return the caller's name; empty if it is not known.

    Behind a notebook server without names it is the user of this process, whose server
    that is. On its own, the app runs as a service that nobody is.
    """
    known = context()
    return known.user or (authors.author() if known.secret else "")
