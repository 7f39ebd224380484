"""ArchiverVerb, the base of our verbs, and Patience, which limits their waiting."""

import sys
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from bookstore_archiver.archiver import Archiver
from bookstore_core.cli.command import Verb
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    SpoolError,
    StorageUnavailableError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import check_spool_dir, count_spool
from bookstore_core.spool.drain_status import DrainStatus, read_status

#: Seconds to wait while attempts fail and nothing is uploaded.
LIMIT = 60.0

#: What to do if another process pauses after a failure.
TRY_NOW = "To have it try at once: jupyter bookstore drain --now"


class Patience:
    """Decides how long to wait while this process, or another one, drains a spool.

    It ends if the other process reports that the store refuses, or if nothing was
    uploaded for `limit` seconds while attempts fail (None: never). It does not end
    while an upload is slow. If the other process was `asked` to try at once, it ends
    when that attempt has failed. `report` is called with messages for people, after
    `quiet` seconds with that another process drains.
    """

    def __init__(
        self,
        archiver: Archiver,
        *,
        report: Callable[[str], None],
        limit: float | None = LIMIT,
        asked: bool = False,
        quiet: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._archiver = archiver
        self._report = report
        self._limit = limit
        self._asked = asked
        self._failed_at = read_status(archiver.settings.spool_dir).last_error_at
        self._clock = clock
        self._reported = False
        self._fewest: int | None = None
        self._moved_at = clock()
        self._said_from = self._moved_at + quiet

    def allows(self, counts: SpoolCounts) -> bool:
        """Return whether to go on waiting."""
        now = self._clock()
        if self._fewest is None or counts.waiting != self._fewest:
            self._fewest, self._moved_at = counts.waiting, now
        elsewhere = self._archiver.drained_elsewhere  # read once: it can change
        status = self._status(elsewhere)
        if elsewhere:
            if not self._reported and now >= self._said_from:
                self._reported = True
                message = f"{_drainer(status)} drains this spool: waiting for it."
                self._report(message if self._asked else f"{message} {TRY_NOW}")
            has_failed = status.last_error_at != self._failed_at
            if has_failed if self._asked else status.refused:
                return False
        stands = self._limit is not None and now - self._moved_at > self._limit
        return not (stands and status.last_error)

    def error_for(self, waiting: int) -> BookstoreError:
        """Return the error that explains why `waiting` saves are still in the spool."""
        wait = f"Saves that wait in the spool: {waiting}."
        if self._archiver.drained_elsewhere:
            status = self._status(True)
            reason = status.last_error or "It has not sent them yet."
            advice = "" if self._asked else f" {TRY_NOW}"
            return SpoolError(f"{wait} {_drainer(status)} drains it. {reason}{advice}")
        failure = self._archiver.failure
        if isinstance(failure, BookstoreError):
            return type(failure)(f"{wait} {failure}")
        if failure is not None:
            return BookstoreError(f"{wait} {type(failure).__name__}: {failure}")
        return StorageUnavailableError(f"{wait} The time is up.")

    def _status(self, elsewhere: bool) -> DrainStatus:
        if elsewhere:
            return read_status(self._archiver.settings.spool_dir)
        return self._archiver.status


def _drainer(status: DrainStatus) -> str:
    return f"Process {status.pid}" if status.pid else "Another process"


class ArchiverVerb(Verb):
    """Base of our verbs: checks the settings, prints progress, drains the spool."""

    def checked_settings(self) -> BookstoreSettings:
        """Return the settings.

        Raises ConfigurationError if they are wrong or name no store, SpoolError if
        the spool cannot be written.
        """
        settings = self.settings()
        if reason := settings.missing or settings.unarchived:
            raise ConfigurationError(reason)
        check_spool_dir(settings.spool_dir)
        return settings

    def print_message(self, sentence: str) -> None:
        """Print a sentence on standard error, above the progress bar if any."""
        tqdm.write(sentence, file=sys.stderr)

    def bar(self, total: int, unit: str) -> Any:
        """Return a progress bar; it is off with --json or without a terminal."""
        tqdm.monitor_interval = 0  # its thread would outlive the bar
        quiet = self.as_json or not sys.stderr.isatty()
        return tqdm(total=total, unit=unit, file=sys.stderr, disable=quiet)

    def empty_spool(
        self, archiver: Archiver, patience: Patience, *, timeout: float | None = None
    ) -> None:
        """Drain the spool; raises BookstoreError if saves are left in it."""
        spool_dir = archiver.settings.spool_dir
        with self.bar(count_spool(spool_dir).waiting, " save") as bar:

            def go_on(counts: SpoolCounts) -> bool:
                bar.total = max(bar.total or 0, counts.waiting)
                bar.update(bar.total - counts.waiting - bar.n)
                return patience.allows(counts)

            drained = archiver.drain(timeout, go_on=go_on)
        if not drained:
            raise patience.error_for(count_spool(spool_dir).waiting)
