"""Markers of runs whose versions were pruned: they have no effect, and are removed.

A prune removes the marker after the version. One that was interrupted between the two
leaves it; `check` lists such markers, and `doctor --repair` removes them.
"""

import logging
import re
from collections.abc import Iterable
from functools import lru_cache

from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, is_own, printable
from bookstore_core.runs.markers import FOLDER, marker_key, version_id_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Removal, Version

log = logging.getLogger(__name__)

#: Rows of one listing.
PAGE = 1000

_MARKER = re.compile(f"(?:^|/){re.escape(OWN_FOLDER)}/{FOLDER}/[0-9a-f]{{32}}/[^/]+")


def marker_of(version: Version, settings: BookstoreSettings) -> str:
    """Return the key of the marker of a version with metadata; empty if it is no run.

    In a service, it is in the folder of the person whose run it is.
    """
    known = version.metadata
    if known is None or known.run is None or not known.run.of:
        return ""
    workspace = version.key.removesuffix(f"{DELIMITER}{known.source_path}")
    if known.source_path and workspace != version.key:
        settings = _with_workspace(settings, workspace)
    try:
        return marker_key(settings, version, known)
    except InvalidRequestError:
        return ""  # it has none: it would be too long, or the run is on no shelf


def dangling(store: VersionStore) -> list[str]:
    """Return the keys of markers whose versions are gone. It lists all of the store.

    Markers are listed first: what is stored meanwhile is not missed.
    """
    found = {
        version_id_of(key): key for key in store.every_key() if _MARKER.search(key)
    }
    if not found:
        return []
    for key in store.every_key():
        if not is_own(key):
            for version in _versions(store, key):
                found.pop(version.version_id, None)
    return [key for key in found.values() if _versions(store, key)]


def remove_markers(store: VersionStore, keys: Iterable[str]) -> Removal:
    """Remove markers for good; return what was removed in all.

    What fails is logged: it costs nothing, and is found by the next check.
    """
    removed = list[str]()
    for key in keys:
        try:
            done = store.remove_versions(key, _versions(store, key))
            removed += [key] if done.removed else []
        except BookstoreError as error:
            log.warning("A marker of a run is left: %s", printable(str(error)))
    return Removal(tuple(removed))


def _versions(store: VersionStore, key: str) -> list[Version]:
    found, cursor = list[Version](), None
    while True:
        page = store.list_versions(key, cursor=cursor, limit=PAGE)
        found += page.versions
        cursor = page.cursor
        if cursor is None:
            return found


@lru_cache(100)
def _with_workspace(settings: BookstoreSettings, workspace: str) -> BookstoreSettings:
    return BookstoreSettings.from_config(
        settings.as_config() | {"workspace_prefix": workspace}
    )
