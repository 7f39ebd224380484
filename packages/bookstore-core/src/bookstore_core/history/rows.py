"""The rows of a history, and pages of rows."""

from dataclasses import dataclass, field
from datetime import date, datetime

from bookstore_core.runs.run import Run
from bookstore_core.stores.versions import Label, Version


@dataclass(frozen=True)
class HistoryRow:
    """One version in a notebook's history.

    `path` is the notebook's path when this version was made; older versions may be
    stored under an older path. `version` has metadata if bookstore wrote it.
    """

    path: str
    version: Version
    label: Label | None = None

    @property
    def saved_at(self) -> datetime:
        """When it was saved, in UTC, or when it was stored if that is not known."""
        return self.version.saved_at

    @property
    def author(self) -> str:
        """Who saved it; empty if not known."""
        return self.version.metadata.author if self.version.metadata else ""

    @property
    def sha256(self) -> str:
        """The sha256 of its content; empty if not known."""
        return self.version.metadata.sha256 if self.version.metadata else ""

    def has_content_of(self, other: "HistoryRow") -> bool:
        """Return whether both are known to have the same content."""
        return bool(self.sha256) and self.sha256 == other.sha256

    @property
    def moved_from(self) -> str:
        """The notebook's previous path, if it was renamed or moved; else empty."""
        return self.version.metadata.moved_from if self.version.metadata else ""

    @property
    def restored_from(self) -> str:
        """The id of the version that it was restored from, else empty."""
        return self.version.metadata.restored_from if self.version.metadata else ""

    @property
    def restored_path(self) -> str:
        """The path of the version it was restored from, if that differs; else empty."""
        return self.version.metadata.restored_path if self.version.metadata else ""

    @property
    def title(self) -> str:
        """The title that it was published under, else empty."""
        return self.version.metadata.title if self.version.metadata else ""

    @property
    def note(self) -> str:
        """The note that it was published with, else empty."""
        return self.version.metadata.note if self.version.metadata else ""

    @property
    def run(self) -> Run | None:
        """The run that it is the result of, if any."""
        return self.version.metadata.run if self.version.metadata else None


@dataclass(frozen=True)
class ActiveDay:
    """A day in UTC, the number of saves on it, and the cursor of its newest one."""

    date: date
    saves: int
    cursor: str


@dataclass(frozen=True)
class Activity:
    """The days on which a notebook was saved, and the times of its saves, newest first.

    What was saved before `since` is not known; if that is None, there is nothing.
    Versions that are not on the page count with the time at which they were stored.
    """

    days: tuple[ActiveDay, ...] = ()
    saves: tuple[datetime, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True)
class HistoryPage:
    """Rows, newest first.

    A row with `moved_from` is the last one of its path; the rows after it, here or on
    the next page, are under the old path. `cursor` requests the next page, across such
    seams; it is None at the end of the history. `earlier` is the cursor for the
    versions of an earlier notebook, which had this path before this one was moved to
    it. `activity` is set if it was asked for.
    """

    rows: tuple[HistoryRow, ...]
    cursor: str | None = None
    earlier: str | None = None
    activity: Activity = field(default_factory=Activity)
