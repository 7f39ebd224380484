"""Parse times as people write them, in the time zone of this machine.

    now, today, yesterday, monday               09:30, 9:30:15, 9am, 3:30 pm
    yesterday 15:00, monday at 9am              2 hours ago, an hour ago, 90m ago
    2026-11-20, 2026-11-20 15:00                2026-11-20T15:00:00+01:00, ... 15:00Z
    20 nov 15:00, 20 november 2026 15:00        just now

A day without a time means the end of that day, so that it includes that day's saves. A
time without a day is the most recent such time. The name of a weekday is the last such
day before today, a date without a year the last such date.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from bookstore_core.errors import InvalidRequestError

UNITS = {
    "s": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "w": timedelta(weeks=1),
    "week": timedelta(weeks=1),
}
WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)

_AGO = re.compile(r"(?:(\d{1,9})|an?)\s*([a-z]+?)s?\s+ago", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2}))?)?\s*([ap]m)?", re.ASCII)
_DAY_AND_CLOCK = re.compile(
    r"([a-z]+|\d{4}-\d{2}-\d{2}|\d{1,2} [a-z]{3,}(?: \d{4})?)"
    r"(?:[\s,]+(?:at\s+)?(.+))?",
    re.ASCII,
)
_DATE = re.compile(r"(\d{1,2}) ([a-z]{3,})(?: (\d{4}))?", re.ASCII)


def parse_moment(text: str, *, now: datetime | None = None) -> datetime:
    """Return the time that `text` describes, with its time zone.

    `now` is for tests. Raises InvalidRequestError if `text` is not a time, or a time in
    the future.
    """
    now = (now or datetime.now()).astimezone()
    try:
        moment = _parse(" ".join(text.lower().split()), now)
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None:
        raise InvalidRequestError(
            f"{text[:40]!a} is not a time. Write it like '15:00', 'yesterday 15:00', "
            "'2 hours ago', '2026-11-20' or '2026-11-20 15:00'."
        )
    if moment > now:
        raise InvalidRequestError(
            f"{text!a} is in the future: it is {now:%Y-%m-%d %H:%M} now."
        )
    return moment


def _parse(text: str, now: datetime) -> datetime | None:
    readers: tuple[Callable[[str, datetime], datetime | None], ...]
    readers = (_ago, _time_of_day, _day, _iso)
    for read in readers:
        moment = read(text, now)
        if moment is not None:
            return moment
    return None


def _ago(text: str, now: datetime) -> datetime | None:
    if text in ("now", "just now"):
        return now
    found = _AGO.fullmatch(text)
    unit = UNITS.get(found[2]) if found else None
    if found is None or unit is None:
        return None
    # Subtract elapsed time, whatever clock change lies between.
    return (now - unit * int(found[1] or 1)).astimezone()


def _time_of_day(text: str, now: datetime) -> datetime | None:
    clock = _clock(text)
    if clock is None:
        return None
    today = _at(now.date(), clock)
    return today if today <= now else _at(now.date() - timedelta(days=1), clock)


def _day(text: str, now: datetime) -> datetime | None:
    found = _DAY_AND_CLOCK.fullmatch(text)
    day = _date(found[1], now.date()) if found else None
    if found is None or day is None:
        return None
    if found[2] is None:
        end = _at(day + timedelta(days=1), time()) - timedelta(microseconds=1)
        return min(end, now) if day == now.date() else end
    clock = _clock(found[2])
    return _at(day, clock) if clock is not None else None


def _iso(text: str, now: datetime) -> datetime | None:
    found = datetime.fromisoformat(text.upper().replace(" UTC", "Z"))
    return found.astimezone()


def _date(text: str, today: date) -> date | None:
    if text in ("today", "yesterday"):
        return today - timedelta(days=int(text == "yesterday"))
    if text in WEEKDAYS:
        back = (today.weekday() - WEEKDAYS.index(text)) % 7
        return today - timedelta(days=back or 7)
    if (named := _DATE.fullmatch(text)) is not None:
        return _named_date(int(named[1]), named[2], named[3], today)
    return date.fromisoformat(text) if text[0].isdigit() else None


def _named_date(day: int, name: str, year: str | None, today: date) -> date | None:
    months = [month for month in MONTHS if month.startswith(name)]
    if len(months) != 1:
        return None
    month = MONTHS.index(months[0]) + 1
    if year:
        return date(int(year), month, day)
    # 29 February is a date in one of four years.
    for back in range(5):
        with suppress(ValueError):
            found = date(today.year - back, month, day)
            if found <= today:
                return found
    return None


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    if found is None or not (found[2] or found[4]):
        return None  # a bare number is not a time of day
    hour = int(found[1])
    if found[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4] == "pm" else 0)
    return time(hour, int(found[2] or 0), int(found[3] or 0))


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock).astimezone()
