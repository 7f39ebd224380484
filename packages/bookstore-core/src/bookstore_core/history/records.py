"""The record of a version, as the API and the commands return it."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from bookstore_core.history import HistoryRow
from bookstore_core.runs.run import Run
from bookstore_core.stores import Label, VersionMetadata


@dataclass(frozen=True)
class VersionRecord:
    """One version in a notebook's history.

    `path` is the notebook's path when the version was made, `size` is in bytes. In a
    version that bookstore did not write, `save_id`, `author` and `sha256` are empty.
    `moved_from` is set on the first version after a rename or move, `restored_from` on
    a version that was restored from another, and `restored_path` if that one has
    another path. `title` and `note` are those of a published version, `run` is that of
    an executed notebook.
    """

    version_id: str
    path: str
    saved_at: datetime
    stored_at: datetime
    author: str
    size: int
    sha256: str
    label: Label | None
    moved_from: str
    restored_from: str
    restored_path: str
    title: str
    note: str
    run: Run | None
    is_latest: bool
    deleted: bool
    save_id: str

    def as_json(self) -> dict[str, Any]:
        """Return the record as `GET /api/bookstore/versions` returns it in JSON."""
        return asdict(self, dict_factory=_in_json)


def record_of(row: HistoryRow) -> VersionRecord:
    """Return the record of a version."""
    unknown = VersionMetadata(save_id="", saved_at=row.saved_at)
    metadata = row.version.metadata or unknown
    known = {**vars(metadata), **vars(row.version), **vars(row)}
    names = [field.name for field in fields(VersionRecord)]
    return VersionRecord(**{name: known[name] for name in names})


def _in_json(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in pairs
    }
