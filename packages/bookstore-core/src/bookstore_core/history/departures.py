"""Departures: when notebooks left a path, as recorded by the notes at that path.

Each rename leaves a note (`moved_notes`). The versions of a path that were saved before
a departure belong to the notebook that left, later ones to the next notebook there.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.moved_notes import note_key
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version

#: Before every departure.
NEVER = datetime.min.replace(tzinfo=UTC)

#: The most departures from a path that are considered, newest first.
MAX_NOTES = 1000


def last_departure(
    store: VersionStore, key: str, before: Callable[[], datetime]
) -> datetime:
    """Return when a notebook last left `key` before a time; `NEVER` if none did.

    One listing; if there are notes, `before` is called, and a few HEADs follow.
    """
    try:
        listed = store.list_versions(note_key(key), limit=MAX_NOTES)
    except InvalidRequestError:
        return NEVER  # the key is too long for a note
    except BookstoreError as error:
        if error.retryable:
            raise
        return NEVER  # notes may not be read here
    notes = [version for version in listed.versions if not version.deleted]
    if not notes:
        return NEVER
    moment = before()

    @cache
    def departed_at(index: int) -> datetime:
        return _saved_at(store, notes[index])

    # The newest first: find the first one before the time.
    low, high = 0, len(notes)
    while low < high:
        middle = (low + high) // 2
        if departed_at(middle) < moment:
            high = middle
        else:
            low = middle + 1
    return departed_at(low) if low < len(notes) else NEVER


def _saved_at(store: VersionStore, note: Version) -> datetime:
    try:
        known = store.head(note.key, note.version_id)
        return replace(note, metadata=known.metadata).saved_at
    except BookstoreError as error:
        if error.retryable:
            raise
        return note.stored_at
