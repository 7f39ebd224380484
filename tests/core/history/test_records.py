"""The exact JSON of a version's record."""

import json
from datetime import UTC, datetime

from bookstore_core.history import HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.stores import Label, Version, VersionMetadata

SAVED, STORED, LABELLED = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3))
METADATA = VersionMetadata(
    save_id="1a2b",
    saved_at=SAVED,
    author="ann",
    sha256="c0ffee",
    source_path="not shown",
    restored_from="v1",
    restored_path="old.ipynb",
    moved_from="older.ipynb",
    title="Sales",
    note="June",
)


def version(metadata: VersionMetadata | None) -> Version:
    return Version("ours", "key", "v2", 7, STORED, is_latest=True, metadata=metadata)


def test_the_json_has_all_members_in_this_order() -> None:
    label = Label("good", "Why.", "ben", LABELLED)
    found = record_of(HistoryRow("a.ipynb", version(METADATA), label)).as_json()
    assert json.dumps(found) == (
        '{"version_id": "v2", "path": "a.ipynb", '
        '"saved_at": "2026-01-01T00:00:00+00:00", '
        '"stored_at": "2026-01-02T00:00:00+00:00", '
        '"author": "ann", "size": 7, "sha256": "c0ffee", '
        '"label": {"name": "good", "comment": "Why.", "author": "ben", '
        '"labelled_at": "2026-01-03T00:00:00+00:00"}, '
        '"moved_from": "older.ipynb", "restored_from": "v1", '
        '"restored_path": "old.ipynb", "title": "Sales", "note": "June", "run": null, '
        '"is_latest": true, "deleted": false, '
        '"save_id": "1a2b"}'
    )


def test_a_version_that_bookstore_did_not_write_has_little_metadata() -> None:
    found = record_of(HistoryRow("a.ipynb", version(None))).as_json()
    assert found["saved_at"] == found["stored_at"] == STORED.isoformat()
    unknown = ("author", "sha256", "moved_from", "restored_from", "restored_path")
    assert {found[name] for name in (*unknown, "title", "note", "save_id")} == {""}
    assert found["label"] is None
