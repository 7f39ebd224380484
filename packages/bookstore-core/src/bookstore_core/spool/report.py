"""SpoolReport: the state of a spool, without contacting a store over the network.

`jupyter bookstore status`, ``GET /api/bookstore`` and the metrics show these figures.
They are counted in the directory, or read from the status file of the process that
drains the spool. The directory of a local store is opened.
"""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bookstore_core.clock import utc_now
from bookstore_core.errors import SpoolError
from bookstore_core.humanize import say_count
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import FAILED, count_spool
from bookstore_core.spool.drain_status import DrainStatus, read_status
from bookstore_core.spool.local_store import local_store_problem
from bookstore_core.spool.privacy import check_owner
from bookstore_core.spool.unprotected import UnprotectedNotebook, read_unprotected

#: Seconds after which a waiting save is a problem.
STALLED_AFTER = 60.0

#: How many notebooks that cannot be archived are named.
MOST_REFUSED = 3

#: What to do about files that are not saves.
READ_REASONS = "Each has a NAME.reason beside it: read it, then remove both."


@dataclass(frozen=True)
class SpoolReport:
    """The state of a spool.

    `pending` saves wait, `in_flight` saves are being sent, `failed` files are not
    saves. `bytes` (see `SpoolCounts`) and `oldest_age_seconds` are about pending saves
    and those in flight; the age is None if there are none. `uploads`, `retries`,
    `skipped` and `removed` (saves that somebody removed from the spool) count since the
    process that drains the spool started. `unprotected` are the paths of notebooks
    whose newest save is not in the spool, also because their path makes no key.
    `last_error` is empty if nothing fails now; `refused` means that only a person can
    resolve the failure, and `next_attempt` is when it is tried again, None if that is
    not known. `problems` are sentences, none if versions reach the store. If the spool
    is not `readable`, the figures mean nothing; if it does not exist, they are 0.
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
    next_attempt: datetime | None = None
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether versions reach the store, judging by the spool."""
        return self.readable and not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the fields and `ok` for JSON, times as ISO in UTC."""
        times = {
            name: time.isoformat() if time else None
            for name, time in (
                ("last_success", self.last_success),
                ("last_error_at", self.last_error_at),
                ("next_attempt", self.next_attempt),
            )
        }
        return {"ok": self.ok, **asdict(self), **times}


def report_spool(
    settings: BookstoreSettings, *, clock: Callable[[], datetime] = utc_now
) -> SpoolReport:
    """Return the report on the spool of these settings; never raises."""
    spool_dir = settings.spool_dir
    unprotected = read_unprotected(spool_dir)
    known = [*local_store_problem(settings)]
    known += _unprotected_problems(unprotected, settings)
    try:
        counts = _counts(spool_dir)
    except SpoolError as error:
        return SpoolReport(
            readable=False,
            unprotected=_paths(unprotected),
            problems=(str(error), *known),
        )
    status, now = read_status(spool_dir), clock()
    in_flight = _in_flight(counts, status)
    age = _seconds(counts.oldest, now)
    last_success = _time(status.last_success)
    idle = _seconds(last_success, now)
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
        unprotected=_paths(unprotected),
        last_success=last_success,
        last_error=status.last_error,
        last_error_at=_time(status.last_error_at),
        refused=status.refused,
        next_attempt=_time(status.next_attempt) if counts.waiting else None,
        problems=(
            *_problems(counts, status, settings, age=age, stalled=stalled),
            *known,
        ),
    )


def _counts(spool_dir: str) -> SpoolCounts:
    if os.geteuid():  # root looks at the spools of others
        check_owner(spool_dir)
    return count_spool(spool_dir)


def _seconds(moment: datetime | None, now: datetime) -> float | None:
    return max(0.0, (now - moment).total_seconds()) if moment else None


def _in_flight(counts: SpoolCounts, status: DrainStatus) -> int:
    """Return the number of saves being sent; the rest of cur/ waits for a retry."""
    return min(counts.in_flight, status.in_flight) if _lives(status) else 0


def _lives(status: DrainStatus) -> bool:
    if status.host != socket.gethostname() or os.name != "posix" or status.pid <= 0:
        return True  # not known on this machine
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _is_over(seconds: float | None, settings: BookstoreSettings) -> bool:
    # Saves that `min_interval` holds back are not late.
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
            "Versions are not reaching the store: saves wait, but nothing sends them. "
            "Start a notebook server, or run: jupyter bookstore drain"
        )
    if counts.failed:
        yield f"{describe_failed(counts, settings.spool_dir)} {READ_REASONS}"


def describe_failed(counts: SpoolCounts, spool_dir: str) -> str:
    """Return a sentence on the files in a spool that are not saves."""
    files = say_count(counts.failed, "file")
    verb = "is not a save" if counts.failed == 1 else "are not saves"
    return f"{files} in {spool_dir}/{FAILED} {verb}."


def _paths(notebooks: tuple[UnprotectedNotebook, ...]) -> tuple[str, ...]:
    return tuple(sorted({notebook.path for notebook in notebooks}))


def _unprotected_problems(
    unprotected: tuple[UnprotectedNotebook, ...], settings: BookstoreSettings
) -> Iterator[str]:
    refused = {known.path: known.refused for known in unprotected if known.refused}
    for path in sorted(refused)[:MOST_REFUSED]:
        yield f"Saves of {printable(path)} are not archived. {refused[path]}"
    if len(refused) > MOST_REFUSED:
        more = say_count(len(refused) - MOST_REFUSED, "other notebook")
        yield f"Saves of {more} are not archived for such a reason."
    missing = {known.path for known in unprotected if not known.refused}
    if missing:
        yield (
            f"The newest state of {say_count(len(missing), 'notebook')} is not "
            f"protected: it could not be written to the spool {settings.spool_dir}. A "
            "running notebook server archives it as soon as the spool can be written."
        )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):
        return None
