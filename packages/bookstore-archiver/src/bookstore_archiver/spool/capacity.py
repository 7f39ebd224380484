"""How much may wait in a spool before what fills it in bulk has to pause."""

from bookstore_core.spool.directory import count_spool

#: The spool lies on the disk that people save on.
MOST_SAVES = 500
MOST_BYTES = 256 * 1024 * 1024


def has_room(spool_dir: str) -> bool:
    """Say whether more may be put into the spool, beyond what people save.

    Raises SpoolError when the spool cannot be read.
    """
    counts = count_spool(spool_dir)
    return counts.waiting <= MOST_SAVES and counts.bytes <= MOST_BYTES
