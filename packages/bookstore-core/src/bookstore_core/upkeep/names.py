"""Which versions others name: those that they were restored from, or that a run ran.

A version may name one of another key, so all keys are looked at. What is stored while
that happens, and later, is in `Lately`.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from bookstore_core.errors import (
    InvalidRequestError,
    NewerVersionError,
    NotFoundError,
)
from bookstore_core.parallel import in_parallel_stream
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version
from bookstore_core.upkeep.notebooks import key_beside
from bookstore_core.upkeep.plans import Name

#: Rows of a listing of what is new.
RECENT = 10

#: Seconds after which what is new is looked for again, and how many times longer than
#: the last look took that is at least.
AGAIN, TIMES = 30.0, 10


def names_of(version: Version, settings: BookstoreSettings) -> Iterator[Name]:
    """Yield what a version with its metadata names."""
    known = version.metadata
    if known is not None and known.run is not None:
        yield known.run.of, known.run.version
    if known is None or not known.restored_from:
        return
    yield version.key, known.restored_from
    if known.restored_path:
        try:
            key = key_beside(version, known.restored_path, settings)
        except InvalidRequestError:
            return  # not written by bookstore
        yield key, known.restored_from


class Lately:
    """What versions name that were stored since a moment, at whatever key.

    `newest` lists the newest version of each key. Safe to use from several threads.
    """

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        newest: Callable[[], Iterable[Version]],
        since: datetime,
    ) -> None:
        self._store = store
        self._settings = settings
        self._newest = newest
        self._since = since
        self._looking = threading.Lock()
        self._names: frozenset[Name] = frozenset()
        self._due = 0.0

    def names(self) -> frozenset[Name]:
        """Return what is named, as of a moment ago: of a large store, a longer one."""
        with self._looking:
            begun = time.monotonic()
            if begun >= self._due:
                keys = [v.key for v in self._newest() if v.stored_at >= self._since]
                threads = self._settings.max_threads
                found = in_parallel_stream(self._at, keys, threads=threads)
                self._names = frozenset(name for names in found for name in names)
                took = time.monotonic() - begun
                self._due = begun + took + max(AGAIN, TIMES * took)
            return self._names

    def at(self, key: str) -> Iterator[Name]:
        """Yield what the versions of one key name that were stored since the moment."""
        cursor = None
        while True:
            page = self._store.list_versions(key, cursor=cursor, limit=RECENT)
            for version in page.versions:
                if version.stored_at < self._since:
                    return
                if not version.deleted:
                    yield from self._named_by(version)
            cursor = page.cursor
            if cursor is None:
                return

    def _at(self, key: str) -> list[Name]:
        return list(self.at(key))

    def _named_by(self, version: Version) -> Iterator[Name]:
        try:
            known = self._store.head(version.key, version.version_id)
        except (NotFoundError, NewerVersionError):
            return
        yield from names_of(known, self._settings)
