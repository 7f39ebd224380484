"""nbconvert's HTMLExporter, adapted to render any version in bounded time."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import nbformat
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from nbconvert.exporters import HTMLExporter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

logger = logging.getLogger(__name__)

#: Seconds of CPU for all markdown and code of one notebook; the rest is shown as text.
#: A parser may take a second for a cell that was written to be slow.
LONGEST = 0.4


class VersionExporter(HTMLExporter):
    """Renders the cells that a `CellReader` returned. Each notebook needs a new one.

    It skips nbconvert's last step, which parses the whole document again to add
    descriptions to images: ours have them. It also skips nbconvert's sanitizer, which
    takes seconds for a megabyte and removes tables: in the frame, what it would remove
    is inert.
    """

    def __init__(self, lexer: Lexer) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            template_name="basic", exclude_anchor_links=True, preprocessors=[]
        )
        self._lexer = lexer
        self._spent = 0.0
        self._register("highlight_code", self._highlight)
        # HTML passes unchanged; anything else is escaped.
        self._register("clean_html", escape)

    def _register(self, name: str, function: Callable[..., str]) -> None:
        self.register_filter(name, function)  # type: ignore[no-untyped-call]

    def body(self, notebook: Any) -> str:
        """Return the cells as HTML, without a document around them."""
        # HTMLExporter's own method is skipped: it would parse the HTML again.
        body, _ = super(HTMLExporter, self).from_notebook_node(notebook)
        return str(body)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Return markdown as HTML, or as text if it is text or cannot be rendered."""
        cell = context.get("cell", {})
        if cell.get("metadata", {}).get("is_text") or self._spent > LONGEST:
            return _as_text(source)
        try:
            with self._counted():
                html: str = super().markdown2html(context, source)
        except Exception:  # its parser may raise anything
            logger.info("Markdown of a version is shown as text", exc_info=True)
            return _as_text(source)
        return html

    def _highlight(self, source: str, **options: Any) -> Markup:
        if self._spent > LONGEST:
            return Markup('<div class="highlight"><pre>{}</pre></div>').format(source)
        with self._counted():
            coloured = highlight(source, self._lexer, HtmlFormatter())
        return Markup(coloured)  # noqa: S704  # pygments escapes what it colours

    @contextmanager
    def _counted(self) -> Iterator[None]:
        begin = time.thread_time()
        try:
            yield
        finally:
            self._spent += time.thread_time() - begin


def _as_text(source: str) -> str:
    return f'<pre class="plain">{escape(source)}</pre>'


@cache
def _lexer(name: str) -> Lexer:
    # IPython's own lexer knows magics and shell commands.
    names = ("ipython3", "python3") if name in ("", "python", "ipython3") else (name,)
    for known in names:
        try:
            return get_lexer_by_name(known)
        except ClassNotFound:
            continue
    return TextLexer()


def export(notebook: dict[str, Any]) -> str:
    """Return the cells of a prepared notebook as HTML."""
    exporter = VersionExporter(_lexer(notebook["metadata"]["lexer"]))
    return exporter.body(nbformat.from_dict(notebook))  # type: ignore[no-untyped-call]
