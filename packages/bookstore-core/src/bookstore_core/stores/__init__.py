"""Stores, which keep versions: their types, and opening the configured one."""

from pathlib import Path

from bookstore_core.clock import utc_now
from bookstore_core.errors import ConfigurationError
from bookstore_core.paths import DELIMITER, s3_display_path
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
    VersionPage,
    new_save_id,
)

__all__ = [
    "Finding",
    "KeyPage",
    "Label",
    "OpenVersion",
    "StoreCheck",
    "Version",
    "VersionMetadata",
    "VersionPage",
    "VersionStore",
    "describe_store",
    "new_save_id",
    "open_store",
    "utc_now",
]


def describe_store(settings: BookstoreSettings) -> str:
    """Return where saves go, a URL or a directory, for logs. Contacts no store."""
    if settings.storage == "local":
        root = Path(settings.local_root, settings.bucket)
        return str(root / settings.workspace_prefix.lstrip(DELIMITER))
    if settings.storage == "service":
        return settings.service_url
    return s3_display_path(settings.bucket, settings.workspace_prefix)


def open_store(settings: BookstoreSettings, *, hurried: bool = False) -> VersionStore:
    """Return the store that the settings name, without contacting it.

    A `hurried` store is for requests that a person waits for: it gives up within five
    seconds if the store does not answer, and does not repeat slow requests.

    Raises ConfigurationError if no store is configured. Another kind of store also
    needs `storage`, `bucket` and `missing` in `settings.py`.
    """
    if settings.missing:
        raise ConfigurationError(settings.missing)
    # Imported on demand: botocore alone adds a third of a second to a server's start.
    if settings.storage == "local":
        from bookstore_core.stores.local.store import LocalStore

        return LocalStore(settings)
    if settings.storage == "service":
        from bookstore_core.stores.service.store import ServiceStore

        return ServiceStore(settings, hurried=hurried)
    from bookstore_core.stores.s3.store import S3Store

    return S3Store(settings, hurried=hurried)
