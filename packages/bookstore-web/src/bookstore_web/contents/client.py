"""The notebook server's contents API, asked with the credentials of the caller.

What is saved this way passes the server's own authorizer, save hooks and archiving.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import urllib3

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    TooLargeError,
)
from bookstore_web.contents.connections import open_pool

#: A model of the contents API, as parsed JSON.
Model = dict[str, Any]

#: What the server's refusals are here. Anything else is a StorageError.
REFUSALS: dict[int, type[BookstoreError]] = {
    400: InvalidRequestError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    503: StorageUnavailableError,
}


@dataclass(frozen=True)
class Caller:
    """What a call back to the server carries, so that it counts as the caller's own.

    `host` is the Host of the caller's request: the server names its cookies by it.
    """

    base_url: str
    host: str
    cookie: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)
    xsrf_token: str = field(default="", repr=False)

    def headers(self) -> dict[str, str]:
        """The headers to send; those without a value are left out."""
        values = {
            "Host": self.host,
            "Cookie": self.cookie,
            "Authorization": self.authorization,
            # On GETs too: JupyterHub asks for it on those from the same origin.
            "X-XSRFToken": self.xsrf_token,
            "Accept": "application/json",
            "User-Agent": "bookstore-web",
        }
        return {name: value for name, value in values.items() if value}


class ContentsServer:
    """A notebook server's contents API. Safe to use from several threads.

    Every method raises ForbiddenError, NotFoundError, InvalidRequestError and the like
    with the server's own message when it refuses, StorageError when it fails, and
    StorageUnavailableError when it cannot be reached.
    """

    def __init__(self, server_url: str, *, certificate_sha256: str = "") -> None:
        self._pool = open_pool(server_url, certificate_sha256=certificate_sha256)

    def list_folder(self, path: str, *, caller: Caller) -> dict[str, str]:
        """Return the names in the folder at `path`, each with its type."""
        query = {"type": "directory", "content": "1"}
        model = self._ask("GET", path, caller=caller, query=query)
        if model.get("type") != "directory":
            raise InvalidRequestError(f"{path!r} is a file on your server, no folder.")
        entries = model.get("content")
        if not isinstance(entries, list):
            raise StorageError("The notebook server answered a folder without a list.")
        return {entry.get("name", ""): entry.get("type", "") for entry in entries}

    def exists(self, path: str, *, caller: Caller) -> bool:
        """Whether there is a file or folder at `path`."""
        return self._type_of(path, caller=caller) != ""

    def _type_of(self, path: str, *, caller: Caller) -> str:
        """Return the type of what is at `path`, empty where nothing is."""
        try:
            model = self._ask("GET", path, caller=caller, query={"content": "0"})
        except NotFoundError:
            return ""
        return str(model.get("type") or "file")

    def save(self, path: str, body: bytes, *, caller: Caller) -> Model:
        """Save `body`, a model in JSON, at `path`; return the model without content.

        It goes over what is there. Sent once: after StorageUnavailableError it may be
        saved or not.
        """
        return self._ask("PUT", path, caller=caller, body=body)

    def read_bytes(self, path: str, *, caller: Caller) -> bytes:
        """Return the file at `path` as it is on disk, whatever it is."""
        query = {"type": "file", "format": "base64", "content": "1"}
        model = self._ask("GET", path, caller=caller, query=query)
        try:
            return base64.b64decode(model["content"], validate=False)
        except (LookupError, TypeError, binascii.Error):
            raise StorageError(
                "The notebook server answered a file without its content."
            ) from None

    def make_folders(self, path: str, *, caller: Caller) -> None:
        """Make the folder at `path`, and those above it, where they are not there.

        Raises ConflictError where one of them is a file.
        """
        for folder in self.missing_folders(path, caller=caller):
            body = json.dumps({"type": "directory"}).encode()
            self._ask("PUT", folder, caller=caller, body=body)

    def missing_folders(self, path: str, *, caller: Caller) -> list[str]:
        """Return which of the folder at `path` and those above it are not there.

        Raises ConflictError where one of them is a file.
        """
        parts = path.split("/") if path else []
        folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        for number, folder in enumerate(folders):
            kind = self._type_of(folder, caller=caller)
            if not kind:
                return folders[number:]
            if kind != "directory":
                raise ConflictError(
                    f"{folder!r} is a file on your server, and no folder can be there."
                )
        return []

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        caller: Caller,
        query: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> Model:
        url = f"{caller.base_url}api/contents/{quote(path)}".rstrip("/")
        headers = caller.headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._pool.request(
                method,
                f"{url}?{urlencode(query)}" if query else url,
                headers=headers,
                body=body,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise StorageUnavailableError(
                f"The notebook server does not answer ({type(error).__name__}). "
                "Try again in a moment."
            ) from error
        return _model_of(answer, path)


def _model_of(answer: urllib3.BaseHTTPResponse, path: str) -> Model:
    if not 200 <= answer.status < 300:
        _refuse(answer, path)
    try:
        model = json.loads(answer.data)
    except (ValueError, RecursionError):
        model = None
    if not isinstance(model, dict):
        raise StorageError("The notebook server answered something that is no model.")
    return model


def _refuse(answer: urllib3.BaseHTTPResponse, path: str) -> NoReturn:
    if 300 <= answer.status < 400:
        raise ForbiddenError(
            "The notebook server asks to log in: your credentials did not carry over. "
            "Open the notebook server, log in, and try again."
        )
    message = _message_of(answer)
    if answer.status == 404:
        raise NotFoundError(f"There is no {path!r} on your server. {message}".strip())
    kind = REFUSALS.get(answer.status, StorageError)
    said = message or f"status {answer.status}"
    raise kind(f"The notebook server answered: {said}")


def _message_of(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        message = json.loads(answer.data).get("message")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return message[:500] if isinstance(message, str) else ""
