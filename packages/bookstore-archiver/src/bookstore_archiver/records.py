"""ArchiveRecord: a notebook to archive, as passed by a caller."""

from typing import NamedTuple


class ArchiveRecord(NamedTuple):
    """A notebook to archive.

    `filepath` is its path below the workspace prefix, `content` the text of its file,
    `queued_time` the time when it was passed, in seconds.
    """

    filepath: str
    content: str
    queued_time: float
