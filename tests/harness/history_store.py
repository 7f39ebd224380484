"""A store in memory with pages, delete markers and a clock, for long histories."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from bookstore_core.clock import utc_now
from bookstore_core.cursors import decode_cursor
from bookstore_core.paths import is_own
from bookstore_core.stores.versions import KeyPage, Version, VersionPage
from harness.memory_store import MemoryStore

#: The most rows that are listed at once.
MAX_ROWS = 1000


class HistoryStore(MemoryStore):
    """Versions in lists, listed as S3 does: in pages, with times in whole seconds.

    Unless it is `announcing`, it writes as earlier releases did.
    """

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__()
        self.announcing = True
        self.deleted: dict[str, list[str]] = {}
        self._now = now

    def put(self, key: str, *words: Any, **known: Any) -> Version:
        if self.announcing:
            return super().put(key, *words, **known)
        content_type = known.pop("content_type", "")
        return self._put(key, *words, content_type=content_type, **known)

    def _put(self, key: str, *words: Any, **known: Any) -> Version:
        version = super()._put(key, *words, **known)
        kept = replace(version, stored_at=self._second(), announces=self.announcing)
        self.versions[key][-1] = kept
        return kept

    def _second(self) -> datetime:
        return self._now().replace(microsecond=0)

    def delete(self, key: str) -> None:
        """Add a delete marker, also to a key that is deleted."""
        kept = self.versions[key]
        kept.append(
            Version(self.bucket, key, f"v{len(kept)}", 0, self._second(), deleted=True)
        )
        self.contents[key].append(b"")

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        self.calls["list"] += 1
        after = decode_cursor("versions", cursor)
        kept = self.versions.get(key, [])
        count = len(kept) if after is None else int(after[1:])
        limit = min(limit, MAX_ROWS)
        rows = [
            replace(version, metadata=None, announces=False)
            for version in kept[max(count - limit, 0) : count][::-1]
        ]
        more = self.cursor_after(rows[-1].version_id) if count > limit else None
        return VersionPage(tuple(rows), more)

    def walk_keys(self, prefix: str, **_: Any) -> KeyPage:
        found = super().walk_keys(f"{prefix}/")
        below = (row for row in found.keys if not is_own(row.key))
        return KeyPage(tuple(row for row in below if not row.deleted))
