"""A spool and a directory store of form 2, as 3.0.0.dev0 wrote them, are read today.

`tests/fixtures/form-2` was written by the code of that release and is never changed.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.history import PUBLISHED, History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import waiting_saves
from bookstore_core.stores import VersionStore, open_store
from core.saving import save
from harness.forms import FORM_2, expected_of

EXPECTED = expected_of(FORM_2)
KEY = EXPECTED["key"]


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    """Settings over a copy of the fixture, so that nothing can change it."""
    shutil.copytree(FORM_2, tmp_path / "form")
    return BookstoreSettings.from_config(
        {
            "storage": "local",
            "local_root": str(tmp_path / "form" / "store"),
            "spool_dir": str(tmp_path / "form" / "spool"),
        }
    )


@pytest.fixture
def store(settings: BookstoreSettings) -> VersionStore:
    return open_store(settings)


def described(store: VersionStore, version_id: str) -> dict[str, Any]:
    known = store.head(KEY, version_id)
    assert known.metadata is not None
    return {
        "version_id": version_id,
        "size": known.size,
        "sha256": known.metadata.sha256,
        "save_id": known.metadata.save_id,
        "saved_at": known.metadata.saved_at.isoformat(),
    }


def test_every_version_is_as_it_was_and_read_whole(store: VersionStore) -> None:
    listed = [row.version_id for row in store.list_versions(KEY).versions]
    assert [described(store, known) for known in listed] == EXPECTED["versions"]
    for known in listed:
        with store.open(KEY, known) as opened:
            opened.read(10**6)  # compared with its sha256


def test_the_label_and_the_deletion_are_as_they_were(
    store: VersionStore, settings: BookstoreSettings
) -> None:
    [version_id] = store.labels_named(KEY, "as sent")
    assert version_id == EXPECTED["versions"][-1]["version_id"]
    rows = History(store, settings, shelf=PUBLISHED).page("june.ipynb").rows
    assert [row.version.deleted for row in rows] == [True, False]
    assert rows[1].version.metadata
    assert rows[1].version.metadata.title.endswith("Übersicht")


def test_versions_are_added_and_removed(store: VersionStore) -> None:
    before = store.list_versions(KEY).versions
    content = bytes(20_000)
    new = save(store, content, key=KEY)
    store.remove_versions(KEY, before)
    assert [row.version_id for row in store.list_versions(KEY).versions] == [
        new.version_id
    ]
    with store.open(KEY) as opened:
        assert opened.read(10**6) == content


def test_saves_without_a_sha256_wait(settings: BookstoreSettings) -> None:
    waiting = list(waiting_saves(settings.spool_dir))
    assert [known.metadata.sha256 for known in waiting] == ["", ""]
    hashed = waiting_saves(settings.spool_dir, hashed=True)
    assert [known.metadata.sha256 for known in hashed] == [
        known["sha256"] for known in EXPECTED["waiting"]
    ]
