"""The part of a cell that is shown of what a search has found."""

from bookstore_web.catalogue.passages import Passage, find_passage
from bookstore_web.catalogue.query import parse_query


def passage(text: str, *cells: str) -> Passage:
    found = find_passage(cells, parse_query(text).terms)
    assert found is not None
    return found


def shown(found: Passage) -> str:
    return "".join(
        f"[{piece.text}]" if piece.marked else piece.text for piece in found.pieces
    )


def test_two_lines_before_and_four_after_are_shown() -> None:
    lines = [f"x{number}" for number in range(20)]
    found = passage("x10", "c" + "\n".join(lines))
    assert shown(found) == "… x8\nx9\n[x10]\nx11\nx12\nx13\nx14 …"


def test_a_long_line_is_cut() -> None:
    found = passage("needle", "c" + "a " * 500 + "needle" + " b" * 500)
    assert len(shown(found)) < 420
    assert "[needle]" in shown(found)


def test_the_cell_with_the_most_words_is_taken() -> None:
    found = passage("red blue", "mred", "cred blue", "cblue")
    assert (found.cell, found.kind, shown(found)) == (2, "code", "[red] [blue]")


def test_the_beginning_of_a_text_is_shown_from_its_beginning() -> None:
    assert shown(passage("b", "ma\nb\nc")) == "a\n[b]\nc"
    assert find_passage(["c "], parse_query("b").terms) is None


def test_a_notebook_that_only_its_name_finds_shows_its_first_lines() -> None:
    found = find_passage(["m ", "cfirst\nsecond"], parse_query("b").terms)
    assert found is not None
    assert (found.cell, shown(found)) == (2, "first\nsecond")
