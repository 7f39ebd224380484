"""The strip of a notebook's last weeks above its history: how often it was saved."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookstore_core.history import Activity
from bookstore_core.humanize import say_count
from bookstore_core.moments import say_date

#: Days of the strip. Older activity is reached by paging.
DAYS = 84
#: Versions that a page lists to count their days; the listing is one request anyway.
LISTED = 400
#: The highest bar, of 16 saves or more.
HIGHEST = 5


@dataclass(frozen=True)
class StripDay:
    """One day: `level` is the height of its bar, `url` leads to its versions if any."""

    date: date
    saves: int = 0
    url: str = ""

    @property
    def level(self) -> int:
        """The number of binary digits of the number of saves, up to `HIGHEST`."""
        return min(self.saves.bit_length(), HIGHEST)

    @property
    def said(self) -> str:
        """The date and the number of saves."""
        return f"{say_date(self.date)}: {say_count(self.saves, 'save')}"

    @property
    def month(self) -> str:
        """The name of the month that begins on this day; empty for other days."""
        return f"{self.date:%b}" if self.date.day == 1 else ""


@dataclass(frozen=True)
class Strip:
    """The days of the last weeks, oldest first, and the times of all saves on them."""

    days: tuple[StripDay, ...]
    saves: tuple[datetime, ...]

    @property
    def sentence(self) -> str:
        """How often the notebook was saved, for those who do not see the bars."""
        active = sum(1 for day in self.days if day.saves)
        first = next(day.date for day in self.days if day.saves)
        count = say_count(sum(day.saves for day in self.days), "save")
        return f"{count} on {say_count(active, 'day')} since {first.day} {first:%B}"


def strip_of(
    activity: Activity,
    *,
    now: datetime,
    shown: Collection[date],
    link: Callable[[str], str],
) -> Strip | None:
    """Return the strip, None if there are not two days to choose from.

    `shown` are the days on the page, and `link` returns the address of the page that
    begins at a cursor.
    """
    first = now.date() - timedelta(days=DAYS - 1)
    known = {day.date: day for day in activity.days if day.date >= first}
    if len(known) < 2:
        return None
    days = []
    for number in range(DAYS):
        day = first + timedelta(days=number)
        active = known.get(day)
        if active is None:
            days.append(StripDay(day))
            continue
        page = "" if day in shown else link(active.cursor)
        days.append(StripDay(day, active.saves, f"{page}#day-{day.isoformat()}"))
    saves = tuple(save for save in activity.saves if save.date() >= first)
    return Strip(tuple(days), saves)
