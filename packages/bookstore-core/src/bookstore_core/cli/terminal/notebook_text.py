"""A notebook as text for a terminal: its cells and their outputs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bookstore_core.cells import parse_leniently, read_cells, text_of
from bookstore_core.humanize import say_size
from bookstore_core.notebooks import Notebook
from bookstore_core.paths import uncoloured

#: Lines that are shown of one output, and characters of a line.
MAX_LINES = 20
MAX_WIDTH = 1000

#: Characters that are commands to a terminal, or change the direction of text.
_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True)
class Piece:
    """A cell: its heading, source, language and outputs."""

    heading: str
    source: str
    language: str
    outputs: tuple[str, ...] = ()


def screened(text: str) -> str:
    """Return text with escapes for all characters that are commands to a terminal."""
    text = text.replace("\r\n", "\n")
    return _COMMANDS.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), text
    )


def pieces_of(data: bytes) -> Iterator[Piece]:
    """Yield the cells of a notebook, valid or not, whatever they contain.

    Raises InvalidNotebookError if it is not a notebook, before anything is yielded.
    """
    notebook = parse_leniently(data)
    return _pieces(notebook)


def _pieces(notebook: Notebook) -> Iterator[Piece]:
    language = _language_of(notebook)
    for cell in read_cells(notebook):
        count = cell.raw.get("execution_count")
        ran = f" [{count}]" if type(count) is int else ""
        outputs = cell.raw.get("outputs")
        yield Piece(
            heading=screened(f"{cell.position + 1}  {cell.type}{ran}"),
            source=screened(cell.source),
            language={"code": language, "markdown": "markdown"}.get(cell.type, "text"),
            outputs=tuple(map(_output, outputs)) if isinstance(outputs, list) else (),
        )


def _language_of(notebook: Notebook) -> str:
    metadata = _dict(notebook.get("metadata"))
    for section, name in (("language_info", "name"), ("kernelspec", "language")):
        found = _dict(metadata.get(section)).get(name)
        if isinstance(found, str) and found:
            return found
    return "python"


def _output(output: object) -> str:
    known = _dict(output)
    kind = known.get("output_type")
    if kind == "stream":
        return _shorten(text_of(known.get("text")))
    if kind in ("error", "pyerr"):
        return _error(known)
    data = _dict(known.get("data"))
    others = [_describe(name, data[name]) for name in data if name != "text/plain"]
    plain = text_of(data.get("text/plain"))
    return _shorten("\n".join(filter(None, (plain, *others))))


def _error(output: dict[str, Any]) -> str:
    traceback = output.get("traceback")
    lines = traceback if isinstance(traceback, list) else []
    name = f"{text_of(output.get('ename'))}: {text_of(output.get('evalue'))}"
    return _shorten("\n".join(map(text_of, lines)) or name)


def _describe(name: str, value: object) -> str:
    return f"[{name}, {say_size(len(text_of(value)))}]"


def _shorten(text: str) -> str:
    lines = screened(uncoloured(text).rstrip("\n")).split("\n")
    shown = [
        line if len(line) <= MAX_WIDTH else f"{line[:MAX_WIDTH]}..."
        for line in lines[:MAX_LINES]
    ]
    if len(lines) > MAX_LINES:
        shown.append(f"... {len(lines) - MAX_LINES} more lines")
    return "\n".join(shown)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
