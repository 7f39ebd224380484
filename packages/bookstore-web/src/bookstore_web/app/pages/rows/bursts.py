"""The versions on a history page, grouped into days, bursts and unchanged saves.

People save every few minutes, and so does Jupyter by itself. Such saves are folded into
one line, and so are those that changed nothing; except for the newest version, and for
those that have a label, or that a move or a restore made.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from bookstore_core.history import HistoryPage, HistoryRow
from bookstore_core.moments import say_date

#: Saves with a shorter time between them belong to one burst.
GAP = timedelta(minutes=5)
#: The longest burst: a day of work is shown as several lines.
SPAN = timedelta(hours=1)
#: Fewer saves than this are shown one by one.
FEWEST = 3


@dataclass(frozen=True)
class Step:
    """A version, and the id of the version before it.

    `before` is empty if that version is not known, and None if there is none. A version
    is `unchanged` if the one before it has the same content.
    """

    row: HistoryRow
    before: str | None
    unchanged: bool = False


@dataclass(frozen=True)
class Burst:
    """One line of the list: a single version or several ones, newest first."""

    steps: tuple[Step, ...]

    @property
    def is_burst(self) -> bool:
        """Whether it contains several versions."""
        return len(self.steps) > 1

    @property
    def is_unchanged(self) -> bool:
        """Whether none of its versions changed anything, and all can be folded away."""
        return all(map(_changes_nothing, self.steps))

    @property
    def newest(self) -> Step:
        """Its newest version."""
        return self.steps[0]

    @property
    def since(self) -> datetime:
        """When the first of its versions was saved."""
        return self.steps[-1].row.saved_at

    @property
    def before(self) -> str | None:
        """The id of the version before its oldest one, as in `Step`."""
        return self.steps[-1].before


@dataclass(frozen=True)
class Day:
    """A day in UTC, with the versions saved on it, newest first."""

    date: date
    entries: tuple[Burst, ...]

    @property
    def said(self) -> str:
        """The date in words."""
        return say_date(self.date)


def days_of(
    page: HistoryPage, *, before: HistoryRow | str | None = None
) -> tuple[Day, ...]:
    """Return the days of a page of history.

    `before` is the version before the last one of the page, None if there is none, and
    an empty text if it is not known.
    """
    steps = []
    for row in reversed(page.rows):
        known = before.version.version_id if isinstance(before, HistoryRow) else before
        unchanged = isinstance(before, HistoryRow) and row.has_content_of(before)
        steps.append(Step(row, known, unchanged))
        before = before if row.version.deleted else row
    return _group(_gather(_fold(reversed(steps))))


def days_of_some(
    page: HistoryPage, *, first: HistoryRow | None = None
) -> tuple[Day, ...]:
    """Return the days of a page that leaves out versions: `before` is not known.

    There is none before `first`.
    """
    return _group(
        Burst((Step(row, None if row is first else ""),)) for row in page.rows
    )


def of_one_minute(rows: Sequence[HistoryRow]) -> frozenset[str]:
    """Return the ids of versions that were saved within the same minute as another."""
    minutes = Counter(row.saved_at.replace(second=0, microsecond=0) for row in rows)
    return frozenset(
        row.version.version_id
        for row in rows
        if minutes[row.saved_at.replace(second=0, microsecond=0)] > 1
    )


def _group(entries: Iterable[Burst]) -> tuple[Day, ...]:
    days = groupby(entries, key=lambda entry: _day(entry.newest))
    return tuple(Day(day, tuple(inside)) for day, inside in days)


def _fold(steps: Iterable[Step]) -> Iterator[Burst]:
    burst: list[Step] = []
    for step in steps:
        if burst and not _belongs(step.row, burst):
            yield from _entries(burst)
            burst = []
        burst.append(step)
    yield from _entries(burst)


def _gather(entries: Iterable[Burst]) -> Iterator[Burst]:
    """Join the unchanged saves of a day that follow each other."""
    steps: list[Step] = []
    for entry in entries:
        day = entry.newest.row.saved_at.astimezone(UTC).date()
        if steps and (
            not entry.is_unchanged
            or day != steps[0].row.saved_at.astimezone(UTC).date()
        ):
            yield Burst(tuple(steps))
            steps = []
        if entry.is_unchanged:
            steps += entry.steps
        else:
            yield entry
    if steps:
        yield Burst(tuple(steps))


def _day(step: Step) -> date:
    return step.row.saved_at.astimezone(UTC).date()


def _changes_nothing(step: Step) -> bool:
    return step.unchanged and not step.row.version.is_latest and _is_plain(step.row)


def _belongs(row: HistoryRow, burst: list[Step]) -> bool:
    newest, last = burst[0].row, burst[-1].row
    return (
        _is_plain(row)
        and _is_plain(last)
        and row.author == last.author
        and row.path == last.path
        and last.saved_at - row.saved_at < GAP
        and newest.saved_at - row.saved_at < SPAN
    )


def _is_plain(row: HistoryRow) -> bool:
    made = row.moved_from or row.restored_from or row.run
    return not (row.label or made or row.version.deleted)


def _entries(burst: list[Step]) -> Iterator[Burst]:
    if len(burst) >= FEWEST:
        yield Burst(tuple(burst))
    else:
        yield from (Burst((step,)) for step in burst)
