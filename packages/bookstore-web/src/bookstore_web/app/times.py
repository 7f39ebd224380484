"""Times in words on the pages, in UTC; scripts write them in the reader's time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bookstore_core.clock import utc_now
from bookstore_core.moments import is_relative, say_exactly, say_moment


def said(time: datetime, form: str = "moment") -> str:
    """Return a time as a page shows it.

    `form` is ``moment`` ("3 hours ago", "yesterday 15:02 UTC"), ``ago`` (the same, or
    empty if it is longer ago) or ``time`` (of day).
    """
    if form == "time":
        return f"{time.astimezone(UTC):%H:%M} UTC"
    text = say_moment(time, utc_now())
    if is_relative(text):
        return text
    return "" if form == "ago" else f"{text} UTC"


def exactly(time: datetime) -> str:
    """Return a time to the second."""
    return f"{say_exactly(time.astimezone(UTC))} UTC"


FILTERS: Mapping[str, Callable[..., str]] = {"said": said, "exactly": exactly}
