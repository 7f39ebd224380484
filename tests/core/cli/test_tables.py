"""Tables that are drawn in terminals of any width."""

import pytest

from bookstore_core.cli.terminal import tables
from bookstore_core.cli.terminal.tables import Column

COLUMNS = [
    Column("name", right=True, whole=True),
    Column("author"),
    Column("size", right=True, whole=True),
    Column("note"),
    Column("id", whole=True, optional=True),
]
ROWS = [["@0", "Ann Lee", "650 bytes", "", "0123456789abcdef"]]


@pytest.mark.parametrize(
    ("width", "has_id"), [(120, True), (48, True), (47, False), (31, False), (9, False)]
)
def test_a_cell_is_whole_in_a_terminal_of_any_width(
    width: int,
    has_id: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    tables._draw(COLUMNS, ROWS)
    shown = capsys.readouterr().out
    assert ("0123456789abcdef" in shown) == has_id
    assert all(text in shown for text in ("name", "@0", "Ann Lee", "650 bytes"))
    assert "note" not in shown
