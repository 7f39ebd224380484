"""Unprotected notebooks: logged, listed on disk, and archived later."""

import logging
import shutil
from pathlib import Path

import pytest

from archiver.conftest import MakeArchiver
from archiver.saving import DOWN, Files, SmallDisk, contents, is_empty, text
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.spool.unprotected_file import UnprotectedFile
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.unprotected import (
    UnprotectedNotebook,
    read_unprotected,
    unprotected_files,
)
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for


def remove(spool_dir: Path) -> None:
    # In one step: an archiver may write into it meanwhile.
    aside = spool_dir.with_name("removed")
    spool_dir.rename(aside)
    shutil.rmtree(aside)


def has_file(spool_dir: Path) -> bool:
    """Return whether a process has written its file, and not only made it."""
    return any(path.stat().st_size for path in unprotected_files(str(spool_dir)))


def test_full_disk_is_logged_once_and_the_newest_state_is_archived_later(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver.intake)
    archiver.start()
    for number in range(3):
        files.save(text(f"{number}"), "a.ipynb")
        files.save(text(f"{number}"), "b.ipynb")
    assert archiver.intake.unprotected == ("a.ipynb", "b.ipynb")
    disk.full = False
    wait_for(lambda: contents(store, "b.ipynb"), what="the repair")
    wait_for(lambda: contents(store), what="the repair")
    assert contents(store) == contents(store, "b.ipynb") == ["2"]
    assert archiver.intake.unprotected == ()
    assert sum("NOT protected" in message for message in caplog.messages) == 1


def test_save_that_finds_room_needs_no_repair(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    disk.full = False
    files.save(text("2"), "a.ipynb")
    assert archiver.intake.unprotected == ()
    wait_for(lambda: contents(store), what="the version")
    assert contents(store) == ["2"]


def test_notebook_that_was_removed_meanwhile_is_not_waited_for(
    make_archiver: MakeArchiver, files: Files
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    (files.root / "a.ipynb").unlink()
    disk.full = False
    archiver.start()
    wait_for(lambda: not archiver.intake.unprotected, what="the end of it")


def test_next_process_archives_what_one_could_not_protect(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    disk = SmallDisk()
    first = make_archiver(disk=disk)
    attach(files, first.intake)
    files.save(text("1"), "a.ipynb")
    first.close()
    assert [notebook.path for notebook in read_unprotected(str(spool_dir))] == [
        "a.ipynb"
    ]
    second = make_archiver(root=files.root)
    second.start()
    wait_for(lambda: contents(store), what="the repair")
    assert contents(store) == ["1"]
    wait_for(lambda: not read_unprotected(str(spool_dir)), what="the end of it")
    second.close()
    assert list(unprotected_files(str(spool_dir))) == []


def test_process_that_ends_tries_once_more(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk, shutdown_timeout=30.0)
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    disk.full = False
    archiver.close()
    assert contents(store) == ["1"]
    assert read_unprotected(str(spool_dir)) == ()


def test_notebooks_are_listed_elsewhere_if_the_spool_cannot_be_made(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    spool_dir.write_text("in the way")
    archiver = make_archiver()
    archiver.start()
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    assert [notebook.path for notebook in read_unprotected(str(spool_dir))] == [
        "a.ipynb"
    ]
    spool_dir.unlink()
    wait_for(lambda: contents(store), what="the repair")
    assert read_unprotected(str(spool_dir)) == ()


def test_process_that_only_adds_lists_what_it_could_not_protect(
    make_archiver: MakeArchiver, files: Files, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    archiver = make_archiver(disk=SmallDisk())
    attach(files, archiver.intake)
    archiver.start()
    wait_for(lambda: archiver.drained_elsewhere, what="a look at the lock")
    files.save(text("1"), "a.ipynb")
    assert [notebook.path for notebook in read_unprotected(str(spool_dir))] == [
        "a.ipynb"
    ]
    other.release()


def test_newest_state_is_archived_again_when_the_spool_was_removed(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.before = [fail_with(DOWN)] * 100_000
    archiver = make_archiver()
    attach(files, archiver.intake)
    for number in range(3):
        files.save(text(f"{number}"), "a.ipynb")
        files.save(text(f"{number}"), "b.ipynb")
    wait_for(lambda: archiver.status.retries, what="an attempt")
    with caplog.at_level(logging.INFO):
        remove(spool_dir)
        store.before = []
        wait_for(lambda: contents(store, "b.ipynb"), what="the newest state")
        wait_for(lambda: contents(store), what="the newest state")
        wait_for(is_empty(spool_dir), what="an empty spool")
        wait_for(lambda: read_status(str(spool_dir)).removed, what="the count")
    assert contents(store)[-1] == contents(store, "b.ipynb")[-1] == "2"
    assert len(contents(store)) <= 2  # one may have been on its way
    logged = [message for message in caplog.messages if "were removed" in message]
    assert len(logged) == 1
    wait_for(lambda: archiver.intake.unprotected == (), what="the end of it")


def test_removed_spool_of_a_process_that_only_adds_is_noticed(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    archiver = make_archiver()
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    wait_for(lambda: has_file(spool_dir), what="the process's file")
    remove(spool_dir)
    other.release()
    wait_for(lambda: contents(store), what="the newest state")
    assert contents(store) == ["1"]


def test_removed_save_of_an_earlier_process_is_archived_again(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    first = make_archiver()
    attach(files, first.intake)
    files.save(text("1"), "a.ipynb")
    first.close()
    other.release()

    def take_away_and_fail(key: str) -> None:
        (waiting,) = (spool_dir / "cur").iterdir()
        waiting.unlink()
        fail_with(DOWN)(key)

    store.before = [take_away_and_fail]
    second = make_archiver()
    second.start()
    wait_for(lambda: contents(store), what="the newest state")
    assert contents(store) == ["1"]
    assert second.status.removed == 1


def test_state_that_the_store_has_makes_no_second_version(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    wait_for(lambda: has_file(spool_dir), what="the process's file")
    remove(spool_dir)
    wait_for(lambda: archiver.status.skipped, what="the repair")
    assert contents(store) == ["1"]


def test_list_fits_into_the_reserved_bytes(tmp_path: Path) -> None:
    spool_dir = str(tmp_path / "spool")
    file = UnprotectedFile(spool_dir)
    file.reserve()
    (path,) = unprotected_files(spool_dir)
    size = path.stat().st_size
    notebooks = [
        UnprotectedNotebook(f"{n}.ipynb", f"workspace/{n}.ipynb") for n in range(20)
    ]
    assert file.keep(notebooks)
    assert path.stat().st_size == size
    assert read_unprotected(spool_dir) == tuple(sorted(notebooks))
    file.close()
    assert path.exists()


def test_file_of_a_running_process_is_not_adopted(tmp_path: Path) -> None:
    spool_dir = str(tmp_path / "spool")
    notebook = UnprotectedNotebook("a.ipynb", "workspace/a.ipynb")
    first, second = UnprotectedFile(spool_dir), UnprotectedFile(spool_dir)
    first.keep([notebook])
    adopted: list[list[UnprotectedNotebook]] = []
    second.adopt(lambda notebooks: adopted.append(notebooks) or [])
    assert adopted == []
    first.close()
    second.adopt(lambda notebooks: adopted.append(notebooks) or [])
    assert adopted == [[notebook]]
    assert list(unprotected_files(spool_dir)) == []
