"""Macros of math that earlier cells define, for a document that begins after them."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from bookstore_core.cells import text_of
from bookstore_web.rendering.parts.limits import MAX_MARKDOWN

#: Characters of all definitions.
MOST_MACROS = 20_000
DEFINES = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator|(?:re)?newenvironment"
    r"|def|let)(?![a-zA-Z])"
)
FORMULA = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$")


def macros_before(raw: Sequence[Any], end: int) -> str:
    """Return an element with the formulas before a cell that define macros, hidden."""
    found, size = [], 0
    for formula in _definitions(raw[:end]):
        size += len(formula)
        if size > MOST_MACROS:
            break
        text = escape(f"${formula}$", quote=False)
        found.append(f'<span class="math" data-cut="1">{text}</span>')
    return f'<div class="macros" hidden>{"".join(found)}</div>' if found else ""


def _definitions(raw: Sequence[Any]) -> Iterator[str]:
    for cell in raw:
        if not isinstance(cell, dict) or cell.get("cell_type") != "markdown":
            continue
        source = text_of(cell.get("source"))
        if len(source) > MAX_MARKDOWN or not DEFINES.search(source):
            continue
        for match in FORMULA.finditer(source):
            formula = match[1] or match[2]
            if DEFINES.search(formula):
                yield formula
