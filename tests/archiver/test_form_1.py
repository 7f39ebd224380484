"""A spool of form 1, as 3.0.0.dev0 wrote it, is drained to the last save."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.forms import FORM_1, expected_of

EXPECTED = expected_of(FORM_1)
HOME = "/home/ann/notebooks"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ann's notebooks: one whose newest save found no room, two in a renamed folder."""
    home = tmp_path / "notebooks"
    (home / "summer").mkdir(parents=True)
    (home / "full.ipynb").write_text("full")
    (home / "summer" / "one.ipynb").write_text("one")
    (home / "summer" / "two.ipynb").write_text("two")
    return home


@pytest.fixture
def spool_dir(tmp_path: Path, home: Path) -> Path:
    """A copy of the spool, with her home where the test may write."""
    spool = tmp_path / "spool"
    shutil.copytree(FORM_1 / "spool", spool)
    for folder in ("unprotected", "renamed"):
        for path in (spool / folder).iterdir():
            path.write_text(path.read_text().replace(HOME, str(home)))
    return spool


def test_a_spool_of_form_1_is_drained(
    make_archiver: Callable[..., Any], spool_dir: Path, tmp_path: Path, home: Path
) -> None:
    settings = BookstoreSettings.from_config(
        {"storage": "local", "local_root": str(tmp_path / "store")}
    )
    store = open_store(settings)
    archiver = make_archiver(store=lambda: store, root=home)
    assert archiver.drain(timeout=30)
    for save in EXPECTED["waiting"]:
        page = store.list_versions(save["key"])
        kept = [store.head(save["key"], v.version_id).metadata for v in page.versions]
        found = [known.sha256 for known in kept if known.save_id == save["save_id"]]
        assert found == [save["sha256"]]
    moved = {"full": "was/full.ipynb", "summer/two": "spring/two.ipynb"}
    for name, old in moved.items():
        version = store.head(f"workspace/{name}.ipynb")
        assert version.metadata is not None
        assert version.metadata.moved_from == old
    assert not store.list_versions("workspace/summer/one.ipynb").versions
    assert (spool_dir / "failed" / "notes.txt").exists()
