"""A version as an HTML document: the content of a sandboxed frame.

`prepare` reads the bytes of a version, cheaply; `Prepared.kind` is what it is, and
`Prepared.left_out` counts what the document does not show. `render` makes the document.
Both run in a confined process, see `views.py`. The page `/bookstore/view` has a frame
with ``sandbox="{{ FRAME_SANDBOX }}"`` and the address
`/bookstore/view/content?path&version_id[&shelf][&cell|&from]`, and the page's own
policy contains ``frame-src 'self'``. With `cell`, an index from 0, the document shows
only that cell: a comparison shows outputs in this way. With `from`, it shows the cells
from that one on. What does not fit into one document is in `rendering/parts/limits.py`.

Nothing in a version is trusted: `policy.py` says what the document may do, and
`markup.py` makes HTML of others harmless.
"""

from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Literal

from bookstore_core.cells import parse_leniently, shown
from bookstore_core.errors import InvalidNotebookError, NotFoundError
from bookstore_web.rendering.markup import finish
from bookstore_web.rendering.parts.cells import CellReader
from bookstore_web.rendering.parts.limits import LeftOut, Portion
from bookstore_web.rendering.parts.macros import macros_before
from bookstore_web.rendering.parts.outputs import UNFIT
from bookstore_web.rendering.parts.rich import RichError, Widgets, inert_json
from bookstore_web.rendering.policy import MARK
from bookstore_web.rendering.style import frame_style

#: Characters that are shown of a version that is not a notebook.
MOST_TEXT = 500_000
#: Characters of the saved state of widgets.
MOST_STATE = 3_000_000

#: All of a version, as far as it fits into one document.
WHOLE = Portion()


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
    #: What stands before and after the cells in the document.
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


def prepare(data: bytes, portion: Portion = WHOLE) -> Prepared:
    """Read the parts of a version that are shown; it may be invalid, of format 3 or 4.

    Raises NotFoundError if the portion does not exist.
    """
    try:
        content = parse_leniently(data)
    except InvalidNotebookError as error:
        return _prepare_text(data, f"This version is not a notebook: {error}.")
    raw = content["cells"]
    first = portion.begin if portion.cell is None else portion.cell
    if (first and first >= len(raw)) or (portion.cell == 0 and not raw):
        raise NotFoundError(
            f"There is no cell {first}: this version has {len(raw)} cells."
        )
    metadata = content.get("metadata")
    widgets = Widgets.saved_in(metadata)
    reader = CellReader(portion, widgets)
    cells = reader.read(raw)
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"lexer": _lexer_name(metadata)},
        "cells": cells,
    }
    after = _widget_state(widgets) + _next_link(reader.next, len(raw), portion)
    return Prepared(
        "notebook",
        len(raw),
        left_out=reader.left_out,
        notebook=notebook,
        before=UNFIT.sub("\ufffd", macros_before(raw, first)),
        after=after,
    )


def _widget_state(widgets: Widgets) -> str:
    """Return the saved state of the widgets that are shown, as an inert element."""
    try:
        state = inert_json(widgets.state()) if widgets.shown else ""
    except RichError:
        state = ""  # the widgets are shown as text
    if not state or len(state) > MOST_STATE:
        return ""
    return f'<script type="application/json" id="widget-state">{state}</script>'


def _next_link(begin: int | None, cells: int, portion: Portion) -> str:
    """Return the link to the cells that follow; empty if there are none."""
    if begin is None:
        return ""
    href = f"?{portion.address}&amp;from={begin}"
    words = f"Show the cells from {begin + 1} on, of {cells:,}"
    return f'<p class="later" data-from="{begin}"><a href="{href}">{words}</a></p>'


def describe(data: bytes) -> Prepared:
    """Return what `prepare` does, without the content that would be rendered."""
    return replace(prepare(data), notebook=None, text="", before="", after="")


def render_version(data: bytes, portion: Portion, title: str) -> str:
    """Return the document that shows a portion of a version."""
    return render(prepare(data, portion), title=title)


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
    """Return the document of the frame; `with_scripts` of `policy.py` completes it."""
    if prepared.kind == "notebook":
        # Imported at the first use because it takes a second to load.
        from bookstore_web.rendering.exporter import export

        cells = finish(export(prepared.notebook))
        body = f"{prepared.before}{cells}{prepared.after}"
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
        f"{MARK}\n"
        f"<style>\n{frame_style()}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
