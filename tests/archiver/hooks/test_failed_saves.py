"""Saves that fail: what they wrote is archived, and what they did not write is not."""

from pathlib import Path
from typing import Any

import pytest

from archiver.conftest import MakeArchiver
from archiver.managers import MANAGERS, AsyncFiles, Elsewhere, Files, save
from archiver.saving import SmallDisk, contents, is_empty
from bookstore_archiver.hooks.saves import attach
from bookstore_core.origins import MEMBER, Origin
from harness.memory_store import MemoryStore
from harness.waiting import wait_for


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def fail_after(manager: Any, content: str, **members: Any) -> None:
    with pytest.raises(RuntimeError, match="the hook fails"):
        save(manager, content, type="file", fail="after", **members)


@pytest.mark.parametrize("kind", MANAGERS)
def test_save_that_fails_after_it_wrote_is_a_version(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", type="file")
    fail_after(manager, "2")
    fail_after(manager, "3")
    wait_for(lambda: len(contents(store)) >= 3, what="the versions")
    assert contents(store) == ["1", "2", "3"]


@pytest.mark.parametrize("kind", MANAGERS)
def test_save_that_fails_before_it_writes_is_no_version(
    kind: Any,
    make_archiver: MakeArchiver,
    store: MemoryStore,
    root: Path,
    spool_dir: Path,
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", type="file")
    with pytest.raises(OSError, match="the disk is full"):
        save(manager, "2", fail="before")
    save(manager, "3", type="file")
    wait_for(lambda: len(contents(store)) >= 2, what="the versions")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1", "3"]


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_file_that_a_failed_save_left_alone_is_no_version(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    (root / "a.ipynb").write_text("never archived")
    manager = kind(root)
    archiver = make_archiver()
    attach(manager, archiver.intake)
    with pytest.raises(OSError, match="the disk is full"):
        save(manager, "2", fail="before")
    assert archiver.drain(30)
    assert contents(store) == []


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_restore_that_fails_after_it_wrote_records_its_origin(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", type="file")
    fail_after(manager, "2", **Origin("v1", "a.ipynb").member)
    wait_for(lambda: len(contents(store)) >= 2, what="the versions")
    metadata = store.versions["workspace/a.ipynb"][-1].metadata
    assert metadata is not None
    assert metadata.restored_from == "v1"
    assert MEMBER not in manager.seen[-1]


def test_failed_save_is_unprotected_while_the_disk_is_full(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager, disk = Files(root), SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(manager, archiver.intake)
    archiver.start()
    fail_after(manager, "1")
    assert archiver.intake.unprotected == ("a.ipynb",)
    disk.full = False
    wait_for(lambda: contents(store) == ["1"], what="the version")


def test_manager_that_cannot_read_back_what_it_wrote_fails_as_before(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    class Unreadable(Elsewhere):
        def get(self, path: str, content: bool = True) -> Any:
            raise OSError("the bucket is gone")

    manager = Unreadable(root)
    attach(manager, make_archiver().intake)
    fail_after(manager, "1")
    save(manager, "2", type="file")
    wait_for(lambda: contents(store) == ["2"], what="the next save")
