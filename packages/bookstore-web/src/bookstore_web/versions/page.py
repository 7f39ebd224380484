"""A page of versions, with the saves that the store does not have yet."""

from dataclasses import dataclass
from typing import Self

from bookstore_core.history import HistoryPage
from bookstore_core.spool.saves import Trailer


@dataclass(frozen=True)
class VersionsPage:
    """A page of a history, and what the notebook server has besides, newest first."""

    stored: HistoryPage
    waiting: tuple[Trailer, ...] = ()

    @classmethod
    def of(cls, stored: HistoryPage, waiting: tuple[Trailer, ...]) -> Self:
        """Return a page without saves that are among its versions."""
        known = (row.version.metadata for row in stored.rows)
        there = {metadata.save_id for metadata in known if metadata}
        rest = (save for save in waiting if save.metadata.save_id not in there)
        return cls(stored, tuple(rest))
