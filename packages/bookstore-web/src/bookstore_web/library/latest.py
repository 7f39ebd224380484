"""The notebooks saved last, from a scan that is cached for some seconds."""

import heapq
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from bookstore_core.paths import DELIMITER
from bookstore_core.stores import Version, VersionStore
from bookstore_web.library.shared import FreshAnswers, SharedAnswers

#: Seconds for which the result of a scan is returned again.
KEEP = 10.0
#: The number of notebooks kept from a scan, more than a page shows.
COUNT = 100
#: Keys per request: S3 returns at most 1000, and stores request one more.
PAGE = 999
#: The maximum number of keys in a scan, and in one that nobody has asked for.
SCAN = 10 * PAGE
SHORT_SCAN = 2 * PAGE


@dataclass(frozen=True)
class LatestNotebooks:
    """Notebooks, newest first; `truncated` if there are keys beyond the scan."""

    versions: tuple[Version, ...]
    truncated: bool


class LatestScans:
    """Scans prefixes, and keeps each result for all callers for some seconds.

    If they are `fresh`, every result is from a scan that began after it was asked for.
    """

    def __init__(
        self, *, fresh: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._known: SharedAnswers[LatestNotebooks] = (
            FreshAnswers() if fresh else SharedAnswers(KEEP, clock=clock)
        )

    def scoped(self, scope: Hashable) -> "LatestScans":
        """Return scans whose results only those with the same scope get."""
        mine = LatestScans()
        mine._known = self._known.scoped(scope)
        return mine

    def below(
        self, prefix: str, *, store: VersionStore, most: int | None = None
    ) -> LatestNotebooks:
        """Return the notebooks saved last below `prefix`.

        Unless they are fresh, that is as of at most 10 s ago. At most `most` keys are
        scanned, `SCAN` if it is not given.
        """
        most = SCAN if most is None else most
        return self._known.get((prefix, most), lambda: _scan(store, prefix, most))


def is_folder(key: str) -> bool:
    """Return whether a key is the empty object that some tools create for a folder."""
    return key.endswith(DELIMITER)


def _scan(store: VersionStore, prefix: str, most: int) -> LatestNotebooks:
    scan = _Scan(store, prefix, most)
    newest = heapq.nlargest(COUNT, scan, key=lambda version: version.stored_at)
    return LatestNotebooks(tuple(newest), scan.truncated)


class _Scan:
    """Iterates over up to `most` keys below a prefix, in alphabetical order."""

    def __init__(self, store: VersionStore, prefix: str, most: int) -> None:
        self._store = store
        self._prefix = prefix
        self._most = most
        self.truncated = False

    def __iter__(self) -> Iterator[Version]:
        cursor = None
        for _ in range(self._most // PAGE):
            page = self._store.walk_keys(self._prefix, cursor=cursor, limit=PAGE)
            yield from (row for row in page.keys if not is_folder(row.key))
            cursor = page.cursor
            if cursor is None:
                return
        self.truncated = True
