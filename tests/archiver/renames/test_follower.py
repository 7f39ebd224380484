"""Renames: the first version under the new path records the old path."""

import errno
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.managers import (
    AsyncElsewhere,
    AsyncFiles,
    Elsewhere,
    Files,
    do,
    save,
)
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.renames.follower import RenameFollower
from bookstore_archiver.renames.pending import PendingRenames
from bookstore_archiver.spool.disk import Disk
from bookstore_core.moved_notes import is_note_key, read_note
from bookstore_core.stores import Version
from harness.memory_store import MemoryStore
from harness.waiting import wait_for


class SmallDisk(Disk):
    """A disk that is full while `full` is set."""

    full = False

    def sync(self, file: BinaryIO) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().sync(file)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "x" / "deep").mkdir(parents=True)
    return folder


def wait_for_versions(store: MemoryStore, path: str, number: int) -> list[Version]:
    versions = store.versions[f"workspace/{path}"]
    wait_for(lambda: len(versions) >= number, what=f"{number} versions of {path}")
    assert len(versions) == number
    return versions


def moved_from(version: Version) -> str:
    assert version.metadata
    return version.metadata.moved_from


def notebooks_in(store: MemoryStore) -> set[str]:
    return {key for key in store.versions if not is_note_key(key)}


def note(store: MemoryStore, path: str) -> str:
    folder, name = os.path.split(f"workspace/{path}")
    notes = store.contents[f"{folder}/.bookstore/moved/{name}"]
    wait_for(lambda: notes, what=f"a note on {path}")
    return read_note(notes[-1])


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_renamed_notebook_becomes_a_version_that_records_it(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", "a.ipynb")
    do(manager.rename_file("/a.ipynb", "x/b.ipynb"))
    save(manager, "2", "x/b.ipynb")
    first, second = wait_for_versions(store, "x/b.ipynb", 2)
    assert [moved_from(first), moved_from(second)] == ["a.ipynb", ""]
    assert store.contents["workspace/x/b.ipynb"] == [b"1", b"2"]
    assert note(store, "a.ipynb") == "x/b.ipynb"


@pytest.mark.parametrize("kind", [Elsewhere, AsyncElsewhere])
def test_manager_without_files_is_asked_for_the_renamed_notebook(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    (root / "a.ipynb").write_text("1")
    do(manager.rename_file("a.ipynb", "b.ipynb"))
    (version,) = wait_for_versions(store, "b.ipynb", 1)
    assert moved_from(version) == "a.ipynb"


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_notebooks_of_a_renamed_folder_become_versions_that_record_it(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    for path in ("x/a.ipynb", "x/deep/b.ipynb", "x/data.csv", "x/.hidden.ipynb"):
        (root / path).write_text(path)
    do(manager.rename_file("x", "y"))
    (version,) = wait_for_versions(store, "y/a.ipynb", 1)
    (deep,) = wait_for_versions(store, "y/deep/b.ipynb", 1)
    assert moved_from(version) == "x/a.ipynb"
    assert moved_from(deep) == "x/deep/b.ipynb"
    assert note(store, "x/a.ipynb") == "y/a.ipynb"
    assert note(store, "x/deep/b.ipynb") == "y/deep/b.ipynb"
    assert notebooks_in(store) == {"workspace/y/a.ipynb", "workspace/y/deep/b.ipynb"}


@pytest.mark.parametrize("kind", [Elsewhere, AsyncElsewhere])
def test_next_saves_record_a_renamed_folder_of_a_manager_without_files(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    (root / "x/a.ipynb").write_text("1")
    do(manager.rename_file("x", "y"))
    for content in "12":
        model = {"type": "file", "content": content}
        do(manager.save(model, "y/a.ipynb"))
    first, second = wait_for_versions(store, "y/a.ipynb", 2)
    assert [moved_from(first), moved_from(second)] == ["x/a.ipynb", ""]


def test_file_that_is_not_a_notebook_is_not_followed(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager, archiver = Files(root), make_archiver()
    attach(manager, archiver.intake)
    (root / "a.csv").write_text("1")
    manager.rename_file("a.csv", "b.csv")
    save(manager, "2", "last.ipynb")
    wait_for_versions(store, "last.ipynb", 1)
    assert set(store.versions) == {"workspace/last.ipynb"}


def test_text_that_was_saved_as_a_notebook_is_followed(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", "a.py")
    manager.rename_file("a.py", "b.py")
    manager.rename_file("b.py", "c.py")
    (version,) = wait_for_versions(store, "c.py", 1)
    assert moved_from(version) == "b.py"


def test_failed_rename_leaves_nothing_behind(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver().intake)
    with pytest.raises(FileNotFoundError):
        manager.rename_file("gone.ipynb", "b.ipynb")
    save(manager, "1", "b.ipynb")
    (version,) = wait_for_versions(store, "b.ipynb", 1)
    assert moved_from(version) == ""


def test_rename_succeeds_on_a_full_disk_and_is_recorded_when_there_is_room(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager, disk = Files(root), SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(manager, archiver.intake)
    save(manager, "1", "a.ipynb")
    wait_for_versions(store, "a.ipynb", 1)
    disk.full = True
    manager.rename_file("a.ipynb", "b.ipynb")
    manager.rename_file("b.ipynb", "c.ipynb")
    disk.full = False
    (version,) = wait_for_versions(store, "c.ipynb", 1)
    assert moved_from(version) == "a.ipynb"
    assert note(store, "a.ipynb") == "c.ipynb"


def test_version_of_the_old_path_reaches_the_store_first(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver(min_interval=3600.0).intake)
    for content in "123":
        save(manager, content, "a.ipynb")
    manager.rename_file("a.ipynb", "b.ipynb")
    (moved,) = wait_for_versions(store, "b.ipynb", 1)
    old = store.versions["workspace/a.ipynb"]
    assert store.contents["workspace/a.ipynb"][-1] == b"3"
    assert old[-1].stored_at <= moved.stored_at


def test_save_in_a_renamed_folder_records_it_if_it_comes_first() -> None:
    pending = PendingRenames()
    folder = pending.add_folder("x", "y")
    with pending.recording("y/a.ipynb") as old:
        assert old == "x/a.ipynb"
    assert not folder.is_unrecorded("y/a.ipynb")
    assert folder.is_unrecorded("y/b.ipynb")
    with pending.recording("y/a.ipynb") as old:
        assert old == ""


def test_pending_moves_of_a_notebook_are_combined() -> None:
    pending = PendingRenames()
    pending.add("a.ipynb", "x/a.ipynb")
    pending.add_folder("x", "y")
    pending.add_folder("y", "z")
    pending.add("z/a.ipynb", "b.ipynb")
    with pending.recording("b.ipynb") as old:
        assert old == "a.ipynb"
    with pending.recording("z/other.ipynb") as old:
        assert old == "x/other.ipynb"


def test_move_there_and_back_records_nothing() -> None:
    pending = PendingRenames()
    pending.add_folder("x", "y")
    pending.add_folder("y", "x")
    with pending.recording("x/a.ipynb") as old:
        assert old == ""


def test_move_stays_pending_if_recording_failed() -> None:
    pending = PendingRenames()
    pending.add("a.ipynb", "b.ipynb")
    with pytest.raises(OSError, match="disk"), pending.recording("b.ipynb"):
        raise OSError("disk")
    with pending.recording("b.ipynb") as old:
        assert old == "a.ipynb"


def test_follower_waits_for_room_and_stops_when_closed(
    tmp_path: Path, spool_dir: Path
) -> None:
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "a.ipynb").write_text("1")
    full = spool_dir / "new"
    full.mkdir(parents=True)
    for number in range(501):
        (full / f"20260101T000000.{number:06}Z-x").touch()
    pending, kept = PendingRenames(), list[str]()
    follower = RenameFollower(
        lambda os_path, path: kept.append(path),
        spool_dir=str(spool_dir),
        log=LOG,
        pause=0.01,
    )
    follower.follow(pending.add_folder("x", "y", str(tmp_path / "y")))
    assert not follower.close(0.05)
    assert kept == []
    follower = RenameFollower(
        lambda os_path, path: kept.append(path),
        spool_dir=str(spool_dir),
        log=LOG,
        pause=0.01,
    )
    follower.follow(pending.add_folder("x", "y", str(tmp_path / "y")))
    (full / "20260101T000000.000000Z-x").unlink()
    wait_for(lambda: kept == ["y/a.ipynb"], what="the notebook")
    assert follower.close(5)
