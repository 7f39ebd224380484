"""Bodies and fields of requests: parsed strictly, so that what is wrong is a 4xx."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import request

from bookstore_core.errors import InvalidRequestError, TooLargeError

#: Bytes that any body but a notebook may have.
SMALL_BODY = 64 * 1024


def read_body() -> bytes:
    """Return the request's body, or raise TooLargeError over MAX_CONTENT_LENGTH."""
    data = request.get_data(cache=False)
    limit = request.max_content_length
    # A body that came in chunks is cut off at the limit without a word.
    if limit is not None and request.content_length is None and len(data) >= limit:
        raise TooLargeError(f"The body is over {limit} bytes.")
    return data


def read_small_body() -> bytes:
    """Return the request's body, or raise TooLargeError when it is not small.

    The body is read to its end before it is refused: a worker that answers and closes
    early looks like a broken gateway from the other side of a proxy.
    """
    data = read_body()
    if len(data) > SMALL_BODY:
        raise TooLargeError(f"The body is over {SMALL_BODY} bytes.")
    return data


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises InvalidRequestError for anything that is not one in UTF-8, and for what JSON
    does not have or does not define: NaN, infinities, a name given twice.
    """
    if not body.strip():
        raise InvalidRequestError("The body is empty. Send a JSON object.")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_of,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"The body is not UTF-8, at byte {error.start}."
        ) from None
    except ValueError as error:
        raise InvalidRequestError(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise InvalidRequestError("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return value


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object names {twice!r} twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """Return the text of a field that must be there and must not be empty."""
    value = optional_field(fields, name)
    if not value:
        raise InvalidRequestError(f"{name} is missing or empty.")
    return value


def optional_field(fields: Mapping[str, Any], name: str) -> str:
    """Return the text of a field, empty where it is absent or null."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be text.")
    if "\0" in value:
        raise InvalidRequestError(f"{name} holds a NUL character.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequestError(f"{name} cannot be written as UTF-8.") from None
    return value
