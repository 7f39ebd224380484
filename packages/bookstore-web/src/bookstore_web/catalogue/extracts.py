"""What the catalogue keeps of a notebook: its sources, without its outputs.

The content is that of others: it is parsed within bounds, and what is kept of one
notebook has an end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bookstore_core.cells import Cell, parse_leniently, read_cells, shown
from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import SUFFIX

#: Characters of the sources of one notebook that are kept.
MOST_TEXT = 200_000
#: The most bytes of a notebook that is read; of a larger one the path is known.
MOST_READ = 32 * 1024 * 1024
#: Characters of a title, and of a name; imports of a notebook.
MOST_TITLE, MOST_NAME, MOST_IMPORTS = 200, 60, 60

KINDS = {"markdown": "m", "code": "c"}

_HEADING = re.compile(r"^ {0,3}#{1,3}[ \t]+(\S.*)$", re.MULTILINE)
_IMPORT = re.compile(
    r"^[ \t]*(?:import|from|using)[ \t]+"
    r"([A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*)"
    r"|^[ \t]*(?:library|require)\([\"']?([A-Za-z_][\w.]*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Extract:
    """What is kept. `cells` has, for each cell, a letter for its kind and its source.

    `kernel` has the kernel's name and language.
    """

    title: str = ""
    kernel: str = ""
    imports: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()


def extract(data: bytes, key: str) -> Extract:
    """Return what is kept of a version with this content; empty if it is no notebook.

    Notebooks that jupytext saves as text are one cell of code.
    """
    if not key.endswith(SUFFIX):
        text = data[: MOST_TEXT * 4].decode("utf-8", "replace")
        return _extract([Cell(0, "", "code", text, {})], {})
    try:
        content = parse_leniently(data)
        cells = read_cells(content)
    except InvalidNotebookError:
        return Extract()
    metadata = content.get("metadata")
    return _extract(cells, metadata if isinstance(metadata, dict) else {})


def _extract(cells: list[Cell], metadata: dict[str, Any]) -> Extract:
    kept = tuple(_within_bounds(cells))
    written = [text[1:] for text in kept if text[0] == "m"]
    return Extract(
        title=_title(metadata, written),
        kernel=_kernel(metadata),
        imports=_imports(kept),
        cells=kept,
    )


def _within_bounds(cells: list[Cell]) -> Iterator[str]:
    left = MOST_TEXT
    for cell in cells:
        source = shown(cell.source[:left])
        left -= len(source)
        yield KINDS.get(cell.type, "r") + source
        if left <= 0:
            return


def _title(metadata: dict[str, Any], written: list[str]) -> str:
    title = metadata.get("title")
    if not isinstance(title, str) or not title.strip():
        headings = filter(None, (_HEADING.search(text[:4000]) for text in written[:20]))
        first = next(headings, None)
        title = first[1].rstrip(" \t#") if first else ""
    return shown(" ".join(title[: MOST_TITLE * 4].split()))[:MOST_TITLE]


def _kernel(metadata: dict[str, Any]) -> str:
    places = (
        ("kernelspec", "name"),
        ("kernelspec", "language"),
        ("language_info", "name"),
    )
    names: dict[str, None] = {}
    for part, name in places:
        known = metadata.get(part)
        value = known.get(name) if isinstance(known, dict) else None
        if isinstance(value, str) and value:
            names[shown(value)[:MOST_NAME]] = None
    return " ".join(names)


def _imports(cells: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in cells:
        if text[0] != "c":
            continue
        for match in _IMPORT.finditer(text, 1):
            for name in re.split(r"[ \t]*,[ \t]*", match[1] or match[2]):
                found[name.partition(".")[0][:MOST_NAME]] = None
        if len(found) >= MOST_IMPORTS:
            break
    return tuple(found)[:MOST_IMPORTS]
