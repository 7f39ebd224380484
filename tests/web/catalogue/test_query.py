"""The language of a search."""

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_web.catalogue.query import Term, parse_query


def test_words_phrases_and_filters_are_told_apart() -> None:
    query = parse_query('red "blue sky" author:ann in:/reports/ http://x "open')
    assert [term.words for term in query.terms] == [
        ("red",),
        ("blue", "sky"),
        ("http", "x"),
        ("open",),
    ]
    assert query.terms[0] == Term(("red",), "red", beginning=True)
    assert not query.terms[1].beginning
    assert (query.authors, query.folder) == ((" ann",), "reports/")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no word to search for"),
        ("++ --", "no word to search for"),
        ("after:soon", "after:soon is no date"),
        ("after:9999999-01-01", "is no date"),
        ("before:", "is no date"),
        ("author:", "author: has no name"),
        ("x in:a\x00b", "folder contains a NUL"),
        ("x in:\udcff", "folder cannot be written as UTF-8"),
        ("x" * 501, "over 500 characters"),
        ("a " * 31, "over 30 words"),
    ],
)
def test_what_cannot_be_searched_for_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        parse_query(text)
