"""What the notebook server answered: a model, or an error of ours with its message."""

import json
from typing import Any, NoReturn

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

#: A model of the contents API, as parsed JSON.
Model = dict[str, Any]


class NotStreamedError(StorageError):
    """This content has to be saved as a model; nothing was written."""


#: Our errors by the server's status codes. Any other is a StorageError.
REFUSALS: dict[int, type[BookstoreError]] = {
    400: InvalidRequestError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: TooLargeError,
    501: NotStreamedError,
    503: StorageUnavailableError,
}


def is_of_no_handler(answer: urllib3.BaseHTTPResponse) -> bool:
    """Return whether a 404 means that no handler of ours saves copies there."""
    return answer.status == 404 and "place" not in _told(answer)


def model_of(answer: urllib3.BaseHTTPResponse, path: str) -> Model:
    """Return the model that was answered for a path; raise an error for any other."""
    if not 200 <= answer.status < 300:
        _refuse(answer, path)
    try:
        model = json.loads(answer.data)
    except (ValueError, RecursionError):
        model = None
    if not isinstance(model, dict):
        raise StorageError("The notebook server did not return a contents model.")
    return model


def _refuse(answer: urllib3.BaseHTTPResponse, path: str) -> NoReturn:
    if 300 <= answer.status < 400:
        raise ForbiddenError(
            "You are not logged in to the notebook server. Open it, log in, and try "
            "again."
        )
    told = _told(answer)
    kind = REFUSALS.get(answer.status, StorageError)
    message = told.get("message")
    message = message[:500] if isinstance(message, str) else ""
    if told.get("place") == "":  # no name was found, and this is our own sentence
        raise kind(message)
    if answer.status == 404:
        path = str(told.get("place", path))
        raise NotFoundError(f"There is no {path!r} on your server. {message}".strip())
    reason = message or f"status {answer.status}"
    raise kind(f"The notebook server answered: {reason}")


def _told(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """Return the JSON object of an answer, empty if there is none."""
    try:
        told = json.loads(answer.data)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
