"""A spool and a directory store of form 1, as 3.0.0.dev0 wrote them, are read today.

`tests/fixtures/form-1` was written by the code of that release and is never changed.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.history import PUBLISHED, WORKSPACE, History, HistoryRow
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.renamed_folders import decode_rename, rename_files
from bookstore_core.spool.unprotected import UnprotectedNotebook, read_unprotected
from bookstore_core.stores import open_store
from harness.forms import FORM_1, expected_of

EXPECTED = expected_of(FORM_1)


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    """Settings over a copy of the fixture, so that nothing can change it."""
    shutil.copytree(FORM_1, tmp_path / "form")
    return BookstoreSettings.from_config(
        {
            "storage": "local",
            "local_root": str(tmp_path / "form" / "store"),
            "spool_dir": str(tmp_path / "form" / "spool"),
        }
    )


def described(row: HistoryRow) -> dict[str, Any]:
    known, label = row.version.metadata, row.label
    assert known is not None
    return {
        "path": row.path,
        "version_id": row.version.version_id,
        "saved_at": row.saved_at.isoformat(),
        "author": row.author,
        "size": row.version.size,
        "sha256": known.sha256,
        "save_id": known.save_id,
        "label": label.name if label else "",
        "comment": label.comment if label else "",
        "moved_from": row.moved_from,
        "restored_from": row.restored_from,
        "restored_path": row.restored_path,
    }


@pytest.mark.parametrize("shelf", [WORKSPACE, PUBLISHED])
def test_every_history_is_as_it_was(settings: BookstoreSettings, shelf: Any) -> None:
    history = History(open_store(settings), settings, shelf=shelf)
    paths = EXPECTED[shelf.name]
    assert paths
    for path, rows in paths.items():
        assert [described(row) for row in history.page(path).rows] == rows


@pytest.mark.parametrize("shelf", [WORKSPACE, PUBLISHED])
def test_every_version_is_read_whole(settings: BookstoreSettings, shelf: Any) -> None:
    store = open_store(settings)
    for rows in EXPECTED[shelf.name].values():
        for row in rows:
            key = shelf.key(settings, row["path"])
            with store.open(key, row["version_id"]) as opened:
                assert len(opened.read(limit=1024)) == row["size"]


def test_every_waiting_save_is_as_it_was(settings: BookstoreSettings) -> None:
    trailers = waiting_saves(settings.spool_dir)
    saves = [json.loads(trailer.encode()) for trailer in trailers]
    for save, before in zip(saves, EXPECTED["waiting"], strict=True):
        assert before.items() - {("name", before["name"])} <= save.items()


def test_the_report_on_the_spool_is_as_it_was(settings: BookstoreSettings) -> None:
    counts = count_spool(settings.spool_dir)
    assert (counts.pending, counts.in_flight, counts.failed) == (3, 1, 1)
    status = read_status(settings.spool_dir)
    assert (status.uploads, status.retries) == (12, 3)
    assert status.last_error == "The store does not answer."
    assert read_unprotected(settings.spool_dir) == (
        UnprotectedNotebook(
            "full.ipynb",
            "workspace/full.ipynb",
            "/home/ann/notebooks/full.ipynb",
            "was/full.ipynb",
        ),
    )
    renames = [
        decode_rename(path.read_bytes()) for path in rename_files(settings.spool_dir)
    ]
    assert [(r.old, r.new, r.recorded, r.over) for r in renames if r] == [
        ("spring", "summer", frozenset({"summer/one.ipynb"}), False)
    ]
