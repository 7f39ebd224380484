"""Sender: uploads a save to the store, once, also after interrupted attempts."""

import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.spool import Spool
from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    BookstoreError,
    NewerVersionError,
    NotFoundError,
    SpoolError,
)
from bookstore_core.moved_notes import NOTE_TYPE, is_note_key
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import is_own
from bookstore_core.runs.markers import record_run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.feed import Feed
from bookstore_core.spool.saves import time_of
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_core.stores.versions import Version


class SendResult(Enum):
    """The result of an attempt to send a save."""

    SENT = auto()
    ALREADY_STORED = auto()  # an earlier attempt had sent it
    UNCHANGED = auto()  # skipped: the newest version has the same content
    EARLY = auto()  # min_interval: try again after `delay` seconds
    BROKEN = auto()  # it can never be sent
    GONE = auto()  # somebody removed it from the spool
    FAILED = auto()


@dataclass(frozen=True)
class Outcome:
    """The result for a save, the `error` if it failed, and its present `entry`.

    A `store_wide` failure would have hit any other save too; one that `may_be_wide`
    probably would have.
    """

    result: SendResult
    entry: Entry
    error: Exception | None = None
    delay: float = 0.0
    store_wide: bool = False

    @property
    def may_be_wide(self) -> bool:
        """Whether the error may concern more than this save's key."""
        return isinstance(self.error, BookstoreError) and self.error.wide

    @property
    def cause(self) -> str:
        """What identifies this kind of failure, whatever keys and saves it hits."""
        error, own = self.error, ""
        if isinstance(error, BookstoreError):
            own = error.cause
        elif isinstance(error, OSError) and error.errno:
            own = errno.errorcode.get(error.errno, "")
        return f"{type(error).__name__} {own}".rstrip()

    @property
    def retryable(self) -> bool:
        """Whether another attempt may succeed without a change by a person."""
        if isinstance(self.error, BookstoreError):
            return self.error.retryable
        return isinstance(self.error, OSError)


class Sender:
    """Sends saves of a spool to a store, which is opened at the first save."""

    def __init__(
        self,
        spool: Spool,
        open_store: Callable[[], VersionStore],
        *,
        settings: BookstoreSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._spool = spool
        self._open_store = open_store
        self._settings = settings
        self._clock = clock
        self._feed = Feed(spool.root)
        self._lock = threading.Lock()
        self._store: VersionStore | None = None
        self._looked_at: set[str] = set()
        self._last: dict[str, str] = {}
        # By key, the newest version whose content is known, and its sha256.
        self._proven: dict[str, tuple[str, str]] = {}
        #: Set when the process ends: saves are sent now, whatever the interval.
        self.hurry = False

    def send(self, entry: Entry) -> Outcome:
        """Upload a save and return the outcome. Never raises.

        The caller removes the save from the spool.
        """
        try:
            store = self._opened()
            claimed = self._spool.claim(entry)
        except Exception as error:  # noqa: BLE001  # returned, and logged by the backlog
            return Outcome(SendResult.FAILED, entry, error, store_wide=True)
        if claimed is None:
            return Outcome(SendResult.GONE, entry)
        try:
            return self._send(store, claimed)
        except Exception as error:  # noqa: BLE001  # as above
            return Outcome(SendResult.FAILED, replace(claimed, unsure=True), error)

    def _send(self, store: VersionStore, entry: Entry) -> Outcome:
        if entry.unsure and self._has_arrived(store, entry):
            self._note(entry.key, "")
            return Outcome(SendResult.ALREADY_STORED, entry)
        try:
            entry, body = self._spool.open_hashed(entry)
        except FileNotFoundError:
            return Outcome(SendResult.GONE, entry)
        except SpoolError as error:
            return Outcome(SendResult.BROKEN, entry, error)
        with body:
            outcome = self._compare(store, entry)
            if outcome is not None:
                return outcome
            version = store.put(
                entry.key,
                body,
                size=entry.trailer.size,
                metadata=entry.trailer.metadata,
                **_content_type(entry.key),
            )
        record_run(store, self._settings, version)
        self._note(entry.key, version.version_id)
        self._last[entry.key] = version.version_id
        self._prove(entry.key, version.version_id, entry.trailer.metadata.sha256)
        return Outcome(SendResult.SENT, entry)

    def _note(self, key: str, version_id: str) -> None:
        # Whoever reads the feed finds the version later without it, too.
        if not is_own(key):
            with suppress(OSError):
                self._feed.note(key, version_id)

    def _has_arrived(self, store: VersionStore, entry: Entry) -> bool:
        """Return whether the store has this save.

        Only versions that are newer than the save, and than the last version of its key
        that this process made, are searched.
        """
        saved_at = entry.trailer.metadata.saved_at
        found = store.find_save(
            entry.key,
            entry.trailer.metadata.save_id,
            size=entry.trailer.size,
            since=min(saved_at, time_of(entry.name) or saved_at),
            after=self._last.get(entry.key),
        )
        if found is not None:
            record_run(store, self._settings, found)
        return found is not None

    def _compare(self, store: VersionStore, entry: Entry) -> Outcome | None:
        """Compare the save with the newest version of its key, if settings require it.

        Returns the outcome if it is not to be sent now, else None.
        """
        interval = 0.0 if self.hurry else self._settings.min_interval
        # Only the first save of a key can come too early after a save of an earlier
        # process; the queue keeps the interval between the following ones.
        first = bool(interval) and entry.key not in self._looked_at
        first = first and not entry.has_provenance
        skip = self._settings.skip_unchanged and not entry.has_provenance
        skip = skip or entry.trailer.only_if_changed
        if not (skip or first):
            return None
        try:
            newest = store.head(entry.key)
        except (NotFoundError, NewerVersionError):
            return None
        finally:
            self._looked_at.add(entry.key)
        if skip and self._has_content_of(store, newest, entry):
            return Outcome(SendResult.UNCHANGED, entry)
        age = (self._clock() - newest.saved_at).total_seconds()
        if first and 0 <= age < interval:
            return Outcome(SendResult.EARLY, entry, delay=interval - age)
        return None

    def _has_content_of(
        self, store: VersionStore, newest: Version, entry: Entry
    ) -> bool:
        """Return whether the newest version of a key has the content of a save.

        Its metadata is believed only if this process made or read the version.
        """
        sha256 = entry.trailer.metadata.sha256
        claimed = newest.metadata.sha256 if newest.metadata else ""
        if claimed != sha256 or newest.size != entry.trailer.size:
            return False
        if self._proven.get(entry.key) == (newest.version_id, sha256):
            return True
        if not store.holds(newest, sha256):
            return False
        self._prove(entry.key, newest.version_id, sha256)
        return True

    def _prove(self, key: str, version_id: str, sha256: str) -> None:
        if version_id != OVERWRITABLE:
            self._proven[key] = (version_id, sha256)

    def _opened(self) -> VersionStore:
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store


def _content_type(key: str) -> dict[str, str]:
    if is_note_key(key):
        return {"content_type": NOTE_TYPE}
    # jupytext saves notebooks as text under their own suffixes.
    return {} if key.endswith(SUFFIX) else {"content_type": "text/plain; charset=utf-8"}
