"""ArchiveRecord: one notebook to archive, as a caller hands it over."""

from typing import NamedTuple


class ArchiveRecord(NamedTuple):
    """A notebook and where it goes.

    `filepath` is its path below the workspace prefix, `content` the text of its file,
    `queued_time` the time when it was handed over, in seconds.
    """

    filepath: str
    content: str
    queued_time: float
