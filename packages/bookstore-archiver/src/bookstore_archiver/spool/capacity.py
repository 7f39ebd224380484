"""How much may wait in a spool before what fills it in bulk has to pause."""

from bookstore_core.spool.directory import SpoolCounts

#: The spool lies on the disk that people save on.
MAX_SAVES = 500
MAX_BYTES = 256 * 1024 * 1024


def has_room(counts: SpoolCounts, *, max_saves: int = MAX_SAVES) -> bool:
    """Say whether more may be put into a spool, beyond what people save."""
    return counts.waiting <= max_saves and counts.bytes <= MAX_BYTES
