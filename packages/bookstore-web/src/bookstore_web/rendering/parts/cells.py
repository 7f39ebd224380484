"""Cells for rendering: of a strict shape, and within limits of size.

nbconvert assumes that a notebook is valid. These cells contain only what it needs, as
text, so that it cannot fail on them. Each output has only one form, see `outputs.py`.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from bookstore_core.cells import text_of
from bookstore_web.rendering.parts.limits import (
    ALONE,
    MAX_ATTACHMENTS_OF_CELL,
    MAX_CELLS,
    MAX_MARKDOWN,
    MAX_SOURCE,
    MAX_SOURCES,
    TOGETHER,
    LeftOut,
    Portion,
)
from bookstore_web.rendering.parts.outputs import BASE64, UNFIT, OutputReader
from bookstore_web.rendering.parts.rich import Widgets

TOO_LONG = "This text is too long to be rendered."


class CellReader:
    """Reads the cells of a portion, up to its limits.

    Afterwards `left_out` counts what no portion shows, and `next` is the index of the
    cell with which the next portion begins, None after the last.
    """

    def __init__(self, portion: Portion, widgets: Widgets) -> None:
        self.next: int | None = None
        self._portion = portion
        self._sources = MAX_SOURCES
        self._cut = LeftOut()
        limits = TOGETHER if portion.cell is None else ALONE
        self._outputs = OutputReader(limits, portion.address, widgets)

    @property
    def left_out(self) -> LeftOut:
        """What no portion shows."""
        return self._outputs.left_out.more(sources=self._cut.sources)

    def read(self, raw: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the cells to render."""
        portion = self._portion
        if portion.cell is not None:
            return [self._cell(portion.cell, raw[portion.cell])]
        cells: list[dict[str, Any]] = []
        for place in range(portion.begin, len(raw)):
            is_full = self._sources <= 0 or self._outputs.is_full
            if cells and (is_full or len(cells) >= MAX_CELLS):
                self.next = place
                break
            cells.append(self._cell(place, raw[place]))
        return cells

    def _cell(self, place: int, raw: object) -> dict[str, Any]:
        cell = raw if isinstance(raw, dict) else {"source": text_of(raw)}
        kind = cell.get("cell_type")
        source = self._source(text_of(cell.get("source")))
        known = {"id": str(place), "metadata": {}, "source": source}
        if kind == "markdown" and len(source) <= MAX_MARKDOWN:
            attachments, missing = self._attachments(cell.get("attachments"))
            link = self._outputs.link(place, missing) if missing else ""
            more = {"metadata": {"later": link}, "attachments": attachments}
            return known | {"cell_type": "markdown"} | more
        if kind != "code":
            # nbconvert shows other cells not at all, or as HTML.
            reason = TOO_LONG if kind == "markdown" else ""
            shape = {"is_text": True, "reason": reason}
            return known | {"cell_type": "markdown", "metadata": shape}
        count = cell.get("execution_count")
        return known | {
            "cell_type": "code",
            "execution_count": count if type(count) is int else None,
            "outputs": list(self._outputs.read(place, cell.get("outputs"))),
        }

    def _source(self, source: str) -> str:
        if len(source) > MAX_SOURCE:
            self._cut = self._cut.more(sources=1)
            source = f"{source[:MAX_SOURCE]}\n…"
        self._sources -= len(source)
        return UNFIT.sub("\ufffd", source)

    def _attachments(self, raw: object) -> tuple[Mapping[str, Mapping[str, str]], int]:
        """Return the attachments, and the characters of the largest that is not in."""
        missing = 0
        attachments: dict[str, dict[str, str]] = {}
        known = raw.items() if isinstance(raw, dict) else ()
        for name, bundle in islice(known, MAX_ATTACHMENTS_OF_CELL):
            forms = bundle.items() if isinstance(bundle, dict) else ()
            for mime, value in forms:
                text = text_of(value)
                kept = attachments.setdefault(UNFIT.sub("\ufffd", name), {})
                is_sound = mime.startswith("image/") and BASE64.fullmatch(text)
                if is_sound and self._outputs.takes(len(text)):
                    kept[mime] = text
                elif is_sound:
                    missing = max(missing, len(text))
        return attachments, missing
