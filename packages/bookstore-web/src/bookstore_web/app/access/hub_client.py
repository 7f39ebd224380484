"""What JupyterHub says: who has a token, and the token at the end of a login.

`HubOAuth` reads its settings from the environment (JUPYTERHUB_API_TOKEN and others),
which a hub sets for the services that it starts. Its requests run in a loop of their
own in a thread, so that a hub that does not answer is given up after some seconds.
"""

import asyncio
import base64
import hashlib
import threading
import time
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    HubUnavailableError,
    LoginRequiredError,
)
from bookstore_web.app.access.people import NOBODY, Kind, Person

T = TypeVar("T")

#: Seconds for which the hub's answer about a token is used again, and after which
#: another group, or a token that was taken back, counts at the latest.
KEEP = 30
#: Seconds for which a request waits for the hub, and after it once did not answer in
#: time: otherwise all threads would soon wait, also those for whom an answer is known.
PATIENCE, BRIEFLY = 8.0, 1.0
#: Seconds for which requests then wait briefly.
WARY = 30
#: Characters of a token; a hub's own have 32.
LONGEST_TOKEN = 4096


class HubClient:
    """Asks the hub. Safe to use from several threads, and before and after a fork.

    Raises ConfigurationError if jupyterhub is not installed, or the environment does
    not say which hub it is.
    """

    def __init__(self, *, admins: frozenset[str] = frozenset()) -> None:
        try:
            from jupyterhub.services import auth
        except ImportError:
            raise ConfigurationError(
                "BookstoreSettings.auth is 'hub', and jupyterhub is not installed. "
                "Install bookstore-web[hub]."
            ) from None
        self._failure = auth.HTTPError
        try:
            self._hub = auth.HubOAuth(cache_max_age=KEEP)
            known = self._hub.api_token and self._hub.oauth_client_id
        except Exception as error:  # traitlets raises what the validators raise
            raise _incomplete() from error
        if not (known and self._hub.access_scopes):
            raise _incomplete()
        self._admins = admins
        self._wary_until = 0.0
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def prefix(self) -> str:
        """The path below which the hub's proxy serves this app, with final slash."""
        return str(self._hub.base_url)

    @property
    def hub_url(self) -> str:
        """The address of the hub's own pages, with final slash."""
        return f"{self._hub.hub_host}{self._hub.hub_prefix}"

    @property
    def secret(self) -> str:
        """A secret that all replicas of the service have: the token of the service."""
        return str(self._hub.api_token)

    def login_url(self, state: str, verifier: str) -> str:
        """Return the address where the hub asks the person to log in."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        query = {
            "client_id": self._hub.oauth_client_id,
            "redirect_uri": self._hub.oauth_redirect_uri,
            "response_type": "code",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._hub.oauth_authorization_url}?{urlencode(query)}"

    def token_for(self, code: str, verifier: str) -> str:
        """Return the token for the code at the end of a login."""
        asked = self._hub.token_for_code(code, code_verifier=verifier, sync=False)
        try:
            return str(self._ask(asked))
        except self._failure as error:
            if error.status_code == 502 or _is_unreachable(error):
                raise _unavailable() from error
            raise LoginRequiredError(
                "The login is no longer valid. Open the page again to log in."
            ) from error

    def who_has(self, token: str, *, kind: Kind, session: str = "") -> Person:
        """Return who has a token; `kind` is that of a person with it.

        The hub is asked again if the `session` of a browser is another one.

        `NOBODY` if the token is not valid, or no longer. Raises ForbiddenError if it
        is not meant for this service, and HubUnavailableError.
        """
        if not (token.isascii() and token.isprintable() and " " not in token):
            return NOBODY
        if not 0 < len(token) <= LONGEST_TOKEN:
            return NOBODY
        try:
            asked = self._hub.user_for_token(token, session_id=session, sync=False)
            model = self._ask(asked)
        except self._failure as error:
            raise _unavailable() from error
        return NOBODY if model is None else self._person(model, kind)

    def close(self) -> None:
        """End the thread and its connections; a later question starts them again."""
        with self._starting:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        asyncio.run_coroutine_threadsafe(_disconnect(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        if self._thread is not None:
            self._thread.join()
        loop.close()

    def _person(self, model: Mapping[str, Any], kind: Kind) -> Person:
        if not self._hub.check_scopes(self._hub.access_scopes, model):
            scopes = " or ".join(sorted(self._hub.access_scopes))
            raise ForbiddenError(
                f"This login or token may not use bookstore: it needs the scope "
                f"{scopes}. Who runs the hub can grant it."
            )
        name = str(model["name"])
        if model.get("kind", "user") != "user":
            return Person(name, kind=Kind.SERVICE)
        return Person(
            name,
            frozenset(map(str, model.get("groups") or ())),
            # A token is in the reach of what a notebook runs: it opens what is theirs.
            admin=kind is Kind.BROWSER
            and (bool(model.get("admin")) or name in self._admins),
            kind=kind,
        )

    def _ask(self, question: Awaitable[T]) -> T:
        patience = BRIEFLY if time.monotonic() < self._wary_until else PATIENCE

        async def within() -> T:
            return await asyncio.wait_for(question, patience)

        answer = asyncio.run_coroutine_threadsafe(within(), self._started_loop())
        try:
            return answer.result()
        except TimeoutError as error:
            self._wary_until = time.monotonic() + WARY
            raise _unavailable() from error

    def _started_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                run = self._loop.run_forever
                self._thread = threading.Thread(target=run, name="hub", daemon=True)
                self._thread.start()
            return self._loop


async def _disconnect() -> None:
    from jupyterhub.httpclient import JupyterHubHTTPClient

    await JupyterHubHTTPClient.loop_instance().close()


def _is_unreachable(error: Any) -> bool:
    return str(error.log_message or "").startswith("Failed to connect")


def _unavailable() -> HubUnavailableError:
    return HubUnavailableError(
        "JupyterHub does not answer, so it is not known who you are. Try again in a "
        "moment."
    )


def _incomplete() -> ConfigurationError:
    return ConfigurationError(
        "BookstoreSettings.auth is 'hub', and the environment does not say which hub. "
        "A hub sets it for the services that it starts; otherwise set "
        "JUPYTERHUB_API_TOKEN, JUPYTERHUB_SERVICE_NAME, JUPYTERHUB_SERVICE_PREFIX, "
        "JUPYTERHUB_CLIENT_ID and JUPYTERHUB_API_URL."
    )
