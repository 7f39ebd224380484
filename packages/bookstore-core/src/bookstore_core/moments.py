"""Times as people say them, in the words that `cli/times.py` reads.

`front/shared/times.js` of bookstore-web says them in the same words, in the reader's
time zone; what is written here is for pages without JavaScript, and for the terminal.
Times are said in the time zone of `now`.
"""

from datetime import date, datetime, timedelta

from bookstore_core.humanize import say_count

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def say_moment(moment: datetime, now: datetime) -> str:
    """Return a time in words: ``5 minutes ago``, ``yesterday 15:02``, ``20 Nov 15:02``.

    The time zone is not stated.
    """
    age = now - moment
    if abs(age) < MINUTE:
        return "just now"
    if MINUTE <= age < HOUR:
        return f"{say_count(age // MINUTE, 'minute')} ago"
    if age >= HOUR and _days_ago(moment, now) == 0:
        return f"{say_count(age // HOUR, 'hour')} ago"
    return say_clock(moment, now)


def say_clock(moment: datetime, now: datetime) -> str:
    """Return a time of day, with the day unless it is today's."""
    days = _days_ago(moment, now)
    local = moment.astimezone(now.tzinfo)
    if days == 0:
        return f"{local:%H:%M}"
    if days == 1:
        return f"yesterday {local:%H:%M}"
    if 1 < days < 7:
        return f"{local:%A %H:%M}"
    year = "" if local.year == now.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def is_relative(said: str) -> bool:
    """Return whether a time in words names no time of day, and so no time zone."""
    return said == "just now" or said.endswith(" ago")


def say_date(day: date) -> str:
    """Return a date: ``Friday, 20 November 2026``."""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def say_exactly(moment: datetime) -> str:
    """Return a date and the time of day to the second, in the time's own zone."""
    return f"{say_date(moment)}, {moment:%H:%M:%S}"


def _days_ago(moment: datetime, now: datetime) -> int:
    return (now.date() - moment.astimezone(now.tzinfo).date()).days
