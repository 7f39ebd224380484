"""Cursors: positions in listings, as opaque texts."""

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from bookstore_core.errors import InvalidRequestError

T = TypeVar("T")

#: What reading a damaged or forged cursor raises.
DAMAGES = (
    *(ValueError, TypeError, AttributeError, LookupError),
    *(RecursionError, OverflowError, InvalidRequestError),
)


def encode_cursor(kind: str, position: Any) -> str:
    """Return an opaque cursor for a position, a JSON value, in a listing of a kind."""
    text = json.dumps([kind, position], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def read_cursor(kind: str, cursor: str, read: Callable[[Any], T]) -> T:
    """Return what `read` makes of the position in a cursor of `encode_cursor`.

    `read` raises one of `DAMAGES` for an invalid position. Raises InvalidRequestError
    if it is not a cursor of this kind.
    """
    try:
        found, position = json.loads(base64.b64decode(cursor.encode(), b"-_", True))
        if found == kind:
            return read(position)
    except DAMAGES:
        pass
    raise InvalidRequestError(
        "The cursor does not belong to this list. Request the first page again."
    )


def decode_cursor(kind: str, cursor: str | None) -> str | None:
    """Return the position, a text, in a cursor of `encode_cursor`; None for no cursor.

    Raises InvalidRequestError if it is not a cursor of this kind.
    """
    return None if cursor is None else read_cursor(kind, cursor, _text)


def _text(position: Any) -> str:
    if not isinstance(position, str) or not position:
        raise TypeError
    position.encode("utf-8")  # raises for surrogates, which no cursor contains
    return position
