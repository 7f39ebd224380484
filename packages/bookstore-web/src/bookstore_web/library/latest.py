"""What was saved of late: a scan that is shown again for some seconds."""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bookstore_core.paths import DELIMITER
from bookstore_core.stores import Version, VersionStore

#: Seconds for which a scan is shown again.
KEEP = 10.0
#: Notebooks that are kept of a scan: more than a page shows.
COUNT = 100
#: Keys asked for at once: with one more, which stores ask for, what S3 gives at most.
PAGE = 999
#: Keys that are looked at.
SCAN = 10 * PAGE


@dataclass(frozen=True)
class LatestNotebooks:
    """Notebooks, newest first. It is `truncated` where not all were looked at."""

    versions: tuple[Version, ...]
    truncated: bool


class LatestScans:
    """Scans each prefix once in a while, for all who ask."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, LatestNotebooks]] = {}

    def below(self, prefix: str, *, store: VersionStore) -> LatestNotebooks:
        """Return what was saved last below `prefix`, at most some seconds ago."""
        with self._lock:
            scanned_at, known = self._known.get(prefix, (0.0, None))
            if known is not None and self._clock() - scanned_at < KEEP:
                return known
        recent = _scan(store, prefix)
        with self._lock:
            self._known[prefix] = (self._clock(), recent)
        return recent


def is_folder(key: str) -> bool:
    """Say whether a key is the empty object that some tools make for a folder."""
    return key.endswith(DELIMITER)


def _scan(store: VersionStore, prefix: str) -> LatestNotebooks:
    scan = _Scan(store, prefix)
    newest = heapq.nlargest(COUNT, scan, key=lambda version: version.stored_at)
    return LatestNotebooks(tuple(newest), scan.truncated)


class _Scan:
    """The keys below a prefix, in order of the alphabet, up to a number."""

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
