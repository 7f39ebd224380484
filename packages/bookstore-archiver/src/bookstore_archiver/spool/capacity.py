"""How much may wait in a spool before what fills it in bulk has to pause."""

from bookstore_core.spool.directory import SpoolCounts

#: The spool lies on the disk that people save on.
MOST_SAVES = 500
MOST_BYTES = 256 * 1024 * 1024


def has_room(counts: SpoolCounts, *, most_saves: int = MOST_SAVES) -> bool:
    """Say whether more may be put into a spool, beyond what people save."""
    return counts.waiting <= most_saves and counts.bytes <= MOST_BYTES
