"""Cursors: where a listing goes on, as opaque texts."""

import base64
import binascii
import json

from bookstore_core.errors import InvalidRequestError


def encode_cursor(kind: str, place: str) -> str:
    """Return an opaque cursor of this kind for a place in a listing."""
    text = json.dumps([kind, place])
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii")


def decode_cursor(kind: str, cursor: str | None) -> str | None:
    """Return the place that `encode_cursor` was given; None for no cursor.

    Raises InvalidRequestError for what is no cursor of this kind.
    """
    if cursor is None:
        return None
    try:
        found, place = json.loads(base64.b64decode(cursor.encode(), b"-_", True))
        place.encode("utf-8")  # what has no UTF-8 form, no list has given out
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        found, place = "", ""
    if found != kind or not isinstance(place, str) or not place:
        raise InvalidRequestError(
            "The cursor is not one of this list. Ask for the first page again."
        )
    return place
