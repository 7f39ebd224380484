"""Archiver: puts the parts together, from the contents manager to the store."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from bookstore_archiver.intake import Intake
from bookstore_archiver.known_versions import KnownVersions
from bookstore_archiver.revert import Reverted, find_reverted
from bookstore_archiver.save_states import SaveStates
from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.entry import Entry, Provenance
from bookstore_archiver.spool.sources import Source
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.sender import Sender
from bookstore_archiver.uploads.stats import Stats
from bookstore_archiver.uploads.timing import Timing
from bookstore_archiver.uploads.uploader import Uploader
from bookstore_core.authors import author
from bookstore_core.history import History
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.drain_status import DrainStatus, read_status
from bookstore_core.stores import VersionStore, open_store, utc_now


class Archiver:
    """Puts saves into the spool and uploads them. Each notebook server has one."""

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        log: logging.Logger,
        store: Callable[[], VersionStore] | None = None,
        disk: Disk | None = None,
        clock: Callable[[], datetime] = utc_now,
        timing: Timing | None = None,
    ) -> None:
        self.settings = settings
        find_store = store or (lambda: open_store(settings, hurried=True))
        self.known_versions = KnownVersions(
            lambda: History(find_store(), settings), log=log
        )
        self._stats = Stats(log, clock=clock)
        self._spool = Spool(settings.spool_dir, clock=clock, disk=disk)
        self.intake = Intake(
            settings,
            self._spool,
            known_versions=self.known_versions,
            save_states=SaveStates(self._spool.has, self._drain_status),
            notify=self._notify,
            sends_now=lambda: self._uploader.sends_now,
            log=log,
            disk=disk,
        )
        self._uploader = Uploader(
            self._spool,
            Sender(
                self._spool,
                store or (lambda: open_store(settings)),
                settings=settings,
                clock=clock,
            ),
            self._stats,
            log=log,
            max_threads=settings.max_threads,
            min_interval=settings.min_interval,
            tend=self.intake.tend,
            stored=self.intake.note_stored,
            removed=self.intake.note_removed,
            timing=timing,
        )

    def _notify(self, entry: Entry) -> None:
        self._uploader.notify(entry)

    def _drain_status(self) -> DrainStatus:
        if self.drained_elsewhere:
            return read_status(self.settings.spool_dir)
        return self.status

    @property
    def status(self) -> DrainStatus:
        """The upload status of this process."""
        return self._stats.status()

    def start(self) -> None:
        """Start to upload what is in the spool, and what is added later."""
        self._uploader.start()

    def close(self) -> None:
        """Wait up to `shutdown_timeout` for uploads; the rest stays in the spool."""
        self.intake.repair()
        end = time.monotonic() + self.settings.shutdown_timeout
        self.intake.renames.close(self.settings.shutdown_timeout)
        self._uploader.stop(max(0.0, end - time.monotonic()))
        self.intake.close()

    @property
    def failure(self) -> BaseException | None:
        """The error that stops uploads of this process now, or None."""
        return self._stats.failure

    @property
    def drained_elsewhere(self) -> bool:
        """Whether another process drains the spool, and this one only adds to it."""
        return self._uploader.drained_elsewhere

    def drain(
        self,
        timeout: float | None = None,
        *,
        go_on: Callable[[SpoolCounts], bool] = lambda counts: True,
    ) -> bool:
        """Upload everything; return whether the spool is empty. For commands.

        Gives up when `Uploader.drain` does.
        """
        self.intake.tend()
        end = None if timeout is None else time.monotonic() + timeout
        if not self.intake.renames.wait(0):
            self._uploader.start()  # makes room for the versions that renames add
            while not self.intake.renames.wait(0.1) and go_on(self._count()):
                if end is not None and time.monotonic() > end:
                    break
            timeout = None if end is None else max(0.0, end - time.monotonic())
        return self._uploader.drain(timeout, go_on=go_on)

    def _count(self) -> SpoolCounts:
        return count_spool(self.settings.spool_dir)

    def keep_run(self, source: Source, key: str, path: str, run: Run | None) -> Entry:
        """Put the result of a run into the spool, as a version of `key`.

        Raises OSError if the spool cannot be written.
        """
        provenance = Provenance(run=run)
        entry = self._spool.add(
            source, key=key, author=author(), source_path=path, provenance=provenance
        )
        self._notify(entry)
        return entry

    def waits(self, entry: Entry) -> bool:
        """Return whether a save is in the spool."""
        return self._spool.has(entry)

    def find_reverted(self, path: str, checkpoint: str) -> Reverted:
        """Return the content of a checkpoint of the notebook at `path`.

        Raises VersionNotFoundError if there is no such checkpoint, and the store's
        errors.
        """
        return find_reverted(
            path, checkpoint, known_versions=self.known_versions, spool=self._spool
        )
