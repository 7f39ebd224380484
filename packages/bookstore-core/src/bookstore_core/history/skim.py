"""Skim: follow a notebook through listings alone, without a HEAD for each version.

A listing does not say where a notebook was renamed. Arrivals do (`stores/arrivals.py`):
if the oldest of some versions is from a release that announces renames, those that are
newer are as well, so each of their renames has an arrival. What earlier releases wrote
is read by steps, with a HEAD for each version (`Thread.step`), unless their renames are
recorded (`stores/seams.py`).
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bookstore_core.errors import BookstoreError
from bookstore_core.history.departures import NEVER, Notes
from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.thread import (
    FIRST_LOOK,
    MAX_LOOK,
    MAX_ROWS,
    Thread,
)
from bookstore_core.history.times import first_by
from bookstore_core.stores.arrivals import announced_by
from bookstore_core.stores.seams import SeamRecord, read_seams
from bookstore_core.stores.versions import Version, VersionPage

#: How many versions beside an arrival are looked at for the one that it announces, if
#: the times of the saves do not lead to it.
NEAR = 4

#: Rows that are skimmed at once when all are to be followed.
SKIMMED = 20_000

#: This many skimmed rows take as long as one that is looked at.
LIGHT = 40

#: Returns how many of the rows listed so far are enough; None if more are needed.
Enough = Callable[[Sequence[HistoryRow]], int | None]

#: Returns a listed row with its metadata; None if it is gone.
Look = Callable[[HistoryRow], HistoryRow | None]


@dataclass(frozen=True)
class Stretch:
    """Rows of one path, without labels, and where the notebook's history continues.

    The rows have no metadata, unless they were `looked_at` one by one.
    """

    rows: tuple[HistoryRow, ...]
    following: Position | None
    looked_at: bool = False

    @property
    def cost(self) -> int:
        """How many rows could have been looked at meanwhile."""
        rows = len(self.rows)
        return max(1, rows if self.looked_at else rows // LIGHT)


@dataclass(frozen=True)
class _Listed:
    rows: list[HistoryRow]
    following: Position | None
    complete: bool = False


def at_least(count: int) -> Enough:
    """Return what asks for whole pages until there are so many rows."""
    return lambda rows: len(rows) if len(rows) >= count else None


class Skim:
    """Follows one notebook, for one question. It remembers what it has asked."""

    def __init__(self, thread: Thread) -> None:
        self._thread = thread
        self._pages: dict[tuple[str, str | None, int], VersionPage] = {}
        self._known: dict[tuple[str, str], HistoryRow | None] = {}
        self._notes: dict[str, Notes] = {}
        self._look = {False: FIRST_LOOK, True: 1}
        self._unannounced: set[str] = set()
        self._records: dict[str, SeamRecord | None] = {}

    @property
    def threads(self) -> int:
        """How many requests may be sent at once."""
        return self._thread.threads

    def listed(self, path: str, cursor: str | None, limit: int) -> VersionPage:
        """Return a page of the versions of a path, as the store lists it."""
        asked = path, cursor, limit
        if asked not in self._pages:
            self._pages[asked] = self._thread.store.list_versions(
                self._thread.key(path), cursor=cursor, limit=limit
            )
        return self._pages[asked]

    def notes(self, path: str) -> Notes:
        """Return the notes at a path."""
        if path not in self._notes:
            self._notes[path] = Notes(self._thread.store, self._thread.key(path))
        return self._notes[path]

    def row(self, row: HistoryRow) -> HistoryRow | None:
        """Return a row with its metadata, from the store; None if it is gone."""
        place = row.path, row.version.version_id
        if place not in self._known:
            self._known[place] = self._thread.look(row.path, row.version)
        return self._known[place]

    def stretch(
        self,
        position: Position,
        enough: Enough,
        *,
        most: int = MAX_ROWS,
        look: Look | None = None,
    ) -> Stretch:
        """Return the next rows of a notebook, newest first: `enough` of one path.

        They are fewer at a seam or if the path ends, and may be none even if more
        follow. Up to `most` are listed at once. If there are enough, `look` is asked
        for the metadata of the last one.
        """
        if position.seam_at is not None or position.path in self._unannounced:
            return self._step(position, most)
        found = self._list(position, enough, most)
        if found.complete and look is not None:
            last = found.rows[-1]
            self._known[last.path, last.version.version_id] = look(last)
        rows = self._without_gone(position, found.rows)
        if not rows:
            return Stretch((), found.following)
        first = position == Position(position.path)
        if not (first and len(rows) == 1):
            announced = self.announced(position.path, rows)
            if announced < len(rows) and self._is_recorded(rows[announced:]):
                announced = len(rows)
            if not announced:
                self._unannounced.add(position.path)
                return self._step(position, most)
            if announced < len(rows):
                rows = rows[:announced]
                after = position.after(rows[-1].version)
                found = replace(found, following=after)
        return self._cut(position, rows, found.following, first=first)

    def _step(self, position: Position, most: int) -> Stretch:
        # After a seam one row may be enough to go on by listings.
        crossed = position.path not in self._unannounced
        step = self._thread.step(position, min(self._look[crossed], most))
        self._look[crossed] = min(self._look[crossed] * 2, MAX_LOOK)
        if step.following is not None and step.following.path != position.path:
            self._look[True] = 1  # another seam
        self._known |= {(row.path, row.version.version_id): row for row in step.rows}
        return Stretch(step.rows, step.following, looked_at=True)

    def _list(self, position: Position, enough: Enough, most: int) -> _Listed:
        limit = MAX_ROWS if position.upto else min(most, MAX_ROWS)
        cursor = position.cursor
        seen: list[Version] = []
        begun: list[tuple[int, str | None]] = []
        while True:
            begun.append((len(seen), cursor))
            page = self.listed(position.path, cursor, limit)
            seen += page.versions
            cursor = page.cursor
            kept = position.select(seen)
            rows = [HistoryRow(position.path, version) for version in kept]
            count = enough(rows) if rows else None
            if count is not None or cursor is None:
                break
            limit = min(limit * 4, MAX_ROWS)
        if count is not None and count < len(rows):
            place = len(seen) - len(kept) + count - 1
            near = [start for before, start in begun if before <= place][-1]
            after = replace(position, cursor=near).after(kept[count - 1])
            return _Listed(rows[:count], after, complete=True)
        following = replace(position, cursor=cursor) if cursor else None
        return _Listed(rows, following, complete=count is not None)

    def _without_gone(
        self, position: Position, rows: list[HistoryRow]
    ) -> list[HistoryRow]:
        """Return the rows up to the last one that still exists."""
        for index in reversed(range(len(rows))):
            if self.row(rows[index]) is not None:
                return rows[: index + 1]
        # It raises an error if the store goes on to list what is not there.
        self._thread.describe(position.path, [row.version for row in rows])
        return []

    def record(self, path: str) -> SeamRecord | None:
        """Return what is recorded of earlier releases at a path."""
        if path not in self._records:
            key = self._thread.key(path)
            self._records[path] = read_seams(self._thread.store, key)
        return self._records[path]

    def _is_recorded(self, rows: Sequence[HistoryRow]) -> bool:
        """Return whether the seams among these rows are recorded."""
        path = rows[0].path
        newest = next((row for row in rows if not row.version.deleted), None)
        if newest is None or self.notes(path).arrivals is None:
            return False
        record = self.record(path)
        return record is not None and record.covers(newest.version)

    def announced(self, path: str, rows: list[HistoryRow]) -> int:
        """Return how many of the newest rows are of a release that announces renames.

        All older ones are not, or are delete markers.
        """
        if self.notes(path).arrivals is None:
            return 0
        live = [at for at, row in enumerate(rows) if not row.version.deleted]
        if not live or self._announces(rows[live[-1]]):
            return len(rows)
        if not self._announces(rows[live[0]]):
            return 0
        low, high = 0, len(live) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._announces(rows[live[middle]]):
                low = middle
            else:
                high = middle
        return live[low] + 1

    def _announces(self, row: HistoryRow) -> bool:
        known = self.row(row)
        return known is not None and known.version.announces

    def _cut(
        self,
        position: Position,
        rows: list[HistoryRow],
        following: Position | None,
        *,
        first: bool,
    ) -> Stretch:
        """Cut rows where their notebook came to the path, by a rename or as new."""
        only = first and len(rows) == 1
        if only:
            # Until it is known since when, the first version belongs to the notebook.
            position = replace(position, newest_at=self._saved_at(rows[0]))
        elif position.since is None:
            notes = self.notes(position.path)
            moment = position.newest_at
            departure = notes.last_departure(lambda: moment or self._saved_at(rows[0]))
            position = replace(position, since=departure)
        since = position.since
        oldest = self._saved_at(_last_live(rows))
        own = len(rows)
        if since is not None and since != NEVER and oldest <= since:
            own = self.first_saved_by(rows, since)
        seam = rows[0] if only else self._newest_seam(position, rows[:own])
        seam = seam and self.row(seam)
        if seam is not None and self._thread.is_seam(seam):
            count = [row.version.version_id for row in rows].index(
                seam.version.version_id
            )
            self._look[True] = 1
            crossed = self._thread.cross(position, seam)
            return Stretch(tuple(rows[: count + 1]), crossed)
        if own < len(rows):
            return Stretch(tuple(rows[:own]), None)
        following = following and replace(
            following, since=position.since, newest_at=position.newest_at
        )
        return Stretch(tuple(rows), following)

    def _newest_seam(
        self, position: Position, rows: Sequence[HistoryRow]
    ) -> HistoryRow | None:
        """Return the newest row that is announced, or recorded, as a seam."""
        record = self._records.get(position.path)
        known = record.seams if record is not None else frozenset()
        announced = self._seam(position, rows)
        found = (
            row for row in rows if row.version.version_id in known or row is announced
        )
        return next(found, None)

    def _seam(
        self, position: Position, rows: Sequence[HistoryRow]
    ) -> HistoryRow | None:
        """Return the newest row that an arrival announces."""
        if not rows:
            return None
        oldest = self._saved_at(_last_live(rows))
        for arrival in self.notes(position.path).arrivals or ():
            if position.upto is not None and arrival.stored_at > position.upto:
                continue
            try:
                known = self._thread.store.head(arrival.key, arrival.version_id)
            except BookstoreError as error:
                if error.retryable:
                    raise
                continue
            save = announced_by(known)
            if save is None:
                continue
            if save.saved_at < oldest:
                return None  # older than these rows, as are the remaining arrivals
            found = self._save_in(rows, save.save_id, save.saved_at, arrival.stored_at)
            if found is not None:
                return found
        return None

    def _save_in(
        self,
        rows: Sequence[HistoryRow],
        save_id: str,
        saved_at: datetime,
        stored_at: datetime,
    ) -> HistoryRow | None:
        """Return the row that a save made, which was stored at a time or later."""

        def is_it(row: HistoryRow) -> bool:
            known = self.row(row)
            metadata = known.version.metadata if known else None
            return metadata is not None and metadata.save_id == save_id

        first = self.first_saved_by(rows, saved_at, near=stored_at)
        for row in rows[first:]:
            if self._saved_at(row) != saved_at:
                break
            if is_it(row):
                return row
        near = stored_by(rows, stored_at)
        beside = rows[max(0, near - NEAR) : near + NEAR]
        return next((row for row in beside if is_it(row)), None)

    def first_saved_by(
        self,
        rows: Sequence[HistoryRow],
        moment: datetime,
        *,
        near: datetime | None = None,
    ) -> int:
        """Return the index of the newest row saved no later than a moment.

        It is the number of rows if there is none. The search begins at the row that was
        stored then, or at the time `near`: rows are seldom stored long after.
        """

        def saved_at(index: int) -> datetime:
            return self._saved_at(rows[index])

        return first_by(
            saved_at, len(rows), moment, guess=stored_by(rows, near or moment)
        )

    def _saved_at(self, row: HistoryRow) -> datetime:
        return (self.row(row) or row).saved_at


def _last_live(rows: Sequence[HistoryRow]) -> HistoryRow:
    live = (row for row in reversed(rows) if not row.version.deleted)
    return next(live, rows[-1])


def stored_by(rows: Sequence[HistoryRow], moment: datetime) -> int:
    """Return the index of the newest row that was stored no later than a moment."""
    return bisect_left(rows, True, key=lambda row: row.version.stored_at <= moment)
