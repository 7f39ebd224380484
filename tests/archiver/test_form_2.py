"""A spool of form 2, whose saves have no sha256, is drained to the last save."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.forms import FORM_2, expected_of

EXPECTED = expected_of(FORM_2)


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    """A copy of the spool."""
    return Path(shutil.copytree(FORM_2 / "spool", tmp_path / "spool"))


def test_a_spool_of_form_2_is_drained_into_a_store_of_form_2(
    make_archiver: Callable[..., Any], spool_dir: Path, tmp_path: Path
) -> None:
    shutil.copytree(FORM_2 / "store", tmp_path / "store")
    store = open_store(
        BookstoreSettings.from_config(
            {"storage": "local", "local_root": str(tmp_path / "store")}
        )
    )
    archiver = make_archiver(store=lambda: store, root=tmp_path)
    assert archiver.drain(timeout=30)
    assert not [path for path in spool_dir.rglob("*-*") if path.is_file()]
    versions = store.list_versions(EXPECTED["key"]).versions
    assert len(versions) == len(EXPECTED["versions"]) + len(EXPECTED["waiting"])
    for save in EXPECTED["waiting"]:
        kept = [store.head(v.key, v.version_id).metadata for v in versions]
        found = [m.sha256 for m in kept if m and m.save_id == save["save_id"]]
        assert found == [save["sha256"]]
