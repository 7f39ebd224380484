"""Tables: drawn in a terminal, and plain lines for pipes and files."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookstore_core.paths import printable

if TYPE_CHECKING:
    from rich.console import Console

#: Between the columns of a plain table.
GAP = "  "

#: The width of the gap between the columns of a table that is drawn.
DRAWN_GAP = 3

#: The least width at which a column may be wrapped.
LEGIBLE = 8

#: Texts longer than this, such as comments, shift the columns that follow.
MAX_WIDTH = 60


@dataclass(frozen=True)
class Column:
    """A column of a table; `style` is a style of rich, `right` aligns numbers.

    A `whole` column is never wrapped. An `optional` column is left out if the terminal
    is too narrow for it.
    """

    name: str
    style: str = ""
    right: bool = False
    whole: bool = False
    optional: bool = False


def open_console() -> "Console":
    """Return a console on standard output that interprets no markup in texts."""
    # Imported here because it is slow to load, and most commands do not need it.
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def show_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn if standard output is a terminal, else as plain lines."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(columns, cells)
    else:
        for line in plain_lines(columns, cells):
            print(line)


def plain_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]]
) -> Iterator[str]:
    """Yield a table as lines; columns are as wide as their texts, up to `MAX_WIDTH`."""
    table = [[column.name for column in columns], *rows]
    widths = [
        min(MAX_WIDTH, max(len(row[number]) for row in table))
        for number in range(len(columns))
    ]
    for row in table:
        padded = (
            text.rjust(width) if column.right else text.ljust(width)
            for column, text, width in zip(columns, row, widths, strict=True)
        )
        yield GAP.join(padded).rstrip()


def _draw(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    console = open_console()
    shown = _fitting(columns, rows, console.width)
    if not shown:
        kept = [n for n in _filled(columns, rows) if not columns[n].optional]
        texts = [[row[n] for n in kept] for row in rows]
        print(*plain_lines([columns[n] for n in kept], texts), sep="\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number in shown:
        column = columns[number]
        table.add_column(
            column.name,
            style=column.style or None,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.whole,
        )
    for row in rows:
        table.add_row(*(Text(row[number]) for number in shown))
    console.print(table)


def _fitting(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int
) -> list[int]:
    """Return the numbers of the columns that are not empty and fit into `width`.

    None if nothing legible fits: whole columns, and `LEGIBLE` characters of others.
    """
    shown = _filled(columns, rows)
    widths = [
        max([len(columns[n].name), *(len(row[n]) for row in rows)])
        for n in range(len(columns))
    ]
    for number in [n for n in reversed(shown) if columns[n].optional]:
        if sum(widths[n] + DRAWN_GAP for n in shown) > width:
            shown.remove(number)
    least = (widths[n] if columns[n].whole else min(LEGIBLE, widths[n]) for n in shown)
    return shown if sum(least) + DRAWN_GAP * len(shown) <= width else []


def _filled(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [n for n in range(len(columns)) if any(row[n] for row in rows)]
