"""A version as an HTML document: the content of a sandboxed frame.

`prepare` reads the bytes of a version, cheaply; `Prepared.kind` is what it is, and
`Prepared.left_out` counts what the document does not show. `render` makes the document.
Both run in a confined process, see `views.py`. The page `/bookstore/view` has a frame
with ``sandbox="{{ FRAME_SANDBOX }}"`` and the address
`/bookstore/view/content?path&version_id[&shelf][&cell]`, and the page's own policy
contains ``frame-src 'self'``. With `cell`, an index from 0, the document shows only
that cell: a comparison shows outputs in this way.

The limits on what is shown are in `rendering/cells.py`.

Nothing in a version is trusted. The document's own policy (`FRAME_POLICY`) makes it
inert wherever it is opened: it has an origin of its own, runs no scripts, sends no
forms, has no frames, and loads nothing but images inside the document. Links open in a
new tab when they are clicked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

from bookstore_core.cells import parse_leniently, shown
from bookstore_core.errors import InvalidNotebookError, NotFoundError
from bookstore_web.rendering.cells import CellReader, LeftOut
from bookstore_web.rendering.markup import finish
from bookstore_web.rendering.style import frame_style

FRAME_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
FRAME_POLICY = "; ".join(
    [
        f"sandbox {FRAME_SANDBOX}",
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ]
)
FRAME_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": FRAME_POLICY,
    # Browsers refuse any other value for a document with `sandbox`.
    "Cross-Origin-Opener-Policy": "unsafe-none",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "Referrer-Policy": "no-referrer",
    "Content-Type": "text/html; charset=utf-8",
}

#: Characters that are shown of a version that is not a notebook.
MOST_TEXT = 500_000


@dataclass(frozen=True)
class Prepared:
    """A version ready to be rendered.

    `kind` is ``notebook``, ``text`` (not a notebook, shown as text) or ``binary`` (it
    can only be downloaded). `reason` states why it is not a notebook. `cells` is the
    number of cells of the notebook.
    """

    kind: Literal["notebook", "text", "binary"]
    cells: int = 0
    reason: str = ""
    left_out: LeftOut = field(default_factory=LeftOut)
    notebook: Any = field(default=None, repr=False)
    text: str = field(default="", repr=False)


def prepare(data: bytes, *, cell: int | None = None) -> Prepared:
    """Read the parts of a version that are shown; it may be invalid, of format 3 or 4.

    Raises NotFoundError if `cell` does not exist.
    """
    try:
        content = parse_leniently(data)
    except InvalidNotebookError as error:
        return _prepare_text(data, f"This version is not a notebook: {error}.")
    raw = content["cells"]
    if cell is not None and not 0 <= cell < len(raw):
        raise NotFoundError(
            f"There is no cell {cell}: this version has {len(raw)} cells."
        )
    reader = CellReader()
    cells = reader.read(raw, only=cell)
    metadata = content.get("metadata")
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"lexer": _lexer_name(metadata)},
        "cells": cells,
    }
    return Prepared("notebook", len(raw), left_out=reader.left_out, notebook=notebook)


def describe(data: bytes) -> Prepared:
    """Return what `prepare` does, without the content that would be rendered."""
    return replace(prepare(data), notebook=None, text="")


def render_version(data: bytes, cell: int | None, title: str) -> str:
    """Return the document that shows a version, or one of its cells."""
    return render(prepare(data, cell=cell), title=title)


def _prepare_text(data: bytes, reason: str) -> Prepared:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return Prepared("binary", reason=reason)
    if "\0" in text:
        return Prepared("binary", reason=reason)
    left_out = LeftOut(characters=max(0, len(text) - MOST_TEXT))
    return Prepared("text", reason=reason, left_out=left_out, text=text[:MOST_TEXT])


def _lexer_name(metadata: object) -> str:
    """Return the name of the lexer for a notebook's language; empty if not known."""
    for section, names in (
        ("language_info", ("pygments_lexer", "name")),
        ("kernelspec", ("language",)),
    ):
        known = metadata.get(section) if isinstance(metadata, dict) else None
        for name in names if isinstance(known, dict) else ():
            value = known.get(name) if isinstance(known, dict) else None
            if isinstance(value, dict):  # CodeMirror's form, which some kernels write
                value = value.get("name")
            if isinstance(value, str) and value:
                return value[:50]
    return ""


def render(prepared: Prepared, *, title: str = "") -> str:
    """Return the document of the frame; it must be sent with `FRAME_HEADERS`."""
    if prepared.kind == "notebook":
        # Imported at the first use because it takes a second to load.
        from bookstore_web.rendering.exporter import export

        body = finish(export(prepared.notebook))
    elif prepared.kind == "text":
        body = f'<pre class="plain">{escape(shown(prepared.text))}</pre>'
    else:
        body = "<p>This version cannot be shown. Download it instead.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(shown(title))}</title>\n"
        '<link rel="icon" href="data:,">\n<base target="_blank">\n'
        f"<style>\n{frame_style()}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
