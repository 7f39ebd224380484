"""Pictures in Markdown: attachments of its cell, and those that cannot be shown.

An attachment is found as JupyterLab finds it: its name may be percent-encoded in the
address or not, and the address may be of a picture in Markdown or in HTML.
"""

import re
import unicodedata
from collections.abc import Mapping
from html import escape, unescape
from urllib.parse import quote, unquote

Attachments = Mapping[str, Mapping[str, str]]

PREFIX = "attachment:"
#: Types that a browser shows as a picture, the best first.
PICTURES = (
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/bmp",
)
#: An element in HTML that shows something from an address.
TAG = re.compile(r"<(?:img|source|input)(?=[\s/])[^<>]*>", re.I)  # in linear time
SOURCE = re.compile(r"(?<=[\s\"'/])src\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.I)
ALT = re.compile(r"(?<=[\s\"'/])alt\s*=\s*(\"[^\"]*\"|'[^']*')", re.I)


def with_encoded_names(source: str, attachments: Attachments) -> str:
    """Return Markdown whose links to attachments can be parsed.

    In Markdown an address ends at a space, and names of files have spaces.
    """
    for name in attachments:
        if name != quote(name):
            address = f"({PREFIX}{quote(name)}"
            source = source.replace(f"({PREFIX}{name}", address)
            source = source.replace(f"(<{PREFIX}{name}>", address)
    return source


def picture_source(url: str, attachments: Attachments) -> tuple[str, str]:
    """Return the address of a picture, and a sentence if it cannot be shown.

    One of the two is empty.
    """
    if url[:5].lower() == "data:":
        return url, ""
    if url[: len(PREFIX)].lower() != PREFIX:
        return "", _elsewhere(url)
    name = unquote(url[len(PREFIX) :])
    bundle = _find(url[len(PREFIX) :], attachments)
    if bundle is None:
        return "", f"The attachment {name} is not in this cell."
    for mime in PICTURES:
        if mime in bundle:
            return f"data:{mime};base64,{''.join(bundle[mime].split())}", ""
    if bundle:
        return "", f"The attachment {name} is not a picture."
    return "", f"The attachment {name} is too large to show, or is damaged."


def _find(name: str, attachments: Attachments) -> Mapping[str, str] | None:
    wanted = {_composed(name), _composed(unquote(name))}
    for known, bundle in attachments.items():
        if known == name or {_composed(known), _composed(unquote(known))} & wanted:
            return bundle
    return None


def _composed(name: str) -> str:
    """Return a name in one form: some systems decompose the letters of file names."""
    return unicodedata.normalize("NFC", name)


def _elsewhere(url: str) -> str:
    place = url if len(url) <= 200 else f"{url[:200]}…"
    if re.match(r"(?:https?:)?//", url, re.I):
        return f"A picture of another site is not loaded here: {place}"
    return f"A picture that is not in the notebook is not shown here: {place}"


def missing(sentence: str, *, text: str = "", url: str = "") -> str:
    """Return the HTML that stands where a picture is missing."""
    words = escape(f"{text}: {sentence}" if text else sentence)
    if re.match(r"https?://", url, re.I):
        words = f'<a href="{escape(url)}">{words}</a>'
    return f'<span class="missing">[{words}]</span>'


def with_pictures(html: str, attachments: Attachments) -> str:
    """Return HTML with the attachments that it shows, and words for other pictures."""

    def put(tag: re.Match[str]) -> str:
        source = SOURCE.search(tag[0])
        if source is None:
            return tag[0]
        given = source[1].strip("\"' \t\n")
        if given[:5].lower() == "data:":  # which may be megabytes
            return tag[0]
        url = unescape(given).strip()
        found, sentence = picture_source(url, attachments)
        if not found:
            alt = ALT.search(tag[0])
            text = unescape(alt[1].strip("\"'")) if alt else ""
            return missing(sentence, text=text, url=url)
        begin, end = source.span(1)
        return f'{tag[0][:begin]}"{escape(found)}"{tag[0][end:]}'

    return TAG.sub(put, html)
