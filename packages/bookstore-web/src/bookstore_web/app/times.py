"""Times in words on the pages, in UTC; scripts write them in the reader's time zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from bookstore_core.clock import utc_now
from bookstore_core.moments import is_relative, say_exactly, say_moment


def said(time: datetime, form: str = "moment") -> str:
    """Return a time as a page shows it.

    `form` is ``moment`` ("3 hours ago", "yesterday 15:02 UTC"), ``ago`` (the same, or
    empty if it is longer ago), ``time`` (of day), ``seconds`` (the same, with them), or
    ``exact`` (with the date).
    """
    if form == "exact":
        return exactly(time)
    if form in ("time", "seconds"):
        clock = "%H:%M:%S" if form == "seconds" else "%H:%M"
        return f"{time.astimezone(UTC):{clock}} UTC"
    text = say_moment(time, utc_now())
    if is_relative(text):
        return text
    return "" if form == "ago" else f"{text} UTC"


@lru_cache(1000)  # a row of a history says the same time five times
def exactly(time: datetime) -> str:
    """Return a time to the second."""
    return f"{say_exactly(time.astimezone(UTC))} UTC"


FILTERS: Mapping[str, Callable[..., str]] = {"said": said, "exactly": exactly}
