"""A version as JSON, the same in the API and in the commands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bookstore_core.history import HistoryRow
from bookstore_core.stores import Label, VersionMetadata


def as_json(row: HistoryRow) -> dict[str, Any]:
    """Return what is known of a version, as `GET /api/bookstore/versions` tells it."""
    known, label = row.version.metadata, row.label
    return {
        "version_id": row.version.version_id,
        "path": row.path,
        "saved_at": row.saved_at.isoformat(),
        "stored_at": row.version.stored_at.isoformat(),
        "author": row.author,
        "size": row.version.size,
        "sha256": known.sha256 if known else "",
        "label": {
            "name": label.name,
            "comment": label.comment,
            "author": label.author,
            "labelled_at": label.labelled_at.isoformat() if label.labelled_at else None,
        }
        if label
        else None,
        "moved_from": row.moved_from,
        "restored_from": row.restored_from,
        "restored_path": row.restored_path,
        "is_latest": row.version.is_latest,
        "deleted": row.version.deleted,
        "save_id": known.save_id if known else "",
    }


@dataclass(frozen=True)
class VersionRecord:
    """One version in a notebook's history.

    `path` is where the notebook was when it was made. What bookstore did not write has
    no `save_id`, no `author` and no `sha256`. `moved_from` is set on the first version
    after a rename or move, `restored_from` on one that was restored from another, and
    `restored_path` with it, where that other has another path.
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
    is_latest: bool
    deleted: bool
    save_id: str


def record_of(row: HistoryRow) -> VersionRecord:
    """Return what is known of a version."""
    version = row.version
    known = version.metadata or VersionMetadata(save_id="", saved_at=row.saved_at)
    return VersionRecord(
        version_id=version.version_id,
        path=row.path,
        saved_at=row.saved_at,
        stored_at=version.stored_at,
        author=known.author,
        size=version.size,
        sha256=known.sha256,
        label=row.label,
        moved_from=known.moved_from,
        restored_from=known.restored_from,
        restored_path=known.restored_path,
        is_latest=version.is_latest,
        deleted=version.deleted,
        save_id=known.save_id,
    )
