"""What a service asks of JupyterHub: who has a token, and a token for a code."""

import json
import threading
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

SCOPE = "access:services!service=bookstore"
SERVICE_TOKEN = "the-token-of-the-service"


def environment_of(url: str) -> dict[str, str]:
    """Return the environment that a hub at `url` gives to the service `bookstore`."""
    return {
        "JUPYTERHUB_API_TOKEN": SERVICE_TOKEN,
        "JUPYTERHUB_API_URL": f"{url}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "service-bookstore",
        "JUPYTERHUB_SERVICE_NAME": "bookstore",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/bookstore/",
    }


class FakeHub:
    """The API of a hub, as far as a service asks it.

    `models` are the owners of tokens, `codes` the tokens of logins. It is down if
    `status` is set, and hangs while `answering` is not. `asked` counts requests by
    path.
    """

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, str] = {}
        self.status = 0
        self.asked: Counter[str] = Counter()
        self.answering = threading.Event()
        self.answering.set()

    def give(self, token: str, name: str, **more: Any) -> str:
        """Give a token to a user, or to what `kind` says; return the token."""
        known = {"kind": "user", "name": name, "groups": [], "admin": False}
        self.models[token] = known | {"scopes": [SCOPE]} | more
        return token

    def code_for(self, token: str) -> str:
        """Return the code of a login that gives this token."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = token
        return code

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        self.asked[request.path] += 1
        self.answering.wait(60)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self.status:
            return Response("{}", self.status)
        if request.path == "/hub/api/oauth2/token":
            return self._token(request)
        token = request.headers.get("Authorization", "").removeprefix("token ")
        if request.path != "/hub/api/user" or token not in self.models:
            return Response("{}", 403)
        return _json(self.models[token])

    def _token(self, request: Request) -> Response:
        token = self.codes.pop(request.form["code"], None)
        if token is None or request.form["client_secret"] != SERVICE_TOKEN:
            return _json({"error": "invalid_grant"}, 400)
        assert request.form["code_verifier"]
        return _json({"access_token": token})


def callback(address: str, code: str) -> str:
    """Return the path to which the hub sends a browser back from its login page."""
    query = Request.from_values(address).args
    known = urlencode({"code": code, "state": query["state"]})
    return f"{query['redirect_uri']}?{known}"


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
