"""What a history shows: rows, and pages of them."""

from dataclasses import dataclass
from datetime import datetime

from bookstore_core.stores.versions import Label, Version


@dataclass(frozen=True)
class HistoryRow:
    """One version in a notebook's history.

    `path` is where the notebook was when this version was made: older ones may lie
    under an older path. `version` has metadata where bookstore wrote it.
    """

    path: str
    version: Version
    label: Label | None = None

    @property
    def saved_at(self) -> datetime:
        """When it was saved, in UTC; when it was stored where that is not known."""
        known = self.version.metadata
        return known.saved_at if known else self.version.stored_at

    @property
    def author(self) -> str:
        """Who saved it; empty where that is not known."""
        return self.version.metadata.author if self.version.metadata else ""

    @property
    def moved_from(self) -> str:
        """The path before this version, where the notebook was renamed or moved."""
        return self.version.metadata.moved_from if self.version.metadata else ""

    @property
    def restored_from(self) -> str:
        """The id of the version that its content came from, where it was restored."""
        return self.version.metadata.restored_from if self.version.metadata else ""

    @property
    def restored_path(self) -> str:
        """The path of that version where it is another than this one's, else empty."""
        return self.version.metadata.restored_path if self.version.metadata else ""


@dataclass(frozen=True)
class HistoryPage:
    """Rows, newest first.

    A row with `moved_from` is the last one of its path: those after it, here or on the
    next page, are under the old path. `cursor` asks for the next page, across such
    seams; None where the history ends. `earlier` is the cursor of the versions of an
    earlier notebook that had this very path before the one that was moved here.
    """

    rows: tuple[HistoryRow, ...]
    cursor: str | None = None
    earlier: str | None = None
