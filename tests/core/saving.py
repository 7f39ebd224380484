"""Saves for the tests of stores: write content, read all contents back."""

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bookstore_core.stores import Version, VersionMetadata, VersionStore, new_save_id

#: Traits of BookstoreSettings to open a store with.
Traits = dict[str, Any]
#: Makes a prepared store with an empty bucket of its own.
MakeStore = Callable[[Traits], VersionStore]

KEY = "workspace/ann/mine.ipynb"
SAVED_AT = datetime(2026, 11, 23, 18, 32, 25, 123456, tzinfo=UTC)


def metadata_for(content: bytes = b"", **values: Any) -> VersionMetadata:
    return VersionMetadata(
        **{
            "save_id": new_save_id(),
            "saved_at": SAVED_AT,
            "author": "ann",
            "sha256": hashlib.sha256(content).hexdigest(),
            "source_path": "ann/mine.ipynb",
            **values,
        }
    )


def save(
    store: VersionStore, content: bytes = b"{}", *, key: str = KEY, **values: Any
) -> Version:
    metadata = metadata_for(content, **values)
    return store.put(key, io.BytesIO(content), size=len(content), metadata=metadata)


def contents_of(store: VersionStore, key: str = KEY) -> list[bytes]:
    """Return the contents of every version of the key, newest first."""
    contents: list[bytes] = []
    for version in all_versions(store, key):
        with store.open(key, version.version_id) as opened:
            contents.append(opened.read(10**9))
    return contents


def versions_one_by_one(store: VersionStore, key: str = KEY) -> list[Version]:
    """Return every version of the key, read in pages of one."""
    return all_versions(store, key, limit=1)


def all_versions(store: VersionStore, key: str, *, limit: int = 100) -> list[Version]:
    """Return every version of the key, newest first."""
    found: list[Version] = []
    cursor = None
    while True:
        page = store.list_versions(key, cursor=cursor, limit=limit)
        assert len(page.versions) <= limit
        found += page.versions
        cursor = page.cursor
        if cursor is None:
            return found
