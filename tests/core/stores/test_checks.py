"""The checks of what people write: the titles and notes of publications."""

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_core.stores.checks import MAX_NOTE, MAX_TITLE, check_written


def test_title_and_note_are_returned_without_space_around_them() -> None:
    assert check_written(" Sales ", "\r\nTwo\r\nlines\n") == ("Sales", "Two\nlines")
    assert check_written("", "") == ("", "")


@pytest.mark.parametrize(
    ("title", "note", "sentence"),
    [
        ("x" * (MAX_TITLE + 1), "", "title is 121 characters long; the limit is 120"),
        ("", "x" * (MAX_NOTE + 1), "note is 501 characters long; the limit is 500"),
        ("two\nlines", "", "title contains unprintable"),
        ("", "\x1b[2J", "note contains unprintable"),
        ("", "\u202e", "note contains unprintable"),
        ("数" * 120, "数" * 214, "1002 bytes long together; the limit is 1000"),
    ],
)
def test_what_the_store_cannot_keep_is_refused_with_the_limit(
    title: str, note: str, sentence: str
) -> None:
    with pytest.raises(InvalidRequestError, match=sentence):
        check_written(title, note)
