"""The note that records the new path of a renamed notebook."""

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_core.moved_notes import is_note_key, note_key, read_note, write_note


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("workspace/a.ipynb", "workspace/.bookstore/moved/a.ipynb"),
        ("workspace/x/a.ipynb", "workspace/x/.bookstore/moved/a.ipynb"),
        ("a.ipynb", ".bookstore/moved/a.ipynb"),
    ],
)
def test_note_lies_beside_the_notebook(key: str, expected: str) -> None:
    assert note_key(key) == expected
    assert is_note_key(expected)
    assert not is_note_key(key)


def test_note_whose_key_would_be_too_long_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="1024"):
        note_key("w/" + "x" * 1020)


@pytest.mark.parametrize("path", ["b.ipynb", "Ümläut/日本.ipynb", "with \n line.ipynb"])
def test_note_is_read_as_it_was_written(path: str) -> None:
    assert read_note(write_note(path)) == path


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff", b"[]", b"{}", b"null", b"7", b'"text"'),
        b'{"moved_to": 7}',
        b'{"moved_to": ""}',
        b'{"moved_to": "../a.ipynb"}',
        b"[" * 100_000,
    ],
)
def test_content_that_is_not_a_note_has_no_path(data: bytes) -> None:
    assert read_note(data) == ""
