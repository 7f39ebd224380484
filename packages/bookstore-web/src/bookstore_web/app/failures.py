"""The table of status codes for errors, and the answers to errors."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException

from bookstore_core.errors import (
    BookstoreError,
    BusyError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    HubUnavailableError,
    InvalidNotebookError,
    InvalidRequestError,
    LoginRequiredError,
    NotFoundError,
    SpoolError,
    StorageError,
    StorageUnavailableError,
    StoreRefusedError,
    TooLargeError,
    UnsupportedTypeError,
)

logger = logging.getLogger(__name__)

STATUS: Mapping[type[BookstoreError], int] = {
    BookstoreError: 500,
    ConfigurationError: 503,
    StoreRefusedError: 502,
    InvalidRequestError: 400,
    TooLargeError: 413,
    UnsupportedTypeError: 415,
    InvalidNotebookError: 422,
    ForbiddenError: 403,
    LoginRequiredError: 401,
    NotFoundError: 404,
    ConflictError: 409,
    StorageError: 502,
    StorageUnavailableError: 503,
    HubUnavailableError: 503,
    BusyError: 503,
    SpoolError: 503,
}

#: Seconds after which to retry, sent with retryable errors.
RETRY_AFTER = 5

#: Messages that replace werkzeug's.
SENTENCES = {
    404: "There is nothing at this address.",
    413: "The body is over the limit (BookstoreSettings.max_notebook_size).",
}

#: Status codes whose pages have a button to try again.
RETRIED = frozenset({500, 502, 503, 504})

#: The headings of error pages, plainer than the phrases of HTTP.
HEADINGS = {
    400: "Not a valid request",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    409: "A conflict",
    413: "Too large",
    422: "Not a valid notebook",
    500: "An error occurred",
    502: "An error occurred",
    503: "Not available now",
}


def status_of(error: BookstoreError) -> int:
    """Return the status code of an error's class, or of its nearest parent."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def register(app: Flask) -> None:
    """Register the handlers for all errors of `app`."""
    app.register_error_handler(BookstoreError, _answer_bookstore_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    for malformed in (ParseException, NoMoreData):
        app.register_error_handler(malformed, _answer_malformed)
    app.register_error_handler(Exception, _answer_unexpected)


def headers_of(error: BookstoreError) -> dict[str, str]:
    """Return the headers for the answer to an error."""
    return {"Retry-After": str(RETRY_AFTER)} if error.retryable else {}


def _answer_bookstore_error(error: BookstoreError) -> Response:
    response = _answer(status_of(error), str(error), kind=type(error).__name__)
    response.headers.update(headers_of(error))
    return response


def _answer_http_error(error: HTTPException) -> Response:
    code = error.code or 500
    sentence = SENTENCES.get(code) or error.description or HTTPStatus(code).phrase
    response = _answer(code, sentence, kind=type(error).__name__)
    # For example the Allow of a 405, but not the headers of werkzeug's body.
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _answer_malformed(error: Exception) -> Response:
    """Answer a body in chunks that are none, or that end too early."""
    sentence = "The body is not complete, or its chunks are malformed. Send it again."
    return _answer(400, sentence, kind=InvalidRequestError.__name__)


def _answer_unexpected(error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    sentence = "An error occurred in bookstore. The server's log has the details."
    return _answer(500, sentence, kind="InternalServerError")


def _answer(status: int, sentence: str, *, kind: str) -> Response:
    if _wants_page():
        heading = HEADINGS.get(status) or HTTPStatus(status).phrase
        page = render_template(
            "error.html",
            sentence=sentence,
            heading=heading,
            can_retry=status in RETRIED,
        )
        return make_response(page, status)
    response = jsonify(message=sentence, error=kind)
    response.status_code = status
    return response


def _wants_page() -> bool:
    if not request.path.startswith("/api/"):
        return True
    # The clone page also has a documented path below /api/, for browsers.
    accepted = request.accept_mimetypes.values()
    is_page = (request.blueprint or "").partition(".")[0] == "pages"
    return is_page and "text/html" in accepted
