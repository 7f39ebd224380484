"""The notebooks saved last, from a scan that is cached for some seconds."""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bookstore_core.paths import DELIMITER
from bookstore_core.stores import Version, VersionStore

#: Seconds for which the result of a scan is returned again.
KEEP = 10.0
#: The number of notebooks kept from a scan, more than a page shows.
COUNT = 100
#: Keys per request: S3 returns at most 1000, and stores request one more.
PAGE = 999
#: The maximum number of keys in a scan.
SCAN = 10 * PAGE


@dataclass(frozen=True)
class LatestNotebooks:
    """Notebooks, newest first; `truncated` if there are keys beyond the scan."""

    versions: tuple[Version, ...]
    truncated: bool


class LatestScans:
    """Scans prefixes, and keeps each result for all callers for some seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, LatestNotebooks]] = {}

    def below(self, prefix: str, *, store: VersionStore) -> LatestNotebooks:
        """Return the notebooks saved last below `prefix`, as of at most 10 s ago."""
        with self._lock:
            scanned_at, known = self._known.get(prefix, (0.0, None))
            if known is not None and self._clock() - scanned_at < KEEP:
                return known
        recent = _scan(store, prefix)
        with self._lock:
            self._known[prefix] = (self._clock(), recent)
        return recent


def is_folder(key: str) -> bool:
    """Return whether a key is the empty object that some tools create for a folder."""
    return key.endswith(DELIMITER)


def _scan(store: VersionStore, prefix: str) -> LatestNotebooks:
    scan = _Scan(store, prefix)
    newest = heapq.nlargest(COUNT, scan, key=lambda version: version.stored_at)
    return LatestNotebooks(tuple(newest), scan.truncated)


class _Scan:
    """Iterates over up to `SCAN` keys below a prefix, in alphabetical order."""

    def __init__(self, store: VersionStore, prefix: str) -> None:
        self._store = store
        self._prefix = prefix
        self.truncated = False

    def __iter__(self) -> Iterator[Version]:
        cursor = None
        for _ in range(SCAN // PAGE):
            page = self._store.walk_keys(self._prefix, cursor=cursor, limit=PAGE)
            yield from (row for row in page.keys if not is_folder(row.key))
            cursor = page.cursor
            if cursor is None:
                return
        self.truncated = True
