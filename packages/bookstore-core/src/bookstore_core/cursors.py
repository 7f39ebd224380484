"""Cursors: where a listing goes on, as opaque texts."""

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from bookstore_core.errors import InvalidRequestError

T = TypeVar("T")

#: What fails where a cursor is damaged or made up.
DAMAGES = (
    *(ValueError, TypeError, AttributeError, LookupError),
    *(RecursionError, OverflowError, InvalidRequestError),
)


def encode_cursor(kind: str, place: Any) -> str:
    """Return an opaque cursor of this kind for a place in a listing, a JSON value."""
    text = json.dumps([kind, place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def read_cursor(kind: str, cursor: str, read: Callable[[Any], T]) -> T:
    """Return what `read` makes of the place that `encode_cursor` was given.

    `read` raises one of `DAMAGES` for what is no place. Raises InvalidRequestError for
    what is no cursor of this kind.
    """
    try:
        found, place = json.loads(base64.b64decode(cursor.encode(), b"-_", True))
        if found == kind:
            return read(place)
    except DAMAGES:
        pass
    raise InvalidRequestError(
        "The cursor is not one of this list. Ask for the first page again."
    )


def decode_cursor(kind: str, cursor: str | None) -> str | None:
    """Return the place, a text, that `encode_cursor` was given; None for no cursor.

    Raises InvalidRequestError for what is no cursor of this kind.
    """
    return None if cursor is None else read_cursor(kind, cursor, _text)


def _text(place: Any) -> str:
    if not isinstance(place, str) or not place:
        raise TypeError
    place.encode("utf-8")  # what has no UTF-8 form, no list has given out
    return place
