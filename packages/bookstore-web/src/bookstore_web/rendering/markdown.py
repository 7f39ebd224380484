"""Markdown of a version as HTML, with its attachments and code in colours."""

from html import escape, unescape
from typing import Any

from markupsafe import Markup
from mistune.util import striptags
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bookstore_web.rendering.colours import Painter
from bookstore_web.rendering.parts.attachments import (
    Attachments,
    missing,
    picture_source,
    with_encoded_names,
    with_pictures,
)
from bookstore_web.rendering.parts.rich import MOST_DIAGRAM


class VersionRenderer(IPythonRenderer):
    """Renders markdown; the blocks of code in it name their lexers, too."""

    def __init__(self, painter: Painter, attachments: Attachments) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self._painter = painter
        self._attachments = attachments

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a block of code, in colours if it names a language."""
        name = (info or "").strip().partition(" ")[0]
        if name == "mermaid" and len(code) <= MOST_DIAGRAM:
            source = Markup("<pre><code>{}</code></pre>").format(code)
            return f'<div class="rich" data-kind="mermaid">{source}</div>\n'
        painted = self._painter.paint(code, name[:50]) if name else None
        return painted or Markup("<pre><code>{}</code></pre>\n").format(code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return a picture, or words if it cannot be shown."""
        source, sentence = picture_source(url, self._attachments)
        if not source:
            return missing(sentence, text=unescape(striptags(text)), url=url)
        return str(super().image(text, source, title))

    def inline_math(self, body: str) -> str:
        """Return math in a line: its source, for the script that sets it."""
        return _math(f"${body}$", cut=1)

    def block_math(self, body: str) -> str:
        """Return math in a line of its own."""
        return _math(f"$${body}$$", cut=2)

    def latex_environment(self, name: str, body: str) -> str:
        """Return a LaTeX environment."""
        return _math(f"\\begin{{{name}}}{body}\\end{{{name}}}", cut=0)

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Return a heading that links lead to, under the name that JupyterLab gives."""
        name = unescape(striptags(text)).replace(" ", "-")
        return f'<h{level} id="{escape(name)}">{text}</h{level}>\n'

    def block_html(self, html: str) -> str:
        """Return HTML in the text, with its pictures."""
        return str(super().block_html(with_pictures(html, self._attachments)))

    def inline_html(self, html: str) -> str:
        """Return HTML in a line, with its pictures."""
        return str(super().inline_html(with_pictures(html, self._attachments)))


def _math(source: str, *, cut: int) -> str:
    """Return math with `cut` delimiters on each side; without any it is displayed."""
    return f'<span class="math" data-cut="{cut}">{escape(source, quote=False)}</span>'


def render_markdown(source: str, attachments: Any, painter: Painter) -> str:
    """Return Markdown as HTML. The parser may raise anything."""
    renderer = VersionRenderer(painter, attachments)
    return str(
        MarkdownWithMath(renderer).render(with_encoded_names(source, attachments))
    )
