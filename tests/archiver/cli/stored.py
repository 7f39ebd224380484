"""What the local store of a test has of a notebook."""

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_core.stores.local.store import LocalStore


def versions(settings: BookstoreSettings, path: str) -> list[Version]:
    """Return the versions of a notebook, oldest first, with their metadata."""
    store, key = LocalStore(settings), f"workspace/{path}"
    found = store.list_versions(key).versions[::-1]
    return [store.head(key, version.version_id) for version in found]


def contents(settings: BookstoreSettings, path: str = "a.ipynb") -> list[str]:
    store = LocalStore(settings)
    found = []
    for version in versions(settings, path):
        with store.open(version.key, version.version_id) as opened:
            found.append(opened.read(1000).decode())
    return found
