"""The cells of a notebook, read leniently so that they can be compared and shown."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bookstore_core.errors import InvalidNotebookError, TooLargeError
from bookstore_core.notebooks import Notebook
from bookstore_core.untrusted.bounds import load_json

#: More than any notebook in real use has; comparing that many takes some seconds.
MOST_CELLS = 100_000
#: Characters of a cell's first line that are shown to identify it.
PREVIEW = 80
SURROGATE = re.compile("[\ud800-\udfff]")
#: Control characters, and the Unicode pictures that are shown instead of them.
PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
PICTURES[0x7F] = 0x2421
#: Characters that have Latin letters shown from right to left: "live" for "evil".
PICTURES |= {0x202D: 0xFFFD, 0x202E: 0xFFFD}


class Cell(NamedTuple):
    """The parts of a cell that are compared; `raw` is the whole cell.

    `source` has no newlines at its end.
    """

    position: int
    id: str
    type: str
    source: str
    raw: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """Type and source: two cells with the same key are the same cell."""
        return self.type, self.source


def shown(text: str) -> str:
    """Return text that is safe for pages, programs and terminals.

    Lone surrogates, which have no UTF-8 form, control characters, and those that
    reverse letters are replaced.
    """
    return SURROGATE.sub("\ufffd", text).translate(PICTURES)


def preview(source: str) -> str:
    """Return the first line of a source that is not blank, shortened."""
    head = source[: PREVIEW * 20].lstrip()
    line = head.split("\n", 1)[0].rstrip()
    return shown(line if len(line) <= PREVIEW else line[:PREVIEW] + "…")


def text_of(value: object) -> str:
    """Return a source or a payload, a string or a list of lines, as one string.

    None gives an empty string; any other value is returned as JSON, to be compared.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return "" if value is None else write_json(value)


def write_json(value: object) -> str:
    """Return a JSON value as text; equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Return a short digest of a text, which may contain lone surrogates."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def parse_leniently(data: bytes) -> Notebook:
    """Return a notebook that has cells, valid or not; nbformat converts v3.

    Raises InvalidNotebookError if there are no cells to compare, or too many values.
    """
    try:
        content = load_json(data)
    except TooLargeError as error:
        reason = str(error).removesuffix(".")
        raise InvalidNotebookError(reason[:1].lower() + reason[1:]) from None
    except UnicodeDecodeError:
        raise InvalidNotebookError("it is not UTF-8") from None
    except RecursionError:
        raise InvalidNotebookError("it is nested too deeply") from None
    except ValueError:
        raise InvalidNotebookError("it is not JSON") from None
    if isinstance(content, dict):
        if isinstance(cells := content.get("cells"), list):
            _check_number(len(cells))
            return content
        if isinstance(content.get("worksheets"), list):
            return _upgrade(content)
    raise InvalidNotebookError("it has no list of cells")


def _check_number(cells: int) -> None:
    if cells > MOST_CELLS:
        raise InvalidNotebookError(f"it has more than {MOST_CELLS:,} cells")


def read_cells(notebook: Notebook) -> list[Cell]:
    """Return the cells of a notebook that `parse_leniently` returned."""
    return [_read_cell(position, raw) for position, raw in enumerate(notebook["cells"])]


def _read_cell(position: int, raw: object) -> Cell:
    if not isinstance(raw, dict):
        return Cell(position, "", "unknown", text_of(raw), {})
    kind, name, source = raw.get("cell_type"), raw.get("id"), raw.get("source", "")
    return Cell(
        position,
        name if isinstance(name, str) else "",
        kind if isinstance(kind, str) else "unknown",
        (source if isinstance(source, str) else text_of(source)).rstrip("\n"),
        raw,
    )


def _upgrade(notebook: Notebook) -> Notebook:
    # Cell by cell, since nbformat's conversion of a whole notebook validates it twice,
    # which takes minutes for the largest.
    import nbformat
    from nbformat.v4.convert import upgrade_cell

    cells = []
    try:
        for raw in _worksheet_cells(notebook):
            cell = upgrade_cell(nbformat.from_dict(raw))  # type: ignore[no-untyped-call]
            del cell["id"]  # which nbformat made at random
            cells.append(cell)
            _check_number(len(cells))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidNotebookError(
            f"it cannot be converted from notebook format 3 ({error!r})"
        ) from None
    metadata = notebook.get("metadata")
    kept = dict(metadata) if isinstance(metadata, dict) else {}
    for name in ("name", "signature"):
        kept.pop(name, None)
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": kept, "cells": cells}


def _worksheet_cells(notebook: Notebook) -> Iterator[object]:
    for worksheet in notebook["worksheets"]:
        for cell in worksheet["cells"]:
            if isinstance(cell, dict):
                lines = {
                    name: text_of(cell[name])
                    for name in ("input", "source")
                    if name in cell
                }
                outputs = {"outputs": cell.get("outputs") or []}
                yield cell | lines | (outputs if "input" in cell else {})
            else:
                yield {"cell_type": "raw", "source": text_of(cell)}
