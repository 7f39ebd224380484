"""The picture of a notebook on its card: its first image, or its first lines, drawn.

An image of the notebook is sent as it is, if it is one: the type is read from its
bytes, and neither they nor its pixels are too many. SVG is a document, and never sent;
what is drawn here is our own.
"""

import binascii
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from textwrap import wrap
from typing import Any

from bookstore_core.cells import parse_leniently, text_of
from bookstore_core.diff.outputs import outputs_of
from bookstore_core.errors import InvalidNotebookError

#: The types of images in a notebook that are looked at.
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")

#: The most bytes of an image, and the most pixels of a side; smaller ones are icons.
MOST_BYTES = 2 * 1024 * 1024
MOST_SIDE, LEAST_SIDE = 6000, 32

#: Lines of a drawing, and characters of a line of prose and of code.
LINES, COLUMNS, CODE_COLUMNS = 8, 42, 36

#: Math in the text of Markdown: its source is shown, without the dollars.
MATH = re.compile(r"\$(\$?)(?=\S)([^$\n]+?)(?<=\S)\$\1(?!\d)")

STYLE = (
    "rect{fill:#fff}text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#5c5f63}"
    ".said{font-family:system-ui,sans-serif;fill:#212121}"
    "@media(prefers-color-scheme:dark){rect{fill:#1d1d1e}text{fill:#a9adb1}"
    ".said{fill:#e4e4e4}}"
)


@dataclass(frozen=True)
class Picture:
    """An image, and its type."""

    media_type: str
    data: bytes


def picture_of(data: bytes, title: str) -> Picture:
    """Return the picture of a version with this content; never raises."""
    try:
        known = parse_leniently(data)["cells"]
        cells = [cell for cell in known if isinstance(cell, dict)]
        found = next(filter(None, map(_image, _encoded_images(cells))), None)
        return found or draw(_lines_of(cells) or [(title, True)])
    except InvalidNotebookError:
        return draw([(title, True)])


def _encoded_images(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the images in outputs and attachments, in base64."""
    for cell in cells:
        attached = cell.get("attachments")
        bundles = list(attached.values()) if isinstance(attached, dict) else []
        bundles += [
            output.get("data")
            for output in outputs_of(cell)
            if isinstance(output, dict)
        ]
        for bundle in bundles:
            if isinstance(bundle, dict):
                yield from (text_of(bundle[name]) for name in TYPES if name in bundle)


def _image(encoded: str) -> Picture | None:
    if len(encoded) > MOST_BYTES * 3 // 2:
        return None
    try:
        data = binascii.a2b_base64(encoded)
    except ValueError:
        return None
    found = look_at(data)
    if found is None or len(data) > MOST_BYTES:
        return None
    media_type, width, height = found
    fits = all(LEAST_SIDE <= side <= MOST_SIDE for side in (width, height))
    return Picture(media_type, data) if fits else None


def look_at(data: bytes) -> tuple[str, int, int] | None:
    """Return the type, width and height of an image; None if it is not one."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return "image/png", *struct.unpack(">II", data[16:24])
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return "image/gif", *struct.unpack("<HH", data[6:10])
        if data.startswith(b"\xff\xd8\xff"):
            return _look_at_jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _look_at_webp(data)
    except (struct.error, IndexError):
        pass
    return None


def _look_at_jpeg(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while data[at] == 0xFF:
        kind = data[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _look_at_webp(data: bytes) -> tuple[str, int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        sides = data[24:27], data[27:30]
        width, height = (int.from_bytes(side, "little") + 1 for side in sides)
    elif kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (n & 0x3FFF for n in struct.unpack("<HH", data[26:30]))
    else:
        return None
    return "image/webp", width, height


def _lines_of(cells: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """Return the first lines of a notebook, each with whether it is prose."""
    found: list[tuple[str, bool]] = []
    for cell in cells:
        is_prose = cell.get("cell_type") == "markdown"
        source = text_of(cell.get("source"))[:2000]
        lines = _plain(source) if is_prose else map(_cut, source.splitlines())
        found += [(line, is_prose) for line in lines if line.strip()]
        if len(found) >= LINES:
            break
    return found[:LINES]


def _cut(line: str) -> str:
    return line if len(line) <= CODE_COLUMNS else f"{line[: CODE_COLUMNS - 1]}…"


class _Text(HTMLParser):
    """The text of HTML, with a line for each block."""

    APART = frozenset({"script", "style", "template"})
    INLINE = re.compile(
        "a|abbr|b|code|del|em|i|img|kbd|mark|q|s|small|span|strong|sub|sup|u"
    )
    CELLS = frozenset({"td", "th"})

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._apart = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._apart += tag in self.APART
        self.text += (dict(attrs).get("alt") or "") if tag == "img" else ""
        if not self.INLINE.fullmatch(tag):
            self.text += " " if tag in self.CELLS else "\n"

    def handle_endtag(self, tag: str) -> None:
        self._apart = max(0, self._apart - (tag in self.APART))
        if tag not in self.CELLS and not self.INLINE.fullmatch(tag):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._apart else data


def _plain(source: str) -> Iterator[str]:
    """Yield the lines of Markdown as readers see them, not too wide."""
    # Imported late, as everything that only rendering needs.
    from mistune import create_markdown

    markdown = create_markdown(escape=False, plugins=["table", "strikethrough"])
    reader = _Text()
    try:
        reader.feed(str(markdown(MATH.sub(r"\2", source))))
        reader.close()
        text = reader.text
    except Exception:  # noqa: BLE001  # parsers may raise anything
        text = source
    for line in text.splitlines():
        yield from wrap(line, COLUMNS)


def draw(lines: list[tuple[str, bool]]) -> Picture:
    """Return a drawing of lines, each with whether it is prose."""
    rows = []
    for number, (line, is_prose) in enumerate(lines):
        plain = "".join(char if char.isprintable() else " " for char in line)
        style = ' class="said"' if is_prose else ""
        rows.append(
            f'<text x="16" y="{30 + number * 19}" xml:space="preserve"{style}>'
            f"{escape(plain)}</text>"
        )
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180">'
        f'<style>{STYLE}</style><rect width="320" height="180"/>{"".join(rows)}</svg>'
    )
    return Picture("image/svg+xml", drawing.encode())
