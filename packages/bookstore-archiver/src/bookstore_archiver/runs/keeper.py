"""Keeping the result of a run: by the spool, so that it outlives an outage."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import LIMIT, Patience
from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.sources import BytesSource
from bookstore_core.authors import author
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    SpoolError,
    UnsupportedTypeError,
)
from bookstore_core.history.shelves import PUBLISHED
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import DELIMITER, OWN_FOLDER, is_own
from bookstore_core.runs.address import Address
from bookstore_core.runs.markers import record_run
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import check_spool_dir
from bookstore_core.stores import (
    VersionMetadata,
    new_save_id,
    open_store,
    utc_now,
)

#: Seconds in which a notebook server, which drains the spool, mostly sends a result.
SOON = 5.0
#: The published folders of groups begin with it.
GROUP_MARK = "@"


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

        Only a service is asked, about the published shelf.
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
        if target.shelf is PUBLISHED:
            self._check_published(target.path)
        check_spool_dir(self.settings.spool_dir)

    def _check_published(self, path: str) -> None:
        """Raise ForbiddenError if a service would not take it as a publication."""
        folder = published_folder(self.settings)
        if folder and not path.startswith((f"{folder}{DELIMITER}", GROUP_MARK)):
            raise ForbiddenError(
                f"You may publish below {folder}/ in this service, not at {path}."
            )

    def keep(
        self,
        data: bytes,
        target: Address,
        run: Run | None,
        *,
        durable: Callable[[], None] = lambda: None,
    ) -> Kept:
        """Keep a notebook as a version of `target`; it is durable when this returns.

        `durable` is called when it is, and not in the store yet. If the spool cannot be
        written, the store is asked at once; if it does not take it either, SpoolError
        says in which file the notebook is left.
        """
        key = target.key(self.settings)
        with closing(Archiver(self.settings, log=self.log)) as archiver:
            try:
                entry = archiver.keep_run(BytesSource(data), key, target.path, run)
            except (OSError, SpoolError) as error:
                return self._put(data, target, run, error)
            durable()
            waits = self._send(archiver, entry)
        kept = Kept(key, entry.trailer.metadata.save_id, waits=waits)
        return kept if waits else self._found(kept, entry)

    def _put(
        self, data: bytes, target: Address, run: Run | None, reason: Exception
    ) -> Kept:
        """Keep a notebook without the spool, which failed for a reason."""
        metadata = VersionMetadata(
            save_id=new_save_id(),
            saved_at=utc_now(),
            author=author(),
            sha256=hashlib.sha256(data).hexdigest(),
            source_path=target.path,
            run=run,
        )
        key, store = target.key(self.settings), open_store(self.settings)
        try:
            version = store.put(key, BytesIO(data), size=len(data), metadata=metadata)
        except BookstoreError as error:
            raise SpoolError(
                f"The spool cannot be written: {reason} The store does not take the "
                f"result either: {error} It is left in {_leave(data)}."
            ) from reason
        record_run(store, self.settings, version)
        return Kept(key, metadata.save_id, version.version_id)

    def _send(self, archiver: Archiver, entry: Entry) -> str:
        """Wait until the save has left the spool; return why it has not, else ``""``.

        This process sends what is in the spool, unless another one does.
        """
        patience = Patience(archiver, report=self.report, limit=self.limit, quiet=SOON)

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


def published_folder(settings: BookstoreSettings) -> str:
    """Return the folder of the published shelf where the person publishes, if any."""
    if settings.storage != "service":
        return ""
    from bookstore_core.stores.service.store import ServiceStore

    return ServiceStore(settings, hurried=True).introduction().folder


def _leave(data: bytes) -> str:
    """Leave a notebook in a new file, for its owner alone; return its name.

    Raises SpoolError if that fails.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix="bookstore-run-", suffix=".ipynb")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        raise SpoolError(f"The result is lost: {error}") from error
    return name
