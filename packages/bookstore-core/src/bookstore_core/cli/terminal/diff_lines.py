"""A comparison of two notebooks as lines: plain, or in colours for a terminal."""

from collections.abc import Iterator
from dataclasses import dataclass

from bookstore_core.cli.terminal.notebook_text import screened
from bookstore_core.cli.terminal.tables import open_console
from bookstore_core.diff.metadata import KeyChange
from bookstore_core.diff.outputs import Output, OutputDiff
from bookstore_core.diff.report import CellDiff, NotebookDiff
from bookstore_core.diff.text import Line, Span, TextDiff
from bookstore_core.humanize import say_size

MARKS = {"added": "+ ", "removed": "- "}
STYLES = {"added": "green", "removed": "red", "heading": "cyan", "quiet": "dim"}


@dataclass(frozen=True)
class Row:
    """A line to be printed; `kind` selects its colour."""

    kind: str
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        """The line without colours."""
        return "".join(span.text for span in self.spans).rstrip()


def plain_lines(title: str, diff: NotebookDiff) -> Iterator[str]:
    """Yield a comparison as lines for pipes and files."""
    yield title
    for row in _rows(diff):
        yield row.text


def draw(title: str, diff: NotebookDiff) -> None:
    """Print a comparison in colours, with the changed words highlighted."""
    from rich.text import Text

    console = open_console()
    console.print(Text(title, style="bold"))
    for row in _rows(diff):
        style = STYLES.get(row.kind, "")
        text = Text(style=style)
        for span in row.spans:
            text.append(span.text, style="reverse" if span.changed else "")
        console.print(text)


def _rows(diff: NotebookDiff) -> Iterator[Row]:
    yield _row("", f"{diff.summary.sentence[:1].upper()}{diff.summary.sentence[1:]}.")
    if diff.reason:
        yield _row("quiet", diff.reason)
    for change in diff.metadata:
        yield _key_row("metadata of the notebook", change)
    for cell in diff.cells:
        yield from _cell_rows(cell)
    if diff.cells_omitted:
        yield _row("quiet", f"... and {diff.cells_omitted} more cells")
    if diff.text:
        yield _row("", "")
        yield from _text_rows(diff.text)


def _row(kind: str, text: str) -> Row:
    return Row(kind, (Span(screened(text)),))


def _cell_rows(cell: CellDiff) -> Iterator[Row]:
    if cell.kind == "unchanged":
        return
    yield _row("", "")
    yield _row("heading", f"---- {_heading(cell)}")
    if cell.kind == "moved" and cell.source is None:
        yield _row("quiet", f"  {cell.preview}")
    if cell.source:
        yield from _text_rows(cell.source)
    for output in cell.outputs:
        if output.kind != "unchanged":
            yield _row("quiet", f"  output {_say_output(output)}")
    for change in cell.metadata:
        yield _key_row("metadata", change)


def _heading(cell: CellDiff) -> str:
    places = [n + 1 for n in (cell.base_index, cell.remote_index) if n is not None]
    name = " -> ".join(map(str, dict.fromkeys(places)))
    kind = f"{cell.base_type} -> {cell.type}" if cell.base_type else cell.type
    words = ["moved"] if cell.kind == "moved" else []
    if cell.kind in ("added", "removed"):
        words.append(cell.kind)
    elif cell.source_changed:
        words.append("changed")
    elif cell.outputs_changed:
        words.append("outputs changed")
    elif cell.kind == "changed":
        words.append("metadata changed")
    return f"cell {name}, {kind}: {' and '.join(words)}"


def _text_rows(text: TextDiff) -> Iterator[Row]:
    for line in text.lines:
        yield _line_row(line)
    if text.omitted:
        yield _row("quiet", f"  ... {text.omitted} more lines")


def _line_row(line: Line) -> Row:
    if line.kind == "folded":
        return _row("quiet", f"  ... {_lines(line.count, 'unchanged')}")
    if line.kind == "omitted":
        what = "added" if line.base_line is None else "removed"
        return _row("quiet", f"  ... {_lines(line.count, 'more')} {what}")
    spans = [Span(MARKS.get(line.kind, "  "))]
    spans += [Span(screened(span.text), span.changed) for span in line.spans]
    if line.cut:
        spans.append(Span(f" ... {line.cut} more characters"))
    return Row(line.kind, tuple(spans))


def _lines(number: int, which: str) -> str:
    return f"{number} {which} line{'' if number == 1 else 's'}"


def _key_row(what: str, change: KeyChange) -> Row:
    values = {
        "added": f"+ {change.remote}",
        "removed": f"- {change.base}",
        "changed": f"{change.base} -> {change.remote}",
    }
    return _row("quiet", f"  {what}: {change.path} {values[change.kind]}")


def _say_output(output: OutputDiff) -> str:
    sides = [_describe(side) for side in (output.base, output.remote) if side]
    return f"{output.kind}: {' -> '.join(sides)}"


def _describe(output: Output) -> str:
    payloads = [
        f"{known.mime_type} {say_size(known.size)}" for known in output.payloads
    ]
    return ", ".join(payloads) or output.type
