"""Finder: find a version of a notebook by its position, time or label, or the next."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from bookstore_core.history.label_search import labelled, list_until_found
from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.skim import Enough, Look, Skim, at_least, stored_by
from bookstore_core.history.thread import MAX_ROWS, Thread

#: How many of the newest versions are searched for older paths of a notebook, if a name
#: is not found among the versions of the requested path: so many if each is looked at,
#: and as many as one stretch if they are skimmed.
FAR = 2000
FAR_SKIMMED = 3000


class Finder:
    """Finds versions of the notebook at one path, for one question."""

    def __init__(self, thread: Thread, path: str) -> None:
        self._thread = thread
        self._path = path
        self._skim = Skim(thread)
        self._live: list[HistoryRow] = []
        self._newest: HistoryRow | None = None

    @property
    def has_versions(self) -> bool:
        """Whether there are versions, or delete markers, at the path."""
        return bool(self._skim.listed(self._path, None, MAX_ROWS).versions)

    @property
    def deletion(self) -> HistoryRow | None:
        """The delete marker that is the newest of what `at_index` found, if one is."""
        if self._newest is None or not self._newest.version.deleted:
            return None
        return self._skim.row(self._newest)

    @property
    def oldest(self) -> HistoryRow | None:
        """The oldest version that was found, with its metadata."""
        return self._skim.row(self._live[-1]) if self._live else None

    def at_index(self, index: int, look: Look) -> tuple[HistoryRow | None, int]:
        """Return the version with a number, and how many are newer.

        Delete markers do not count. If there is none, return the number of versions.
        `look` asks for the metadata of the version.
        """
        position: Position | None = Position(self._path)
        left = index
        while position is not None:
            stretch = self._skim.stretch(
                position, _live(left + 1), most=left + 1, look=look
            )
            self._newest = self._newest or next(iter(stretch.rows), None)
            live = [row for row in stretch.rows if not row.version.deleted]
            if left < len(live):
                return self._skim.row(live[left]), index
            left -= len(live)
            position = stretch.following
        return None, index - left

    def at(self, moment: datetime) -> HistoryRow | None:
        """Return the version that was the newest at a moment; None if all are newer."""
        position: Position | None = Position(self._path)
        enough = _stored_by(moment)
        while position is not None:
            stretch = self._skim.stretch(position, enough)
            self._live += [row for row in stretch.rows if not row.version.deleted]
            if self.oldest is not None and self.oldest.saved_at <= moment:
                found = self._skim.first_saved_by(self._live, moment)
                known = map(self._skim.row, self._live[found:])
                return next(row for row in known if row is not None)
            if stretch.rows and stretch.rows[-1].version.stored_at <= moment:
                enough = at_least(1)  # the clocks differ: a page at a time
            position = stretch.following
        return None

    def starts(self) -> Iterator[Position]:
        """Yield where a notebook's versions begin on this path and each older one.

        The older paths are those recorded in its newest versions, newest first, each
        once.
        """
        yield Position(self._path)
        position: Position | None = Position(self._path)
        seen, far = {self._path}, 0.0
        while position is not None and far < 1:
            stretch = self._skim.stretch(position, at_least(FAR_SKIMMED))
            most = FAR if stretch.looked_at else FAR_SKIMMED
            far += max(len(stretch.rows), 1) / most
            position = stretch.following
            if position is not None and position.path not in seen:
                seen.add(position.path)
                yield position

    def by_label(self, start: Position, name: str) -> HistoryRow | None:
        """Return the version from a position on that has the label `name`."""
        key = self._thread.key(start.path)
        labels = self._thread.store.labels_named(key, name.strip(" "))
        return next(iter(labelled(self._skim, start, labels)), None)

    def after(self, row: HistoryRow) -> Position | None:
        """Return the position after a version; None if it is gone."""
        version = row.version
        if version.deleted or self._thread.is_seam(row):
            # In the order of all listings, and with the listed time.
            _, listed = list_until_found(self._skim, row.path, [version.version_id])
            if not listed:
                return None
            if version.deleted:
                return Position(row.path, at=version.version_id)
            seam = replace(row, version=replace(version, stored_at=listed[0].stored_at))
            return self._thread.cross(Position(row.path), seam)
        if self._skim.row(row) is None:
            return None
        cursor = self._thread.store.cursor_after(version.version_id)
        return Position(row.path, cursor=cursor, newest_at=row.saved_at)


def _live(count: int) -> Enough:
    def enough(rows: Sequence[HistoryRow]) -> int | None:
        live = (at + 1 for at, row in enumerate(rows) if not row.version.deleted)
        return next(islice(live, count - 1, None), None)

    return enough


def _stored_by(moment: datetime) -> Enough:
    def enough(rows: Sequence[HistoryRow]) -> int | None:
        index = stored_by(rows, moment)
        return index + 1 if index < len(rows) else None

    return enough
