"""Times in UTC: now, and read from text."""

from datetime import UTC, datetime


def read_time(text: str) -> datetime:
    """Return the time that an ISO text means, in UTC.

    Raises ValueError for what is none, or what cannot be told in every time zone.
    """
    try:
        time = datetime.fromisoformat(text).astimezone(UTC)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{text!r} is no time") from error
    if not 1 < time.year < 9999:
        raise ValueError(f"{text!r} is no time of ours")
    return time


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)
