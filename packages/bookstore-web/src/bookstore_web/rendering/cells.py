"""Cells for rendering: of a strict shape, and within limits of size.

nbconvert assumes that a notebook is valid. These cells contain only what it needs, as
text, so that it cannot fail on them. Each output has only one form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from bookstore_core.cells import text_of
from bookstore_web.rendering.attachments import with_pictures
from bookstore_web.rendering.markup import set_apart

MAX_CELLS = 500
#: Characters of one source, of all of them, of one output, and of all of them.
MAX_SOURCE, MAX_SOURCES = 50_000, 1_000_000
MAX_OUTPUT, MAX_OUTPUTS = 3_000_000, 8_000_000
#: Characters of text in one output, and in all: text takes longer than images.
MAX_TEXT, MAX_TEXTS = 200_000, 1_000_000
MAX_OUTPUTS_OF_CELL = 100
MAX_ATTACHMENTS_OF_CELL = 100
#: Characters of markdown; the parser may be slow for longer texts.
MAX_MARKDOWN = 20_000

TOO_LONG = "This text is too long to be rendered."

#: Forms of an output that can be shown, the best first.
FORMS = (
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "text/markdown",
    "text/latex",
    "text/plain",
)
BITMAPS = {"image/gif", "image/webp"}
SCRIPTS = re.compile("<script", re.IGNORECASE)
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
#: Characters without a UTF-8 form or not allowed in HTML, except escape (for colours).
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class LeftOut:
    """How many parts of a notebook, or `characters` of a text, are not shown.

    `sources` were shortened; `outputs` were left out, or shortened, for their size or
    number.
    """

    cells: int = 0
    sources: int = 0
    outputs: int = 0
    characters: int = 0

    def __bool__(self) -> bool:
        return self != LeftOut()

    @property
    def sentence(self) -> str:
        """What is left out, as a sentence; empty if nothing is."""
        parts = []
        if self.cells:
            parts.append(_count(self.cells, "cell", "at the end"))
        if self.sources:
            parts.append(_count(self.sources, "cell", "cut short"))
        if self.outputs:
            parts.append(_count(self.outputs, "large output"))
        if self.characters:
            parts.append(_count(self.characters, "character", "at the end"))
        if not parts:
            return ""
        return f"Not everything is shown here. Left out: {'; '.join(parts)}."


def _count(number: int, noun: str, more: str = "") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'} {more}".rstrip()


class CellReader:
    """Reads cells up to its limits; `left_out` counts what did not fit."""

    def __init__(self) -> None:
        self.left_out = LeftOut()
        self._sources = MAX_SOURCES
        self._outputs = MAX_OUTPUTS
        self._texts = MAX_TEXTS

    def read(self, raw: Sequence[Any], *, only: int | None) -> list[dict[str, Any]]:
        """Return the cells to render: all of them, or the one with index `only`."""
        begin, end = (0, MAX_CELLS) if only is None else (only, only + 1)
        if only is None:
            self._count(cells=max(0, len(raw) - MAX_CELLS))
        return [
            self._cell(place, cell) for place, cell in enumerate(raw[begin:end], begin)
        ]

    def _count(self, *, cells: int = 0, sources: int = 0, outputs: int = 0) -> None:
        known = self.left_out
        self.left_out = replace(
            known,
            cells=known.cells + cells,
            sources=known.sources + sources,
            outputs=known.outputs + outputs,
        )

    def _cell(self, place: int, raw: object) -> dict[str, Any]:
        cell = raw if isinstance(raw, dict) else {"source": text_of(raw)}
        kind = cell.get("cell_type")
        source = self._source(text_of(cell.get("source")))
        known = {"id": str(place), "metadata": {}, "source": source}
        if kind == "markdown" and len(source) <= MAX_MARKDOWN:
            attachments = self._attachments(cell.get("attachments"))
            return known | {"cell_type": "markdown", "attachments": attachments}
        if kind != "code":
            # nbconvert shows other cells not at all, or as HTML.
            reason = TOO_LONG if kind == "markdown" else ""
            shape = {"is_text": True, "reason": reason}
            return known | {"cell_type": "markdown", "metadata": shape}
        count = cell.get("execution_count")
        return known | {
            "cell_type": "code",
            "execution_count": count if type(count) is int else None,
            "outputs": list(self._outputs_of(place, cell.get("outputs"))),
        }

    def _source(self, source: str) -> str:
        longest = min(MAX_SOURCE, self._sources)
        if len(source) > longest:
            self._count(sources=1)
            source = f"{source[:longest]}\n…"
        self._sources -= min(len(source), longest)
        return UNFIT.sub("\ufffd", source)

    def _attachments(self, raw: object) -> dict[str, dict[str, str]]:
        attachments: dict[str, dict[str, str]] = {}
        known = raw.items() if isinstance(raw, dict) else ()
        for name, bundle in islice(known, MAX_ATTACHMENTS_OF_CELL):
            forms = bundle.items() if isinstance(bundle, dict) else ()
            for mime, value in forms:
                text = text_of(value)
                kept = attachments.setdefault(UNFIT.sub("\ufffd", name), {})
                is_sound = mime.startswith("image/") and BASE64.fullmatch(text)
                if is_sound and self._fits(len(text), MAX_OUTPUT):
                    kept[mime] = text
        return attachments

    def _fits(self, size: int, longest: int) -> bool:
        """Take room for an output if there is room; else count it as left out."""
        if size > min(longest, self._outputs):
            self._count(outputs=1)
            return False
        self._outputs -= size
        return True

    def _outputs_of(self, place: int, raw: object) -> Iterator[dict[str, Any]]:
        outputs = raw if isinstance(raw, list) else []
        self._count(outputs=max(0, len(outputs) - MAX_OUTPUTS_OF_CELL))
        for output in outputs[:MAX_OUTPUTS_OF_CELL]:
            if isinstance(output, dict):
                yield from self._output(place, output)

    def _output(self, place: int, raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind, data = raw.get("output_type"), raw.get("data")
        if kind == "error" or "traceback" in raw:
            lines = raw.get("traceback")
            lines = lines if isinstance(lines, list) and lines else [raw.get("evalue")]
            yield self._text("\n".join(map(text_of, lines)), name="stderr")
        elif isinstance(data, dict):
            yield from self._bundle(place, data, raw.get("metadata"))
        elif "text" in raw:
            name = "stderr" if raw.get("name") == "stderr" else "stdout"
            yield self._text(text_of(raw["text"]), name=name)

    def _text(self, text: str, *, name: str = "stdout") -> dict[str, Any]:
        longest = min(MAX_TEXT, self._texts)
        if len(text) > longest:
            self._count(outputs=1)
            text = f"{text[:longest]}\n[… {len(text) - longest:,} more characters]"
        self._texts -= min(len(text), longest)
        text = UNFIT.sub("\ufffd", text)
        return {"output_type": "stream", "name": name, "text": text}

    def _bundle(
        self, place: int, data: Mapping[str, Any], metadata: object
    ) -> Iterator[dict[str, Any]]:
        mime = next((mime for mime in FORMS if mime in data), None)
        if mime is None:
            yield self._text(_missing("This output cannot be shown without scripts."))
            return
        text = text_of(data[mime])
        if mime == "text/plain" or (
            mime == "text/markdown" and len(text) > MAX_MARKDOWN
        ):
            yield self._text(text)
            return
        if not self._fits(len(text), MAX_OUTPUT):
            size = f"{len(text) / 1e6:.1f} MB"
            yield self._text(_missing(f"This output is too large to show: {size}."))
            return
        text = UNFIT.sub("\ufffd", text)
        is_bitmap = mime.startswith("image/") and mime != "image/svg+xml"
        if is_bitmap and not BASE64.fullmatch(text):
            yield self._text(_missing("This output is not a valid image."))
            return
        known = metadata if isinstance(metadata, dict) else {}
        if mime == "text/html":
            text = set_apart(with_pictures(text, {}))
        yield _display(mime, text, _sizes(known.get(mime), place))
        if mime == "text/html" and SCRIPTS.search(text):
            yield self._text(_missing("Scripts in this output do not run here."))


def _missing(sentence: str) -> str:
    return f"[{sentence}]"


def _display(mime: str, text: str, sizes: dict[str, Any]) -> dict[str, Any]:
    if mime in BITMAPS:  # nbconvert's template has no block for them
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
