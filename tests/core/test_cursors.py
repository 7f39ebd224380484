"""Cursors: opaque texts, and what is none of a list."""

import base64
from typing import Any

import pytest

from bookstore_core.cursors import decode_cursor, encode_cursor, read_cursor
from bookstore_core.errors import InvalidRequestError


@pytest.mark.parametrize("place", ["a", "größe 🙂", [None, "a"], {"shown": 3}, 0])
def test_a_place_comes_back_as_it_was(place: Any) -> None:
    cursor = encode_cursor("list", place)
    assert cursor.isascii()
    assert read_cursor("list", cursor, lambda found: found) == place


def test_no_cursor_is_no_place() -> None:
    assert decode_cursor("list", None) is None
    assert decode_cursor("list", encode_cursor("list", "a")) == "a"


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "€", "\ud800", "bnVsbA==", "e30=", "WyJ4IiwieSJd"),
        encode_cursor("another", "a"),
        encode_cursor("list", ""),
        encode_cursor("list", 5),
        encode_cursor("list", "\ud800"),
        encode_cursor("list", "a")[:-3],
        base64.b64encode(b"[" * 100_000).decode(),
    ],
)
def test_what_is_no_cursor_of_a_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match="Request the first page again"):
        decode_cursor("list", cursor)


@pytest.mark.parametrize(
    "error", [KeyError("a"), OverflowError(), InvalidRequestError("A bad path.")]
)
def test_a_place_that_cannot_be_is_refused(error: Exception) -> None:
    def read(place: object) -> None:
        raise error

    with pytest.raises(InvalidRequestError, match="Request the first page again"):
        read_cursor("list", encode_cursor("list", "a"), read)
