"""Notes at a path: when notebooks left it, and which notebooks arrived there.

Each rename leaves a note at the old path (`moved_notes`), a departure, and one at the
new path (`stores/arrivals.py`), an arrival. The versions of a path that were saved
before a departure belong to the notebook that left, later ones to the next notebook
there.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, cached_property

from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.moved_notes import note_key
from bookstore_core.stores.arrivals import arrivals_key, is_arrival
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import OpenVersion, Version

#: Before every departure.
NEVER = datetime.min.replace(tzinfo=UTC)

#: Notes that are listed at once.
MAX_NOTES = 1000


class Notes:
    """The notes at the path of a key, listed once, when they are first needed."""

    def __init__(self, store: VersionStore, key: str) -> None:
        self._store = store
        self._place = arrivals_key(key)

    @cached_property
    def _listed(self) -> tuple[Version, ...] | None:
        """The notes, newest first; None if they may not be read, or cannot exist."""
        if self._place is None:
            return None
        found: tuple[Version, ...] = ()
        cursor: str | None = None
        try:
            while True:
                page = self._store.list_versions(
                    self._place, cursor=cursor, limit=MAX_NOTES
                )
                found += page.versions
                cursor = page.cursor
                if cursor is None:
                    return found
        except BookstoreError as error:
            if error.retryable:
                raise
            return None

    @property
    def arrivals(self) -> tuple[Version, ...] | None:
        """The arrivals, newest first, as listed; None if that is not known."""
        if self._listed is None:
            return None
        return tuple(note for note in self._listed if is_arrival(note))

    def last_departure(self, before: Callable[[], datetime]) -> datetime:
        """Return when a notebook last left before a time; `NEVER` if none did.

        If there are departures, `before` is called, and a few HEADs are sent.
        """
        notes = [
            note
            for note in self._listed or ()
            if not note.deleted and not is_arrival(note)
        ]
        if not notes:
            return NEVER
        moment = before()

        @cache
        def departed_at(index: int) -> datetime:
            return _saved_at(self._store, notes[index])

        # The newest first: find the first one before the time.
        low, high = 0, len(notes)
        while low < high:
            middle = (low + high) // 2
            if departed_at(middle) < moment:
                high = middle
            else:
                low = middle + 1
        return departed_at(low) if low < len(notes) else NEVER


def open_note(store: VersionStore, key: str) -> OpenVersion:
    """Open the note of the newest departure from a key.

    Raises NotFoundError if there is none, and InvalidRequestError if the key is too
    long for one.
    """
    place = note_key(key)
    opened = store.open(place)
    if not is_arrival(opened.version):
        return opened
    # Also an earlier arrival may be stored later: another key is sent at its own time.
    opened.body.close()
    for note in store.list_versions(place, limit=MAX_NOTES).versions:
        if not note.deleted and not is_arrival(note):
            return store.open(place, note.version_id)
    raise NotFoundError(f"No notebook has left {key}.")


def _saved_at(store: VersionStore, note: Version) -> datetime:
    try:
        known = store.head(note.key, note.version_id)
        return replace(note, metadata=known.metadata).saved_at
    except BookstoreError as error:
        if error.retryable:
            raise
        return note.stored_at
