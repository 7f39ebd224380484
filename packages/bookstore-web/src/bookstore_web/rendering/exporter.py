"""nbconvert's HTMLExporter, adapted to render any version in bounded time."""

import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import nbformat
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from bookstore_web.rendering.colours import Painter
from bookstore_web.rendering.markdown import render_markdown
from bookstore_web.rendering.markup import set_apart

logger = logging.getLogger(__name__)

#: Seconds of CPU for all markdown and code of one notebook; the rest is shown as text.
#: A parser may take a second for a cell that was written to be slow.
LONGEST = 0.4


class VersionExporter(HTMLExporter):
    """Renders the cells that a `CellReader` returned, one notebook after the other.

    It skips nbconvert's last step, which parses the whole document again to add
    descriptions to images: ours have them. It also skips nbconvert's sanitizer, which
    takes seconds for a megabyte and removes tables: in the frame, what it would remove
    is inert.
    """

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            template_name="basic",
            # Not the current directory, which may contain templates of other people.
            extra_template_basedirs=[],
            exclude_anchor_links=True,
            default_preprocessors=[],
        )
        self._painter = Painter(LONGEST)
        self._lexer = ""
        self._register("highlight_code", self._highlight)
        # HTML passes unchanged; anything else is escaped.
        self._register("clean_html", escape)
        # Joins streams that follow each other, and applies their carriage returns.
        self._coalesce: Any = CoalesceStreamsPreprocessor()  # type: ignore[no-untyped-call]
        _, self._resources = super(HTMLExporter, self).from_notebook_node(
            nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        )

    def _register(self, name: str, function: Callable[..., str]) -> None:
        self.register_filter(name, function)  # type: ignore[no-untyped-call]

    def body(self, notebook: Any, lexer: str) -> str:
        """Return the cells as HTML, without a document around them."""
        self._painter, self._lexer = Painter(LONGEST), lexer
        # `from_notebook_node` would copy the notebook twice, validate it twice, and
        # parse the HTML again.
        known = self._resources
        notebook, _ = self._coalesce.preprocess(notebook, known)
        return str(self.template.render(nb=notebook, resources=known)).lstrip("\r\n")

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """Return markdown as HTML, or as text if it is text or cannot be rendered."""
        cell = context.get("cell", {})
        painter = self._painter
        shape = cell.get("metadata", {})
        if shape.get("is_text"):
            reason = shape.get("reason")
            return _as_source(source, reason) if reason else _as_text(source)
        if painter.left <= 0:
            return _as_source(source, "This notebook takes too long to render.")
        begin, left = time.thread_time(), painter.left
        try:
            html = render_markdown(source, cell.get("attachments", {}), painter)
            return f"{set_apart(html)}{shape.get('later', '')}"
        except Exception:  # its parser may raise anything
            logger.info("Markdown of a version is shown as text", exc_info=True)
            return _as_source(source, "This text cannot be rendered.")
        finally:
            painter.left = left - (time.thread_time() - begin)

    def _highlight(self, source: str, **options: Any) -> Markup:
        painted = self._painter.paint(source, self._lexer)
        plain = Markup('<div class="highlight"><pre>{}</pre></div>')
        return plain.format(source) if painted is None else painted


def _as_text(source: str) -> str:
    return f'<pre class="plain">{escape(source)}</pre>'


def _as_source(source: str, reason: str) -> str:
    words = f"[{reason} Its source is shown.]"
    return f'<p class="missing">{words}</p>{_as_text(source)}'


@cache
def _exporter() -> VersionExporter:
    """Return the exporter of this process: it takes long to compile its templates."""
    return VersionExporter()


def export(notebook: dict[str, Any]) -> str:
    """Return the cells of a prepared notebook as HTML. Not for several threads."""
    node = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    return _exporter().body(node, notebook["metadata"]["lexer"])
