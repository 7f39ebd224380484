"""Markdown of a version as HTML, with its attachments and code in colours."""

from html import escape, unescape
from typing import Any

from markupsafe import Markup
from mistune.util import striptags
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from bookstore_web.rendering.attachments import (
    Attachments,
    missing,
    picture_source,
    with_encoded_names,
    with_pictures,
)
from bookstore_web.rendering.colours import Painter


class VersionRenderer(IPythonRenderer):
    """Renders markdown; the blocks of code in it name their lexers, too."""

    def __init__(self, painter: Painter, attachments: Attachments) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self._painter = painter
        self._attachments = attachments

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a block of code, in colours if it names a language."""
        name = (info or "").strip().partition(" ")[0]
        painted = self._painter.paint(code, name[:50]) if name else None
        return painted or Markup("<pre><code>{}</code></pre>\n").format(code)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Return a picture, or words if it cannot be shown."""
        source, sentence = picture_source(url, self._attachments)
        if not source:
            return missing(sentence, text=unescape(striptags(text)), url=url)
        return str(super().image(text, source, title))

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


def render_markdown(source: str, attachments: Any, painter: Painter) -> str:
    """Return Markdown as HTML. The parser may raise anything."""
    renderer = VersionRenderer(painter, attachments)
    return str(
        MarkdownWithMath(renderer).render(with_encoded_names(source, attachments))
    )
