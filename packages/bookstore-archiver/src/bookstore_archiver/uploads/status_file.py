"""StatusFile: what the process that drains a spool writes about it, for all others."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bookstore_archiver.uploads.stats import Stats
from bookstore_core.clock import utc_now
from bookstore_core.spool.drain_status import DrainStatus


class StatusFile:
    """The status in the spool at `root`. For one thread.

    `clock` is that of the times at which something is due.
    """

    def __init__(self, root: Path, stats: Stats, *, clock: Callable[[], float]) -> None:
        self._root = str(root)
        self._stats = stats
        self._clock = clock
        self._written: DrainStatus | None = None

    @property
    def is_written(self) -> bool:
        """Whether this process has written it since it drains."""
        return self._written is not None

    def forget(self) -> None:
        """Forget what was written: another process may drain, and write it."""
        self._written = None

    def write(self, *, in_flight: int, due: float | None) -> None:
        """Write the status, unless nothing but its time has changed.

        `in_flight` saves are being sent; what fails is tried again at `due`, if known.
        """
        status = replace(
            self._stats.status(),
            in_flight=in_flight,
            next_attempt="" if due is None or in_flight else self._to_second(due),
        )
        before = self._written
        if before is None or before != replace(status, written_at=before.written_at):
            with suppress(OSError):
                status.write(self._root)
                self._written = status

    def _to_second(self, due: float) -> str:
        at = utc_now() + timedelta(seconds=due - self._clock())
        return at.isoformat(timespec="seconds")
