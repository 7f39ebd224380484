"""nbconvert's HTMLExporter, as it renders versions: quickly, and whatever they hold."""

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

#: Seconds of work for all markdown and code of one notebook; the rest is shown as text.
#: A parser may take a second for a cell that was made for that.
LONGEST = 0.4


class VersionExporter(HTMLExporter):
    """Renders the cells that `rendering_cells` made; it is made anew for each notebook.

    It leaves out what nbconvert does afterwards (it parses the whole document again, to
    describe images, which ours are), and its sanitizer, which takes seconds for a
    megabyte: the frame makes what it would remove inert, and it removes tables.
    """

    def __init__(self, lexer: Lexer) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            template_name="basic", exclude_anchor_links=True, preprocessors=[]
        )
        self._lexer = lexer
        self._spent = 0.0
        self._register("highlight_code", self._highlight)
        # What is HTML already passes; anything else is text.
        self._register("clean_html", escape)

    def _register(self, name: str, function: Callable[..., str]) -> None:
        self.register_filter(name, function)  # type: ignore[no-untyped-call]

    def body(self, notebook: Any) -> str:
        """Return the cells as HTML, without a document around them."""
        # Past HTMLExporter's own, which would parse it again.
        body, _ = super(HTMLExporter, self).from_notebook_node(notebook)
        return str(body)

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Render markdown; what is only text, or cannot be rendered, as text."""
        cell = context.get("cell", {})
        if cell.get("metadata", {}).get("is_text") or self._spent > LONGEST:
            return _as_text(source)
        try:
            with self._counted():
                html: str = super().markdown2html(context, source)
        except Exception:  # its parser may meet anything
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
    # IPython's own knows magics and shell commands.
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
