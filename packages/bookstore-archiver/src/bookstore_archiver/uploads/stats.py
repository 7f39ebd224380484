"""Stats: counts uploads and failures, and logs each problem once."""

import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bookstore_archiver.uploads.sender import SendResult
from bookstore_core.clock import utc_now
from bookstore_core.errors import NewerSaveError
from bookstore_core.paths import printable
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.saves import NEWER

#: Key used for failures of the store as a whole.
STORE = ""


@dataclass(frozen=True)
class _Failing:
    """A failure of a key, `since` a time of the uploader's clock."""

    cause: str
    error: BaseException
    since: float


class Stats:
    """Counts, the last success and error; each cause of failure is logged once."""

    def __init__(
        self, log: logging.Logger, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads = self._retries = self._skipped = self._removed = 0
        self._last_success = self._last_error = self._last_error_at = ""
        self._failing: dict[str, _Failing] = {}  # by key
        self._refused: set[str] = set()
        self._failure: BaseException | None = None
        self._newer = 0
        self._logged: Counter[str] = Counter()  # failed attempts by logged cause

    def status(self) -> DrainStatus:
        """Return the present status."""
        with self._lock:
            return DrainStatus(
                pid=os.getpid(),
                host=socket.gethostname(),
                written_at=self._clock().isoformat(),
                uploads=self._uploads,
                retries=self._retries,
                skipped=self._skipped,
                removed=self._removed,
                last_success=self._last_success,
                last_error=self._last_error or (NEWER if self._newer else ""),
                last_error_at=self._last_error_at,
                refused=bool(self._refused or self._newer),
            )

    @property
    def failure(self) -> BaseException | None:
        """The error that stops uploads now, refusals before others, or None."""
        if self._failure is None and self._newer:
            return NewerSaveError(NEWER)
        return self._failure

    @property
    def newer(self) -> int:
        """How many waiting saves only a newer release can read."""
        return self._newer

    def note_newer(self, number: int) -> None:
        """Record how many waiting saves only a newer release can read."""
        with self._lock:
            first, self._newer = number and not self._newer, number
            if first:
                self._last_error_at = self._clock().isoformat()
        if first:
            self._log.warning("%s", NEWER)

    def resume(self, last_success: str) -> None:
        """Record the last success of the process that drained before this one."""
        with self._lock:
            self._last_success = self._last_success or last_success

    def skipped(self, number: int = 1) -> None:
        """Count saves that were skipped because of the settings."""
        with self._lock:
            self._skipped += number

    def removed(self, key: str) -> None:
        """Count a save that somebody has removed from the spool."""
        with self._lock:
            self._removed += 1
            self._failing.pop(key, None)
            self._refused.discard(key)
            if not self._failing:
                self._last_error, self._failure = "", None

    def succeeded(self, key: str, result: SendResult) -> None:
        """Count a save that is done, which means that the store works."""
        with self._lock:
            self._uploads += result is SendResult.SENT
            self._skipped += result is SendResult.UNCHANGED
            if result in (
                SendResult.SENT,
                SendResult.ALREADY_STORED,
                SendResult.UNCHANGED,
            ):
                self._last_success = self._clock().isoformat()
            self._failing.pop(key, None)
            self._failing.pop(STORE, None)
            self._refused -= {key, STORE}
            if not self._failing:
                self._last_error, self._failure = "", None
            over = self._logged.keys() - {f.cause for f in self._failing.values()}
            attempts = sum(self._logged.pop(cause) for cause in over)
        if over:
            self._log.info(
                "Versions reach the store again, after %d failed attempts.", attempts
            )

    def failed(
        self,
        key: str,
        error: BaseException,
        *,
        cause: str,
        since: float,
        refused: bool = False,
    ) -> None:
        """Count a failed attempt; the key has failed `since` that time.

        Each `cause` is logged once. If `refused`, only a person can fix it, and it is
        logged at once; other failures are logged by `log_overdue`.
        """
        failing = _Failing(cause, error, since)
        with self._lock:
            self._retries += 1
            self._last_error = str(error) or type(error).__name__
            self._last_error_at = self._clock().isoformat()
            self._failing[key] = failing
            (self._refused.add if refused else self._refused.discard)(key)
            if refused or not self._refused:
                self._failure = error
            if cause in self._logged:
                self._logged[cause] += 1
        if refused:
            self._log_once(key, failing)

    def log_overdue(self, since: float) -> None:
        """Log what has failed since that time or longer."""
        with self._lock:
            late = [(k, f) for k, f in self._failing.items() if f.since <= since]
        for key, failing in late:
            self._log_once(key, failing)

    def _log_once(self, key: str, failing: _Failing) -> None:
        with self._lock:
            if failing.cause in self._logged:
                return
            self._logged[failing.cause] = 1
        self._log.warning(
            "Versions of %s are not reaching the store: %s They wait in the spool and "
            "are tried again.",
            printable(key) or "notebooks",
            failing.error,
        )
