"""The service's clock, as far as a client knows it.

The service's clock counts: a save that waited in the spool was made at some time of
its clock, whatever the clock of this machine says. Each answer has the service's time,
which was read between the request and the answer. As long as the clocks agree as well
as that shows, times are left as they are, so that the order of saves is kept.
"""

import threading
from datetime import UTC, datetime, timedelta

from bookstore_core.clock import read_time

NOTHING = timedelta(0)


class TheirClock:
    """Converts times of this machine to times of the service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = NOTHING

    def learn(self, given: str | None, asked: datetime, answered: datetime) -> None:
        """Learn from the time in an answer, and when it was asked for and came."""
        try:
            theirs = read_time(given or "")
        except ValueError:
            return
        least, most = theirs - answered, theirs - asked
        with self._lock:
            self._offset = min(max(self._offset, least), most)

    def theirs(self, ours: datetime) -> datetime:
        """Return the service's time at one of ours, in UTC."""
        try:
            return ours.astimezone(UTC) + self._offset
        except OverflowError:
            return ours
