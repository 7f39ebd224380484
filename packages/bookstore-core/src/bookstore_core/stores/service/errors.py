"""Failed answers of the service, or of a proxy before it, as our own errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bookstore_core import errors
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    StorageError,
    StorageUnavailableError,
    StoreRefusedError,
    TooLargeError,
)
from bookstore_core.paths import printable

#: By name, the classes of errors that the service may answer with.
CLASSES: dict[str, type[BookstoreError]] = {
    name: known
    for name, known in vars(errors).items()
    if isinstance(known, type) and issubclass(known, BookstoreError)
}

#: Characters of a message of another server that are shown.
SHOWN = 200

URL = "Correct BookstoreSettings.service_url."


def error_form(error: BookstoreError) -> dict[str, Any]:
    """Return the JSON with which the service answers for an error."""
    return {
        "message": str(error),
        "error": type(error).__name__,
        "cause": error.cause,
        "wide": error.wide,
    }


@dataclass(frozen=True)
class Refusal:
    """A failed answer: its status, its headers, and its body.

    `url` is the address of the service; `token` is whether a token was sent.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    token: bool

    @property
    def is_ours(self) -> bool:
        """Whether bookstore itself answered, and not a proxy before it."""
        return bool(self._said.get("error"))

    @property
    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def _reason(self) -> str:
        message = self._said.get("message")
        text = message if isinstance(message, str) else ""
        return printable(" ".join(text.split()))[:SHOWN].rstrip(".")

    def error(self) -> BookstoreError:
        """Return our error for this answer."""
        said = self._said
        known = CLASSES.get(str(said.get("error")))
        if known is not None and self.status != 401:
            error = known(str(said.get("message") or "The service gave no reason."))
            cause = said.get("cause")
            error.cause = cause if isinstance(cause, str) else ""
            error.wide = bool(said.get("wide", known.wide))
            return error
        error = self._of_status()
        error.cause = str(self.status)
        return error

    def _of_status(self) -> BookstoreError:
        status = self.status
        if 300 <= status < 400:
            return self._redirected()
        if status == 401:
            return self._unknown_caller()
        if status == 403:
            return _wide(ForbiddenError(self._say("refuses the request", FORBIDDEN)))
        if status in (404, 405, 410):
            return StoreRefusedError(
                f"There is no bookstore service at {self.url}. {URL}"
            )
        if status == 413:
            return TooLargeError(self._say("refuses the content as too large", LARGE))
        if status in (409, 412):
            return ConflictError(self._say("refuses the request", ""))
        if status in (408, 425, 429) or status >= 500:
            return _wide(StorageUnavailableError(self._say("cannot answer now", "")))
        if 400 <= status < 500:
            return InvalidRequestError(self._say("does not take the request", HEADERS))
        return unlike_service(self.url)

    def _say(self, what: str, remedy: str) -> str:
        reason = f"{self._reason} ({self.status})" if self._reason else self.status
        sentence = f"The service at {self.url} {what}: {reason}."
        after = self.headers.get("Retry-After", "")
        if after.isascii() and after.isdecimal() and len(after) < 6:
            sentence += f" It asks to wait for {after} seconds."
        return f"{sentence} {remedy}".rstrip()

    def _redirected(self) -> BookstoreError:
        to = printable(self.headers.get("Location", ""))[:SHOWN]
        where = f"to {to}" if to else "to another address"
        return StoreRefusedError(
            f"The service at {self.url} redirects {where}. If that is a page to log "
            f"in, the token is not accepted: {self._about_token}. Otherwise correct "
            "BookstoreSettings.service_url."
        )

    def _unknown_caller(self) -> BookstoreError:
        reason = f" ({self._reason})" if self._reason else ""
        return StoreRefusedError(
            f"The service at {self.url} does not know who asks{reason}: "
            f"{self._about_token}."
        )

    @property
    def _about_token(self) -> str:
        if self.token:
            return (
                "stop and start this server in the hub, or set "
                "BookstoreSettings.service_token to one that is valid"
            )
        return (
            "no token was sent. Set BookstoreSettings.service_token, or "
            "JUPYTERHUB_API_TOKEN"
        )


FORBIDDEN = (
    "Check that people's servers may use it: in JupyterHub, the scope "
    "access:services!service=bookstore for servers."
)
LARGE = "Its administrator can raise BookstoreSettings.max_notebook_size there."
HEADERS = "Check the proxy before it: long names need large headers."


def unlike_service(url: str) -> BookstoreError:
    """Return the error for an answer that bookstore did not give."""
    return _wide(
        StorageError(f"The server at {url} does not answer like bookstore. {URL}")
    )


def _wide(error: BookstoreError) -> BookstoreError:
    error.wide = True
    return error
