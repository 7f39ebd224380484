"""Times in UTC: the current time, and times read from text."""

from datetime import UTC, datetime

#: The last second that `read_time` reads.
_LAST = datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()


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


def file_time(seconds: float) -> datetime:
    """Return the time in the status of a file, in UTC, or the nearest that is possible.

    File systems allow times that are in no calendar.
    """
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST), UTC)


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)
