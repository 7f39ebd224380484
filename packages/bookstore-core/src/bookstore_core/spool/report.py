"""SpoolReport: how a spool is doing, told without asking the store.

The figures of `jupyter bookstore status`, of ``GET /api/bookstore`` and of the metrics
all come from here: counted in the directory, and read from what the process that
drains it last wrote.
"""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bookstore_core.clock import utc_now
from bookstore_core.errors import SpoolError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import FAILED, SpoolCounts, count_spool
from bookstore_core.spool.drain_status import DrainStatus, read_status
from bookstore_core.spool.losses import UnprotectedNotebook, read_losses

#: Seconds for which a save may wait before something is wrong.
STALLED_AFTER = 60.0


@dataclass(frozen=True)
class SpoolReport:
    """How a spool is doing.

    `pending` saves wait, `in_flight` are being sent, `failed` files are no saves.
    `bytes` and `oldest_age_seconds` are of the first two; the age is None where nothing
    waits. `uploads`, `retries`, `skipped` and `removed` (saves that somebody took out
    of the spool) count since the process that drains began. `unprotected` are notebooks
    whose newest save is not in the spool. `last_error` is empty where nothing fails
    now; `refused` says that only a person can change it.
    `problems` are sentences, empty when versions reach the store as they should. A
    spool that is not `readable` has no figures, and one that is not there has zeros.
    """

    readable: bool = True
    pending: int = 0
    in_flight: int = 0
    failed: int = 0
    bytes: int = 0
    oldest_age_seconds: float | None = None
    uploads: int = 0
    retries: int = 0
    skipped: int = 0
    removed: int = 0
    unprotected: tuple[str, ...] = ()
    last_success: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    refused: bool = False
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether versions reach the store, as far as the spool tells."""
        return self.readable and not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the figures for JSON, times as ISO in UTC."""
        times = {
            name: time.isoformat() if time else None
            for name, time in (
                ("last_success", self.last_success),
                ("last_error_at", self.last_error_at),
            )
        }
        return {"ok": self.ok, **asdict(self), **times}


def report_spool(
    settings: BookstoreSettings, *, clock: Callable[[], datetime] = utc_now
) -> SpoolReport:
    """Return how the spool of these settings is doing; never raises."""
    spool_dir = settings.spool_dir
    losses = read_losses(spool_dir)
    try:
        counts = count_spool(spool_dir)
    except SpoolError as error:
        return SpoolReport(
            readable=False,
            unprotected=_paths(losses),
            problems=(str(error), *_loss_problems(losses, settings)),
        )
    status, now = read_status(spool_dir), clock()
    in_flight = _in_flight(counts, status)
    age = None
    if counts.oldest is not None:
        age = max(0.0, (now - counts.oldest).total_seconds())
    last_success = _time(status.last_success)
    idle = max(0.0, (now - last_success).total_seconds()) if last_success else None
    stalled = _is_over(age, settings) and (idle is None or _is_over(idle, settings))
    return SpoolReport(
        pending=counts.waiting - in_flight,
        in_flight=in_flight,
        failed=counts.failed,
        bytes=counts.bytes,
        oldest_age_seconds=age,
        uploads=status.uploads,
        retries=status.retries,
        skipped=status.skipped,
        removed=status.removed,
        unprotected=_paths(losses),
        last_success=last_success,
        last_error=status.last_error,
        last_error_at=_time(status.last_error_at),
        refused=status.refused,
        problems=(
            *_problems(counts, status, settings, age=age, stalled=stalled),
            *_loss_problems(losses, settings),
        ),
    )


def _in_flight(counts: SpoolCounts, status: DrainStatus) -> int:
    """Count what is being sent: of what lies in cur/, the rest waits for a new try."""
    return min(counts.in_flight, status.in_flight) if _lives(status) else 0


def _lives(status: DrainStatus) -> bool:
    if status.host != socket.gethostname() or os.name != "posix" or status.pid <= 0:
        return True  # nobody can tell from here
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _is_over(seconds: float | None, settings: BookstoreSettings) -> bool:
    # Saves that settings hold back wait as they should.
    return seconds is not None and seconds > STALLED_AFTER + settings.min_interval


def _problems(
    counts: SpoolCounts,
    status: DrainStatus,
    settings: BookstoreSettings,
    *,
    age: float | None,
    stalled: bool,
) -> Iterator[str]:
    late = age is not None and age > STALLED_AFTER
    if counts.waiting and status.last_error and (status.refused or late):
        yield f"Versions are not reaching the store: {status.last_error}"
    elif stalled:
        yield (
            "Versions are not reaching the store: saves wait, and nothing sends them. "
            "Start a notebook server, or run: jupyter bookstore drain"
        )
    if counts.failed:
        yield (
            f"{counts.failed} files in {settings.spool_dir}/{FAILED} are no saves. "
            "Each has a NAME.reason beside it. Remove them when you have looked."
        )


def _paths(losses: tuple[UnprotectedNotebook, ...]) -> tuple[str, ...]:
    return tuple(sorted({loss.path for loss in losses}))


def _loss_problems(
    losses: tuple[UnprotectedNotebook, ...], settings: BookstoreSettings
) -> Iterator[str]:
    if losses:
        yield (
            f"The newest state of {len(losses)} notebooks is not protected: it could "
            f"not be kept in the spool {settings.spool_dir}. It is archived as soon as "
            "that can be written, while a notebook server runs."
        )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None
