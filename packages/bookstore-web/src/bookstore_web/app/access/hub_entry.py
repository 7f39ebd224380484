"""The login of JupyterHub: a cookie for browsers, a token for servers and services.

The state of a login is in a signed cookie, and so is the token that the hub gives at
its end. Nothing of it is in this process, so any replica continues what another began.
"""

import secrets
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Blueprint, Flask, redirect, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from bookstore_core.errors import LoginRequiredError
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.access.entry import Entry
from bookstore_web.app.access.hub_client import HubClient
from bookstore_web.app.access.people import NOBODY, Kind, Person
from bookstore_web.app.context import PATH_CHARACTERS

TOKEN_COOKIE = "bookstore-login"  # noqa: S105  # the name of the cookie
STATE_COOKIE = "bookstore-login-state-"
#: Of the hub, for all of its host: it is another one after a logout.
SESSION_COOKIE = "jupyterhub-session-id"
LONGEST_SESSION = 100
#: Seconds in which a login must be finished, and after which it is asked for again.
LOGIN_WITHIN = 600
KEEP_LOGIN = 14 * 86400
#: The longest address to which a login leads back.
LONGEST_ADDRESS = 2000
#: Logins that a browser may have begun at once.
MOST_LOGINS = 5

blueprint = Blueprint("hub", __name__)


class HubEntry(Entry):
    """JupyterHub says who asks: `hub` about the token that a request has."""

    open_endpoints = frozenset({"hub.oauth_callback", "hub.top"})

    def __init__(self, settings: BookstoreSettings, hub: HubClient) -> None:
        self._hub = hub
        self.hub_url = hub.hub_url
        secret = settings.cookie_secret or hub.secret
        self._states = URLSafeTimedSerializer(secret, salt="bookstore login state")
        self._tokens = URLSafeTimedSerializer(secret, salt="bookstore login token")

    def register(self, app: Flask) -> None:
        """Add the routes of the login, and serve `app` below the service's prefix."""
        app.register_blueprint(blueprint)
        app.extensions["bookstore.hub"] = self
        app.wsgi_app = _BelowPrefix(app.wsgi_app, self._hub.prefix)  # type: ignore[method-assign]

    def close(self) -> None:
        """Close the connections to the hub."""
        self._hub.close()

    def who(self) -> Person:
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            kind, _, token = authorization.partition(" ")
            if kind.lower() not in {"token", "bearer"}:
                return NOBODY
            return self._hub.who_has(token.strip(), kind=Kind.TOKEN)
        token = _loaded(self._tokens, request.cookies.get(TOKEN_COOKIE), KEEP_LOGIN)
        if not isinstance(token, str):
            return NOBODY
        session = request.cookies.get(SESSION_COOKIE, "")[:LONGEST_SESSION]
        return self._hub.who_has(token, kind=Kind.BROWSER, session=session)

    def login(self) -> Response | None:
        if "Authorization" in request.headers:
            return None  # its token is not valid; a login would not change that
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        back = _asked_address()
        known = {
            "state": state,
            "verifier": verifier,
            "back": back if len(back) <= LONGEST_ADDRESS else "",
        }
        answer = redirect(self._hub.login_url(state, verifier))
        begun = [name for name in request.cookies if name.startswith(STATE_COOKIE)]
        for name in begun[MOST_LOGINS - 1 :]:
            answer.delete_cookie(name, path=_path())
        self._set(
            answer, _state_cookie(state), self._states.dumps(known), age=LOGIN_WITHIN
        )
        return answer

    def finish(self) -> Response:
        """Answer the browser that the hub sends back, with the cookie of its login."""
        state = request.args.get("state", "")
        name = _state_cookie(state)
        known = _loaded(self._states, request.cookies.get(name), LOGIN_WITHIN)
        code = request.args.get("code", "")
        is_ours = isinstance(known, dict) and bool(state) and known["state"] == state
        if not (is_ours and code):
            said = request.args.get("error_description", "")
            raise LoginRequiredError(
                f"The login did not succeed. {said}".strip()
                + " Open the page again to log in."
            )
        token = self._hub.token_for(code, known["verifier"])
        answer = redirect(_back(known["back"]))
        answer.delete_cookie(name, path=_path())
        self._set(answer, TOKEN_COOKIE, str(self._tokens.dumps(token)))
        return answer

    def _set(
        self, answer: Response, name: str, value: Any, *, age: int | None = None
    ) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=age,
            path=_path(),
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )


def _state_cookie(state: str) -> str:
    # One for each login, as two tabs may log in at the same time.
    letters = "".join(char for char in state[:8] if char.isalnum())
    return STATE_COOKIE + letters


def _path() -> str:
    return f"{request.root_path}/"


def _asked_address() -> str:
    """Return the path and the query of this request, as they were sent."""
    path = quote(request.root_path + request.path, safe=PATH_CHARACTERS)
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def _back(address: str) -> str:
    """Return an address of ours: what we signed, or else the first page."""
    parts = urlsplit(address)
    below = quote(_path(), safe=PATH_CHARACTERS)
    is_ours = address.startswith(below) and not (parts.scheme or parts.netloc)
    is_ours = is_ours and not {".", ".."}.intersection(parts.path.split("/"))
    return address if is_ours else f"{_path()}bookstore/"


def _loaded(signer: URLSafeTimedSerializer, value: str | None, age: int) -> Any:
    """Return what was signed; None if it was not, or too long ago."""
    try:
        return signer.loads(value or "", max_age=age)
    except BadSignature:
        return None


class _BelowPrefix:
    """WSGI middleware: splits off the prefix of the service, as SCRIPT_NAME.

    The scheme is that of the browser: the first in X-Forwarded-Proto, to which each
    proxy on the way adds its own, as the hub's does. Who forges it only misleads
    themselves: no page of another site can.
    """

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix.rstrip("/")

    def __call__(self, environ: Any, start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if not environ.get("SCRIPT_NAME") and f"{path}/".startswith(f"{self._prefix}/"):
            environ["SCRIPT_NAME"] = self._prefix
            environ["PATH_INFO"] = path.removeprefix(self._prefix) or "/"
        schemes = environ.get("HTTP_X_FORWARDED_PROTO", "")
        scheme = schemes.partition(",")[0].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)


@blueprint.get("/oauth_callback")
def oauth_callback() -> Response:
    """Finish a login, and show the page that was asked for."""
    return _entry().finish()


@blueprint.get("/")
def top() -> Response:
    """Show the first page: a hub's menu of services leads here."""
    return redirect(f"{_path()}bookstore/")


def _entry() -> HubEntry:
    from flask import current_app

    known: HubEntry = current_app.extensions["bookstore.hub"]
    return known
