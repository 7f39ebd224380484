"""The notebook server's handlers for bookstore: authorization and proxying."""

import json
import math
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qs

from jupyter_core.utils import ensure_async
from tornado import web
from tornado.escape import to_unicode
from tornado.httpclient import HTTPResponse
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError

from bookstore_core.jupyter.running_server import is_classic, settings_of
from bookstore_core.origins import archives
from bookstore_web.server.free_places import FreePlaces
from bookstore_web.server.front_end import front_end
from bookstore_web.server.gateway import (
    AnswerLateError,
    AnswerLostError,
    Gateway,
    answer_headers,
)
from bookstore_web.server.public_address import public_address
from bookstore_web.server.streamed_answer import StreamedAnswer
from bookstore_web.server.supervisor import NotRunningError
from bookstore_web.wire import RequestContext

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: The resource for jupyter_server's authorizer, that of the contents API.
AUTH_RESOURCE = "contents"

#: What is said if the answer to a request was lost: one that changes something, or not.
LOST = (
    "The answer of bookstore was lost. Check whether it was done before you try again.",
    "Bookstore ended while it worked on this, and is started again. If it ends again, "
    "this cannot be shown.",
)
FORM = "application/x-www-form-urlencoded"
XSRF_HEADER = "X-XSRFToken"
#: Servers give a random name to users who log in with a token.
RANDOM_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Frontier:
    """The parts that all handlers of a server share; `largest_body` is in bytes."""

    app: Any
    gateway: Gateway
    largest_body: int
    places: FreePlaces = field(default_factory=FreePlaces)


class ProxyHandler(web.RequestHandler):
    """Passes on a request to gunicorn if the server's contents API would allow it.

    A mixin for the base handler of the running server, see `handler_class`.
    """

    auth_resource = AUTH_RESOURCE

    def set_default_headers(self) -> None:
        """Set the headers of the server's own answers, as the app sets those of its."""
        copy_form_token(self.request)
        super().set_default_headers()
        self.set_header("Cross-Origin-Opener-Policy", "same-origin")

    def initialize(self, frontier: Frontier, is_api: bool) -> None:
        """Take the arguments of the route."""
        self._frontier = frontier
        self._is_api = is_api

    @web.authenticated
    async def get(self) -> None:
        """Pass the request on; this is the same for all methods."""
        await self._pass_on()

    head = post = put = delete = patch = options = get

    async def _pass_on(self) -> None:
        await self._check_rights()
        self._check_size()
        request = self.request
        method = request.method
        assert method is not None
        assert request.uri is not None
        streamed = StreamedAnswer(self._start_answer, self._write_some)
        try:
            answer = await self._frontier.gateway.forward(
                method,
                request.uri,
                headers=request.headers,
                body=request.body,
                context=self._context(),
                streamed=streamed if request.method == "GET" else None,
            )
        except NotRunningError as error:
            raise web.HTTPError(503, str(error)) from error
        except (AnswerLateError, AnswerLostError) as error:
            if streamed.started:
                self._break_off(error)
                return
            self._refuse(error)
        if not streamed.started:
            self._start_answer(answer, answer.headers, whole=True)
            if body := streamed.body or answer.body:
                self.write(body)
        self.finish()

    def _refuse(self, error: Exception) -> NoReturn:
        if isinstance(error, AnswerLateError):
            raise web.HTTPError(
                504,
                "Bookstore took too long. Check whether it was done, then try again.",
            ) from error
        raise web.HTTPError(
            502, LOST[self.request.method in READING_METHODS]
        ) from error

    async def _check_rights(self) -> None:
        method = self.request.method
        if method not in READING_METHODS:
            # Checked here too, because the server's settings may turn these checks off.
            self.check_xsrf_cookie()
            if not self.check_origin():  # type: ignore[attr-defined]
                raise web.HTTPError(403, "The request comes from another site.")
        authorizer = self.settings.get("authorizer")
        if authorizer is None or is_classic(self._frontier.app):
            return
        action = "read" if method in READING_METHODS else "write"
        if not await ensure_async(
            authorizer.is_authorized(self, self.current_user, action, AUTH_RESOURCE)
        ):
            raise web.HTTPError(
                403, f"You are not authorized to {action} {AUTH_RESOURCE}."
            )

    def query_values(self, name: str) -> list[str]:
        """Return the values of a field of the query as they were sent.

        Tornado replaces control characters, which names of files may have.
        """
        try:
            return parse_qs(
                self.request.query, keep_blank_values=True, errors="strict"
            ).get(name, [])
        except UnicodeDecodeError as error:
            raise web.HTTPError(400, "The query is not valid UTF-8.") from error

    def query_value(self, name: str) -> str:
        """Return the last value of a field of the query, empty if there is none."""
        return (self.query_values(name) or [""])[-1]

    def _check_size(self) -> None:
        largest = self._frontier.largest_body
        if len(self.request.body) > largest:
            raise web.HTTPError(413, f"The body is over {largest} bytes.")

    def _context(self) -> RequestContext:
        authorization = self.request.headers.get("Authorization", "")
        token = self.get_query_argument("token", "")
        if token:  # the server prefers it too
            authorization = f"token {token}"
        origin = f"{self.request.protocol}://{self.request.host}"
        return RequestContext(
            secret="",
            base_url=self.settings.get("base_url", "/"),
            origin=origin,
            # JupyterHub's mixin makes it text instead of bytes.
            xsrf_token=to_unicode(self.xsrf_token),
            user=user_name(self.current_user),
            authorization=authorization,
            public_url=self._public_url(origin),
            ui=front_end(self._frontier.app),
            archives=archives(self.settings.get("contents_manager")),
        )

    def _public_url(self, origin: str) -> str:
        settings = settings_of(self._frontier.app)
        given = settings.public_url if settings else ""
        base_url = self.settings.get("base_url", "/")
        return public_address(given, origin, base_url, os.environ)

    async def _write_some(self, data: bytes) -> None:
        """Send some of the body; nothing if the client has left."""
        with suppress(StreamClosedError):
            self.write(data)
            await self.flush()

    def _break_off(self, error: Exception) -> None:
        """Close the connection, so that the client does not take it for the end."""
        self._frontier.app.log.warning("A download ended early: %s", error)
        self.request.connection.stream.close()  # type: ignore[union-attr]

    def _start_answer(
        self,
        line: HTTPResponse | ResponseStartLine,
        headers: HTTPHeaders,
        *,
        whole: bool = False,
    ) -> None:
        """Set the status and the headers; of a `whole` answer, not the length."""
        whole = whole and self.request.method != "HEAD"
        self.set_status(line.code, line.reason)
        self.clear_header("Content-Type")
        seen = {"set-cookie"}
        for name, value in answer_headers(headers):
            if name.lower() == "content-length" and whole:
                continue
            # The app's own headers replace the server's defaults.
            if name.lower() in seen:
                self.add_header(name, value)
            else:
                self.set_header(name, value)
                seen.add(name.lower())

    def compute_etag(self) -> str | None:
        """Return None: the app sets its own headers."""
        return None

    def get_login_url(self) -> str:
        """Return the login URL for pages; raise a 403 for the API."""
        if not self._wants_page:
            raise web.HTTPError(403)
        return super().get_login_url()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error with JSON like the app's, or with the server's page."""
        error = kwargs.get("exc_info", (None, None))[1]
        cause = getattr(error, "__cause__", None)
        if isinstance(cause, NotRunningError):
            self.set_header("Retry-After", max(1, math.ceil(cause.retry_after)))
        if self._wants_page:
            super().write_error(status_code, **kwargs)
            return
        message = message_of(error) if isinstance(error, web.HTTPError) else ""
        phrase = self._reason
        self.set_header("Content-Type", "application/json")
        self.finish(
            json.dumps(
                {"message": message or f"{phrase}.", "error": phrase.replace(" ", "")}
            )
        )

    @property
    def _wants_page(self) -> bool:
        if not self._is_api:
            return True
        # The clone page also has a documented path below /api/.
        accepted = self.request.headers.get("Accept", "")
        return self.request.method in {"GET", "HEAD"} and "text/html" in accepted


def message_of(error: web.HTTPError) -> str:
    """Return what an error says to the client, empty if that is its status alone."""
    return error.log_message % error.args if error.log_message else ""


def copy_form_token(request: HTTPServerRequest) -> None:
    """Copy the token against forged requests from a form to its header.

    A classic server below JupyterHub looks for it before tornado has read the form.
    """
    kind = request.headers.get("Content-Type", "")
    if not kind.startswith(FORM) or XSRF_HEADER in request.headers:
        return
    fields = parse_qs(request.body.decode("latin-1"))
    if token := fields.get("_xsrf"):
        request.headers[XSRF_HEADER] = token[-1]


def user_name(user: Any) -> str:
    """Return the name of a server's current user; empty if it is random.

    On classic, `user` is a name, also as bytes, or the hub's model with one; on
    jupyter_server, it is a User.
    """
    if isinstance(user, bytes):
        user = user.decode(errors="replace")
    if isinstance(user, dict):
        user = user.get("name", "")
    name = str(getattr(user, "username", user) or "")
    return "" if name == "anonymous" or RANDOM_NAME.fullmatch(name) else name


def handler_class(app: Any, kind: type[ProxyHandler]) -> type[ProxyHandler]:
    """Return a kind of handler for this server, with the server's base handler."""
    return type(f"Bookstore{kind.__name__}", (kind, _base_handler(app)), {})


def _base_handler(app: Any) -> type[web.RequestHandler]:
    if is_classic(app):
        from notebook.base.handlers import IPythonHandler

        classic: type[web.RequestHandler] = IPythonHandler
        return classic
    from jupyter_server.base.handlers import JupyterHandler

    return JupyterHandler
