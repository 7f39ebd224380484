"""Search the labelled versions of a notebook, under all its paths.

The labels of a path are listed at once, by their markers. To find the notebook's older
paths, its versions are skimmed (`skim.py`); each page of results does a part of that,
and the next page continues.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.skim import SKIMMED, Skim, at_least
from bookstore_core.history.thread import MAX_ROWS, Thread
from bookstore_core.parallel import in_parallel
from bookstore_core.stores.versions import Label, Version

#: How many versions one page reads for older paths, one by one. Of those that are
#: skimmed, it is more.
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
        self._skim = Skim(thread)
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
            stretch = self._skim.stretch(position, at_least(SKIMMED))
            scanned += stretch.cost
            position = stretch.following
        return Found(tuple(rows), position)

    def _on_path(self, position: Position) -> list[HistoryRow]:
        if position.path in position.done:
            return []
        key = self._thread.key(position.path)
        labels = self._thread.store.labels(key)
        chosen = {known: row for known, row in labels.items() if self._matches(row)}
        return labelled(self._skim, position, chosen)

    def _matches(self, label: Label) -> bool:
        text = f"{label.name}\n{label.comment}".casefold()
        return self._text in text


def labelled(
    skim: Skim, start: Position, labels: Mapping[str, Label]
) -> list[HistoryRow]:
    """Return the versions from a position on that have these labels, newest first.

    `labels` are some of the path, by version id. The position is the first one on its
    path. Versions of other notebooks that had the path are left out.
    """
    if not labels:
        return []
    # On some servers a label changes the time that a HEAD returns, not the listing.
    newest, listed = list_until_found(skim, start.path, labels)

    def look(version: Version) -> HistoryRow | None:
        found = skim.row(HistoryRow(start.path, version))
        return found and replace(found, label=labels[version.version_id])

    found = in_parallel(look, listed, threads=skim.threads)
    rows = [row for row in found if row is not None and start.lists(row.version)]
    if not rows:
        return []

    def reference() -> datetime:
        first = skim.row(HistoryRow(start.path, newest)) if newest else None
        known = [row.saved_at for row in (first, *rows) if row is not None]
        return start.seam_at or max(known)

    since = start.since or skim.notes(start.path).last_departure(reference)
    return [row for row in rows if row.saved_at > since]


def list_until_found(
    skim: Skim, path: str, wanted: Collection[str]
) -> tuple[Version | None, list[Version]]:
    """Return the newest version of a path, and the wanted ones, newest first.

    All are as they are listed. Versions that are gone are left out.
    """
    newest: Version | None = None
    found: list[Version] = []
    cursor = None
    while True:
        page = skim.listed(path, cursor, MAX_ROWS)
        newest = newest or next(iter(page.versions), None)
        found += [known for known in page.versions if known.version_id in wanted]
        cursor = page.cursor
        if cursor is None or len(found) == len(wanted):
            return newest, found
