"""Search: the labelled versions of a notebook, through all its names.

The labels of a path are known at once, from their markers. Where the notebook was
before is known only from the version at the seam, so that all versions of a path have
to be looked at; a page does a part of that, and the next one goes on.
"""

from dataclasses import dataclass, replace

from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.thread import Thread
from bookstore_core.stores.versions import Label

#: How many versions one page looks at for older paths.
SCAN = 500


@dataclass(frozen=True)
class Found:
    """Rows with their labels, and where the search goes on."""

    rows: tuple[HistoryRow, ...]
    following: Position | None


class Search:
    """Looks for a text in the names and comments of labels, whatever the case."""

    def __init__(self, thread: Thread, text: str) -> None:
        self._thread = thread
        self._text = text.casefold()

    def page(self, start: Position, limit: int) -> Found:
        """Return up to `limit` rows from a place on, the newest first on each path."""
        place: Position | None = start
        rows: list[HistoryRow] = []
        scanned = 0
        while place is not None and len(rows) < limit and scanned < SCAN:
            if not place.searched:
                found = self._on_path(place)
                chosen = found[place.shown :][: limit - len(rows)]
                rows += chosen
                shown = place.shown + len(chosen)
                if shown < len(found):
                    return Found(tuple(rows), replace(place, shown=shown))
                place = replace(place, shown=0, searched=True)
                continue
            step = self._thread.step(place, SCAN - scanned)
            scanned += max(len(step.rows), 1)
            place = step.following
        return Found(tuple(rows), place)

    def _on_path(self, place: Position) -> list[HistoryRow]:
        if place.path in place.done:
            return []
        upto = place.upto
        return [
            row
            for row in self._thread.labelled(place.path, self._matches)
            if upto is None or row.version.stored_at <= upto
        ]

    def _matches(self, label: Label) -> bool:
        text = f"{label.name}\n{label.comment}".casefold()
        return self._text in text
