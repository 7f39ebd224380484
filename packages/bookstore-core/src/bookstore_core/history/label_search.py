"""Search the labelled versions of a notebook, under all its paths.

The labels of a path are listed at once, by their markers. The notebook's previous path
is recorded only in the version at the seam, so all versions of a path must be listed to
find it; each page of results lists a part of them, and the next page continues.
"""

from dataclasses import dataclass, replace

from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.thread import Thread
from bookstore_core.stores.versions import Label

#: How many versions one page searches for older paths.
SCAN = 500


@dataclass(frozen=True)
class Found:
    """Rows with their labels, and the position where the search continues."""

    rows: tuple[HistoryRow, ...]
    following: Position | None


class Search:
    """Searches the names and comments of labels for a text, ignoring case."""

    def __init__(self, thread: Thread, text: str) -> None:
        self._thread = thread
        self._text = text.casefold()

    def page(self, start: Position, limit: int) -> Found:
        """Return up to `limit` rows from a position on, newest first on each path."""
        position: Position | None = start
        rows: list[HistoryRow] = []
        scanned = 0
        while position is not None and len(rows) < limit and scanned < SCAN:
            if not position.searched:
                found = self._on_path(position)
                chosen = found[position.shown :][: limit - len(rows)]
                rows += chosen
                shown = position.shown + len(chosen)
                if shown < len(found):
                    return Found(tuple(rows), replace(position, shown=shown))
                position = replace(position, shown=0, searched=True)
                continue
            step = self._thread.step(position, SCAN - scanned)
            scanned += max(len(step.rows), 1)
            position = step.following
        return Found(tuple(rows), position)

    def _on_path(self, position: Position) -> list[HistoryRow]:
        if position.path in position.done:
            return []
        return self._thread.labelled(position, self._matches)

    def _matches(self, label: Label) -> bool:
        text = f"{label.name}\n{label.comment}".casefold()
        return self._text in text
