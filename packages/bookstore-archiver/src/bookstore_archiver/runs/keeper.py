"""Keeping the result of a run: by the spool, so that it outlives an outage."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import LIMIT, Patience
from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.sources import BytesSource
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    SpoolError,
    UnsupportedTypeError,
)
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import OWN_FOLDER, is_own
from bookstore_core.runs.address import Address
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import check_spool_dir
from bookstore_core.stores import open_store


@dataclass(frozen=True)
class Kept:
    """A result that is durable. `waits` says why it is not in the store yet.

    `version_id` is empty while it waits, and if the store did not say it.
    """

    key: str
    save_id: str
    version_id: str = ""
    waits: str = ""


@dataclass(frozen=True)
class Keeper:
    """Keeps results. `report` is called with sentences for people.

    `limit` is how many seconds to wait while attempts to reach the store fail.
    """

    settings: BookstoreSettings
    log: logging.Logger
    report: Callable[[str], None]
    limit: float = LIMIT

    def check(self, target: Address) -> None:
        """Raise BookstoreError if results cannot be kept there, before anything runs.

        Asks no store.
        """
        if reason := self.settings.missing or self.settings.unarchived:
            raise ConfigurationError(reason)
        if target.version:
            raise InvalidRequestError(f"{target} is one version, which never changes.")
        if not target.path.endswith(SUFFIX):
            raise UnsupportedTypeError(
                f"Runs are kept as notebooks, but {target.path!r} does not end in "
                f"{SUFFIX}."
            )
        if is_own(target.path):
            raise InvalidRequestError(
                f"Folders called {OWN_FOLDER} are reserved. Choose another path."
            )
        target.key(self.settings)
        check_spool_dir(self.settings.spool_dir)

    def keep(
        self,
        data: bytes,
        target: Address,
        run: Run | None,
        *,
        durable: Callable[[], None] = lambda: None,
    ) -> Kept:
        """Keep a notebook as a version of `target`; it is durable when this returns.

        `durable` is called when it is, and not in the store yet. Raises SpoolError if
        the spool cannot be written.
        """
        key = target.key(self.settings)
        with closing(Archiver(self.settings, log=self.log)) as archiver:
            try:
                entry = archiver.keep_run(BytesSource(data), key, target.path, run)
            except OSError as error:
                raise SpoolError(f"The spool cannot be written: {error}.") from error
            durable()
            waits = self._send(archiver, entry)
        kept = Kept(key, entry.trailer.metadata.save_id, waits=waits)
        return kept if waits else self._found(kept, entry)

    def _send(self, archiver: Archiver, entry: Entry) -> str:
        """Wait until the save has left the spool; return why it has not, else ``""``.

        This process sends what is in the spool, unless another one does.
        """
        patience = Patience(archiver, report=self.report, limit=self.limit)

        def go_on(counts: SpoolCounts) -> bool:
            return archiver.waits(entry) and patience.allows(counts)

        archiver.drain(go_on=go_on)
        return str(patience.error_for(1)) if archiver.waits(entry) else ""

    def _found(self, kept: Kept, entry: Entry) -> Kept:
        known = entry.trailer
        try:
            found = open_store(self.settings).find_save(
                kept.key,
                kept.save_id,
                size=known.size,
                since=known.metadata.saved_at,
            )
        except BookstoreError as error:
            self.log.debug("The version of %s was not found: %s", kept.key, error)
            return kept
        version_id = found.version_id if found else ""
        return Kept(kept.key, kept.save_id, version_id)
