"""A version as JSON, the same in the API and in the commands."""

from typing import Any

from bookstore_core.history import HistoryRow


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
