"""Times in UTC: the current time, and times read from text."""

from datetime import UTC, datetime


def read_time(text: str) -> datetime:
    """Return the time in a text of ISO 8601, in UTC.

    Raises ValueError if it is not a time, or does not exist in every time zone.
    """
    try:
        time = datetime.fromisoformat(text).astimezone(UTC)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{text!r} is not a time") from error
    if not 1 < time.year < 9999:
        raise ValueError(f"{text!r} is too early or too late")
    return time


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)
