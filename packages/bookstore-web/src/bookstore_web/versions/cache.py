"""A least-recently-used cache for immutable values, and histories that use it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from bookstore_core.history import WORKSPACE, History, HistoryPage, HistoryRow, Shelf
from bookstore_core.history.history import Look
from bookstore_core.history.thread import Memo
from bookstore_core.paths import check_path
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_core.stores.s3.listings import OVERWRITABLE

T = TypeVar("T")


class SizedCache(Generic[T]):
    """A least-recently-used cache, limited by total size. Safe for several threads."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return the value for a key, or None if it is not in the cache."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: T, *, size: int = 1) -> None:
        """Store a value, unless its size is over a quarter of the room."""
        if size > self._room // 4:
            return
        with self._lock:
            if key in self._values:
                self._used -= self._values.pop(key)[1]
            self._values[key] = (value, size)
            self._used += size
            while self._used > self._room:
                _, (_, freed) = self._values.popitem(last=False)
                self._used -= freed

    def scoped(self, scope: Hashable) -> "SizedCache[T]":
        """Return a cache in the same room whose values nobody else gets."""
        return _ScopedCache(self, scope)


class _ScopedCache(SizedCache[T]):
    def __init__(self, shared: SizedCache[T], scope: Hashable) -> None:
        self._shared = shared
        self._scope = scope

    def get(self, key: Hashable) -> T | None:
        return self._shared.get((self._scope, key))

    def put(self, key: Hashable, value: T, *, size: int = 1) -> None:
        self._shared.put((self._scope, key), value, size=size)


#: Versions with their contents, by shelf, path and version id.
Contents = SizedCache[tuple[HistoryRow, bytes]]


class CachedHistory(History):
    """Histories that do not fetch a content again while it is in `contents`.

    What can change is always requested from the store: whether a version still exists,
    its label, which one is the newest. Without `confirm`, a version that is in
    `contents` is taken to exist. Of a listed version that is in `memo`, the metadata is
    not requested: it never changes. `settle` is called with a path before its newest
    versions are requested, and waits for saves that are about to be in the store.
    """

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        *,
        contents: Contents,
        memo: Memo | None = None,
        shelf: Shelf = WORKSPACE,
        confirm: bool = True,
        settle: Callable[[str], object] = lambda path: None,
    ) -> None:
        super().__init__(store, settings, shelf=shelf, memo=memo)
        self._contents = contents
        self._confirm = confirm
        self._settle = settle

    def page(
        self,
        path: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        q: str = "",
        look: int = 0,
    ) -> HistoryPage:
        if cursor is None:
            self._settle(path)
        return super().page(path, cursor=cursor, limit=limit, q=q, look=look)

    def _at_index(
        self, path: str, index: int, look: Look, *, on_shelf: bool
    ) -> tuple[HistoryRow, bytes | None]:
        self._settle(path)
        return super()._at_index(path, index, look, on_shelf=on_shelf)

    def open(self, path: str, name: str = "") -> tuple[HistoryRow, bytes]:
        known = self._contents.get((self._shelf.name, check_path(path), name))
        if known is None:
            return super().open(path, name)
        return self.find(path, name), known[1]

    def _fetch(
        self, path: str, version_id: str, *, unlimited: bool
    ) -> tuple[HistoryRow, bytes]:
        key = (self._shelf.name, path, version_id)
        if (known := self._contents.get(key)) is not None:
            if not self._confirm:
                return known
            row, _ = self._head(path, version_id)
            return row, known[1]
        row, data = super()._fetch(path, version_id, unlimited=unlimited)
        if version_id != OVERWRITABLE:
            self._contents.put(key, (row, data), size=len(data))
        return row, data
