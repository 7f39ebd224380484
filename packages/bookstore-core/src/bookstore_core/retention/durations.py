"""Durations as people write them: ``30d``, ``6m``, ``1y2m``, ``36h``."""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookstore_core.errors import InvalidRequestError

_PARTS = re.compile(
    r"(?:(?P<years>\d{1,4})y)?(?:(?P<months>\d{1,5})m)?(?:(?P<weeks>\d{1,5})w)?"
    r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,7})h)?",
    re.ASCII,
)


@dataclass(frozen=True)
class Duration:
    """A length of time by the calendar: a month is as long as that month."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0

    def before(self, moment: datetime) -> datetime:
        """Return the moment that is so much earlier; in no case before the year 1."""
        month = moment.year * 12 + moment.month - 1 - self.years * 12 - self.months
        year, index = divmod(month, 12)
        if year < 1:
            return datetime.min.replace(tzinfo=moment.tzinfo)
        day = min(moment.day, calendar.monthrange(year, index + 1)[1])
        earlier = moment.replace(year=year, month=index + 1, day=day)
        try:
            return earlier - timedelta(days=self.days, hours=self.hours)
        except OverflowError:
            return datetime.min.replace(tzinfo=moment.tzinfo)

    def __bool__(self) -> bool:
        return any(vars(self).values())


def parse_duration(text: str) -> Duration:
    """Return the duration in a text; raises InvalidRequestError for anything else.

    The units are y, m (months), w, d and h, in this order.
    """
    found = _PARTS.fullmatch(text.strip())
    if found is None or not found[0]:
        raise InvalidRequestError(
            f"{text!a} is not a length of time. Write numbers with y, m (months), w, d "
            "or h, such as 30d, 6m or 1y2m."
        )
    parts = {name: int(number or 0) for name, number in found.groupdict().items()}
    days = parts["days"] + 7 * parts["weeks"]
    return Duration(parts["years"], parts["months"], days, parts["hours"])
