"""Outputs for rendering: each in one form, within limits of size.

What is drawn by a script (`rich.py`) is followed by its best other form, which the
frame hides when it has drawn it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bookstore_core.cells import text_of
from bookstore_web.rendering.markup import set_apart
from bookstore_web.rendering.parts.attachments import with_pictures
from bookstore_web.rendering.parts.limits import (
    ALONE,
    MAX_MARKDOWN,
    MAX_OUTPUTS_OF_CELL,
    LeftOut,
    Limits,
    in_words,
)
from bookstore_web.rendering.parts.rich import KINDS, RichError, Widgets, rich_element

#: Forms of an output that can be shown without a script, the best first.
FORMS = (
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "text/markdown",
    "text/latex",
    "application/json",
    "text/plain",
)
#: nbconvert's template has no block for these.
BITMAPS = {"image/gif", "image/webp", "image/avif", "image/bmp"}
TEXTS = {"text/plain", "application/json"}
#: Characters of the text that stands for a figure.
MOST_FALLBACK = 2000

SCRIPTS = re.compile("<script", re.IGNORECASE)
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
#: Characters without a UTF-8 form or not allowed in HTML, except escape (for colours).
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]")

#: What stands for a figure without another form. `frame.js` hides the advice.
UNSCRIPTED = (
    '<pre>[This is a {noun}.<span class="unscripted"> Scripts of bookstore draw it: '
    "allow them.</span>]</pre>"
)
NO_SCRIPTS = "Scripts in this output do not run here."
Output = dict[str, Any]


class OutputReader:
    """Reads outputs up to `limits`; `left_out` counts what is not shown anywhere."""

    def __init__(self, limits: Limits, address: str, widgets: Widgets) -> None:
        self.left_out = LeftOut()
        self._limits = limits
        self._outputs, self._texts = limits.outputs, limits.texts
        self._address = address
        self._widgets = widgets

    @property
    def is_full(self) -> bool:
        """Whether there is no room for more text."""
        return self._texts <= 0

    def takes(self, size: int) -> bool:
        """Take room for an attachment if there is room."""
        return self._fits(size)

    def link(self, place: int, size: int) -> str:
        """Return a link to the cell alone, for what did not fit; empty if of no use.

        Then that is counted as left out.
        """
        if self._limits is ALONE or size > ALONE.output:
            self.left_out = self.left_out.more(outputs=1)
            return ""
        href = f"?{self._address}&amp;cell={place}"
        words = f"Show what is missing here ({in_words(size)})"
        return f'<p class="later" data-cell="{place}"><a href="{href}">{words}</a></p>'

    def read(self, place: int, raw: object) -> Iterator[Output]:
        """Yield the outputs of the cell with index `place`."""
        outputs = raw if isinstance(raw, list) else []
        for output in outputs[:MAX_OUTPUTS_OF_CELL]:
            if isinstance(output, dict):
                yield from self._output(place, output)
        if (more := len(outputs) - MAX_OUTPUTS_OF_CELL) > 0:
            self.left_out = self.left_out.more(outputs=more)
            yield from self._text(place, _missing(f"{more:,} more outputs"))

    def _fits(self, size: int) -> bool:
        if size > min(self._limits.output, self._outputs):
            return False
        self._outputs -= size
        return True

    def _output(self, place: int, raw: Mapping[str, Any]) -> Iterator[Output]:
        kind, data = raw.get("output_type"), raw.get("data")
        if kind == "error" or "traceback" in raw:
            lines = raw.get("traceback")
            lines = lines if isinstance(lines, list) and lines else [raw.get("evalue")]
            yield from self._text(place, "\n".join(map(text_of, lines)), name="stderr")
        elif isinstance(data, dict):
            yield from self._bundle(place, data, raw.get("metadata"))
        elif "text" in raw:
            name = "stderr" if raw.get("name") == "stderr" else "stdout"
            yield from self._text(place, text_of(raw["text"]), name=name)

    def _text(self, place: int, text: str, *, name: str = "stdout") -> Iterator[Output]:
        longest = min(self._limits.text, max(0, self._texts))
        self._texts -= len(text)
        more = len(text) - longest
        shown = text if more <= 0 else text[:longest]
        if shown:
            yield _stream(UNFIT.sub("\ufffd", shown), name)
        if more > 0:
            yield self._later(place, len(text), ALONE.text, f"{more:,} more characters")

    def _later(self, place: int, size: int, most: int, what: str) -> Output:
        """Return a link to the cell alone; words if it would be too large there."""
        if self._limits is ALONE or size > most:
            self.left_out = self.left_out.more(outputs=1)
            return _stream(f"[… {what}: too large to show]", "stdout")
        href = f"?{self._address}&amp;cell={place}"
        link = f'<a href="{href}">Show the output ({in_words(size)})</a>'
        return _html(f'<p class="later" data-cell="{place}">{link}</p>')

    def _bundle(
        self, place: int, data: Mapping[str, Any], metadata: object
    ) -> Iterator[Output]:
        rich = _rich_form(data)
        if rich is None:
            yield from self._plain(place, data, metadata)
            return
        known = metadata if isinstance(metadata, dict) else {}
        try:
            element = rich_element(rich, data[rich], known.get(rich), self._widgets)
        except RichError as error:
            yield from self._text(place, _missing(str(error)))
        else:
            if not self._fits(len(element)):
                what = f"this figure of {in_words(len(element))}"
                yield self._later(place, len(element), ALONE.output, what)
                return
            yield _html(element)
        yield from self._plain(place, _without_scripts(data), metadata, rich=rich)

    def _plain(
        self, place: int, data: Mapping[str, Any], metadata: object, rich: str = ""
    ) -> Iterator[Output]:
        mime = next((mime for mime in FORMS if mime in data), None)
        text = _missing(_no_form(data)) if mime is None else text_of(data[mime])
        is_long = mime == "text/markdown" and len(text) > MAX_MARKDOWN
        if rich and mime is None:
            yield _html(UNSCRIPTED.format(noun=KINDS[rich].noun))
            return
        if rich and (mime in TEXTS or is_long):
            yield _words(text)
            return
        if mime is None or mime in TEXTS or is_long:
            yield from self._text(place, text)
            return
        if not self._fits(len(text)):
            what = f"an output of {in_words(len(text))}"
            yield self._later(place, len(text), ALONE.output, what)
            return
        text = UNFIT.sub("\ufffd", text)
        is_bitmap = mime.startswith("image/") and mime != "image/svg+xml"
        if is_bitmap and not BASE64.fullmatch(text):
            yield from self._text(place, _missing("This output is not a valid image."))
            return
        known = metadata if isinstance(metadata, dict) else {}
        has_scripts = mime == "text/html" and SCRIPTS.search(text)
        if mime == "text/html":
            text = set_apart(with_pictures(text, {}))
        yield _display(mime, text, _sizes(known.get(mime), place))
        if has_scripts:
            yield from self._text(place, _missing(NO_SCRIPTS))


def _rich_form(data: Mapping[str, Any]) -> str | None:
    """Return the form of an output that a script is to draw; None if there is none.

    LaTeX that stands alone is shown as text, and set in place.
    """
    found = next((mime for mime in KINDS if mime in data), None)
    if found == "text/latex":
        others = [mime for mime in FORMS if mime in data]
        return found if others[0].startswith("image/") else None
    return found


def _without_scripts(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the forms of a figure, without HTML whose script would draw it."""
    html = data.get("text/html")
    if html is None or not SCRIPTS.search(text_of(html)):
        return data
    return {mime: value for mime, value in data.items() if mime != "text/html"}


def _no_form(data: Mapping[str, Any]) -> str:
    kinds = ", ".join(mime[:80] for mime in data) or "no type"
    return f"This output cannot be shown without scripts of its own ({kinds})."


def _missing(sentence: str) -> str:
    return f"[{sentence}]"


def _stream(text: str, name: str) -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _words(text: str) -> Output:
    """Return text that is not joined with the text that follows it."""
    if len(text) > MOST_FALLBACK:
        text = f"{text[:MOST_FALLBACK]}…"
    known = {"text/plain": UNFIT.sub("\ufffd", text)}
    return {"output_type": "display_data", "data": known, "metadata": {}}


def _html(text: str) -> Output:
    return {
        "output_type": "display_data",
        "data": {"text/html": text},
        "metadata": {},
    }


def _display(mime: str, text: str, sizes: dict[str, Any]) -> Output:
    if mime in BITMAPS:
        joined = "".join(text.split())
        text = f'<img src="data:{mime};base64,{joined}" alt="{sizes["alt"]}">'
        mime = "text/html"
    return {
        "output_type": "display_data",
        "data": {mime: text},
        "metadata": {mime: sizes},
    }


def _sizes(known: object, place: int) -> dict[str, Any]:
    """Return the alt text of an image, and its size if the metadata contain one."""
    sizes: dict[str, Any] = {"alt": f"Output of cell {place + 1}"}
    for name in ("width", "height"):
        value = known.get(name) if isinstance(known, dict) else None
        if isinstance(value, int | float) and 0 < value < 10_000:
            sizes[name] = value
    return sizes
