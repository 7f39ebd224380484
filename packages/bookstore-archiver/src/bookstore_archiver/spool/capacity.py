"""How full a spool may be before bulk work, such as backfill, pauses."""

from bookstore_core.spool.counts import SpoolCounts

#: Limits of saves and bytes: people save on the same disk.
MAX_SAVES = 500
MAX_BYTES = 256 * 1024 * 1024


def has_room(counts: SpoolCounts, *, max_saves: int = MAX_SAVES) -> bool:
    """Return whether bulk work may add more to a spool."""
    return counts.waiting <= max_saves and counts.bytes <= MAX_BYTES
