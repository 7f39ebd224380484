"""Asking the process that drains a spool to try again now, whichever process it is.

That process looks, each time it scans the spool, whether the file `try-now` was touched
since. Anybody who may write to the spool may touch it; how often the store is tried is
limited there, by `FileRequests`.
"""

import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bookstore_core.clock import utc_now
from bookstore_core.disk.private import create_private
from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import SpoolError
from bookstore_core.spool.directory import TRY_NOW, count_spool
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.privacy import check_owner

#: Seconds between two attempts that are requested.
APART = 2.0

#: Seconds for which the result of an attempt is awaited, and between looks at it.
PATIENCE, LOOK = 4.0, 0.05


@dataclass(frozen=True)
class Attempt:
    """A request: whether there was anything to try, and how many saves wait then."""

    asked: bool
    waiting: int


def ask_to_try(spool_dir: str) -> Attempt:
    """Ask for an attempt at once, if saves wait. Does not wait for it.

    Raises SpoolError if the spool cannot be read or written.
    """
    check_owner(spool_dir)
    waiting = count_spool(spool_dir).waiting
    if not waiting:
        return Attempt(False, 0)
    try:
        _touch(Path(spool_dir) / TRY_NOW)
    except OSError as error:
        raise SpoolError(
            f"The spool {spool_dir} cannot be written: {error.strerror}."
        ) from error
    return Attempt(True, waiting)


def try_and_wait(spool_dir: str, *, patience: float = PATIENCE) -> Attempt:
    """Ask for an attempt, and wait until it has succeeded, failed, or takes long.

    Raises SpoolError as `ask_to_try` does.
    """
    begin, end = utc_now(), time.monotonic() + patience
    asked = ask_to_try(spool_dir)
    waiting = asked.waiting
    while waiting and time.monotonic() < end and not _has_failed(spool_dir, begin):
        time.sleep(LOOK)
        waiting = count_spool(spool_dir).waiting
    return Attempt(asked.asked, waiting)


def _has_failed(spool_dir: str, since: datetime) -> bool:
    try:
        at = datetime.fromisoformat(read_status(spool_dir).last_error_at)
        return at >= since
    except (ValueError, TypeError):
        return False


def _touch(path: Path) -> None:
    try:
        descriptor = open_regular(path, flags=os.O_WRONLY)
    except OSError:
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        os.close(create_private(draft))
        try:
            draft.replace(path)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise
        return
    try:
        os.utime(descriptor)
    finally:
        os.close(descriptor)


class FileRequests:
    """Requests for an attempt, as the process that drains the spool finds them.

    A request from before the first look is not one.
    """

    def __init__(
        self, root: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = root / TRY_NOW
        self._clock = clock
        self._seen = self._state()
        self._not_before = 0.0

    def take(self) -> bool:
        """Return whether to try now: there is a new request, and none was just met."""
        state, now = self._state(), self._clock()
        if state is None or state == self._seen or now < self._not_before:
            return False
        self._seen, self._not_before = state, now + APART
        return True

    def _state(self) -> tuple[int, int] | None:
        try:
            found = os.lstat(self._path)
        except OSError:
            return None
        # What another account has put there is not a request.
        ours = stat.S_ISREG(found.st_mode) and found.st_uid == self._owner()
        return (found.st_ino, found.st_mtime_ns) if ours else None

    def _owner(self) -> int:
        return os.stat(self._path.parent).st_uid
