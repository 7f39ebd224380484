"""On which days a notebook was saved, as far as the listings of a page show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bookstore_core.history.positions import Position
from bookstore_core.history.rows import ActiveDay, Activity, HistoryRow
from bookstore_core.stores.versions import Version

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Listed:
    """Versions of a notebook on one path: those of a page, and older ones as listed.

    `start` is where the listing began.
    """

    start: Position
    rows: tuple[HistoryRow, ...]
    older: tuple[Version, ...] = ()


def activity_of(path: str, listings: Iterable[Listed], *, whole: bool) -> Activity:
    """Return the saves of each day, and the cursors from which a page shows them.

    `whole` is whether nothing is older than what is listed.
    """
    saves: list[datetime] = []
    days: dict[date, tuple[int, datetime, Position]] = {}
    for listed in listings:
        versions = [*(row.version for row in listed.rows), *listed.older]
        for version in versions:
            if version.deleted:
                continue
            saved_at = version.saved_at.astimezone(UTC)
            saves.append(saved_at)
            known = days.get(saved_at.date(), (0, version.stored_at, listed.start))
            last = max(known[1], version.stored_at)
            days[saved_at.date()] = (known[0] + 1, last, known[2])
    found = tuple(
        ActiveDay(day, count, _until(start, day, last).encode(path))
        for day, (count, last, start) in sorted(days.items(), reverse=True)
    )
    since = None if whole or not saves else min(saves)
    return Activity(found, tuple(sorted(saves, reverse=True)), since)


def _until(start: Position, day: date, last: datetime) -> Position:
    """Return the position of the newest version that was saved on a day."""
    end = datetime.combine(day, time(), UTC) + ONE_DAY - timedelta.resolution
    return start.until(max(end, last))
