"""Arrivals: announcements of versions with `moved_from`, which a listing does not show.

A listing of versions has no metadata. So that a history can be followed across renames
by listings alone, `VersionStore.put` writes an empty version before each version with
`moved_from`. Its key is that of the notes at the new path (`moved_notes`), its metadata
has the save's id, its time less a microsecond, and `moved_from`.

To a release that does not know arrivals, it is one more departure: what was saved at
the path until then belongs to another notebook, which is right.

Each version of a release that does this says so (`Version.announces`). An announcement
whose version never arrived has no effect.
"""

from dataclasses import replace
from datetime import timedelta

from bookstore_core.errors import InvalidRequestError
from bookstore_core.moved_notes import NOTE_TYPE, note_key
from bookstore_core.stores.versions import Version, VersionMetadata

ARRIVAL_TYPE = NOTE_TYPE

#: An arrival is this much older than the save, so that the save is not before it.
MOMENT = timedelta(microseconds=1)


def arrivals_key(key: str) -> str | None:
    """Return the key of the arrivals at a key; None if it would be too long."""
    try:
        return note_key(key)
    except InvalidRequestError:
        return None


def arrival_of(save: VersionMetadata) -> VersionMetadata:
    """Return the metadata of the arrival that announces a save."""
    return VersionMetadata(
        save_id=save.save_id,
        saved_at=save.saved_at - MOMENT,
        moved_from=save.moved_from,
    )


def announced_by(arrival: Version) -> VersionMetadata | None:
    """Return id, time and `moved_from` of the save that an arrival announces."""
    known = arrival.metadata
    return known and replace(known, saved_at=known.saved_at + MOMENT)


def is_arrival(listed: Version) -> bool:
    """Return whether a version at the key of notes is an arrival, which is empty."""
    return listed.size == 0 and not listed.deleted
