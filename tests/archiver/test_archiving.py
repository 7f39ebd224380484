"""From the manager to the spool: nothing reaches the user's save, nothing is lost."""

import errno
import logging
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from archiver.conftest import MakeArchiver
from bookstore_archiver.archiving import author
from bookstore_archiver.attach import attach
from bookstore_archiver.disk import Disk
from bookstore_archiver.holding import DrainLock
from bookstore_archiver.records import ArchiveRecord
from bookstore_core.errors import InvalidRequestError
from bookstore_core.spool import count_spool
from harness.memory_store import MemoryStore
from harness.notebook_server import notebook
from harness.waiting import wait_for

MODEL = {"type": "notebook", "content": notebook("1")}


class Files:
    """A manager that writes what it is given below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _get_os_path(self, path: str) -> str:
        return str(self.root / path)

    def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        (self.root / path).write_text(str(model["content"]))
        return {"path": path}


class SmallDisk(Disk):
    """A disk that is full until told otherwise."""

    def __init__(self) -> None:
        self.full = True

    def sync(self, file: BinaryIO) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().sync(file)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    root = tmp_path / "work"
    root.mkdir()
    return Files(root)


def text(content: str) -> dict[str, Any]:
    return {"type": "notebook", "content": content}


def contents(store: MemoryStore, path: str = "a.ipynb") -> list[str]:
    return [data.decode() for data in store.contents[f"workspace/{path}"]]


def test_full_disk_is_told_once_and_repaired_with_the_newest_state(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver)
    archiver.start()
    for number in range(3):
        files.save(text(f"{number}"), "a.ipynb")
        files.save(text(f"{number}"), "b.ipynb")
    assert archiver.status.unprotected == ("a.ipynb", "b.ipynb")
    disk.full = False
    wait_for(lambda: contents(store, "b.ipynb"), what="the repair")
    wait_for(lambda: contents(store), what="the repair")
    assert contents(store) == contents(store, "b.ipynb") == ["2"]
    assert archiver.status.unprotected == ()
    assert sum("NOT protected" in message for message in caplog.messages) == 1


def test_save_that_finds_room_needs_no_repair(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver)
    files.save(text("1"), "a.ipynb")
    disk.full = False
    files.save(text("2"), "a.ipynb")
    assert archiver.status.unprotected == ()
    wait_for(lambda: contents(store), what="the version")
    assert contents(store) == ["2"]


def test_notebook_that_was_removed_meanwhile_is_not_waited_for(
    make_archiver: MakeArchiver, files: Files
) -> None:
    disk = SmallDisk()
    archiver = make_archiver(disk=disk)
    attach(files, archiver)
    files.save(text("1"), "a.ipynb")
    (files.root / "a.ipynb").unlink()
    disk.full = False
    archiver.start()
    wait_for(lambda: not archiver.status.unprotected, what="the end of it")


def test_path_that_no_key_can_be_made_of_is_told_once(
    make_archiver: MakeArchiver, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    archiver = make_archiver()
    for _ in range(2):
        archiver.keep(files, MODEL, "x" * 2000)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("path", ["./a.ipynb", "sub/../a.ipynb", "/a.ipynb"])
def test_other_spellings_of_a_path_are_the_same_key(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, path: str
) -> None:
    archiver = make_archiver()
    (files.root / "sub").mkdir()
    (files.root / "a.ipynb").write_text("1")
    archiver.keep(files, MODEL, path)
    wait_for(lambda: contents(store), what="the version")
    assert contents(store) == ["1"]


def test_no_error_reaches_the_save(
    make_archiver: MakeArchiver, caplog: pytest.LogCaptureFixture
) -> None:
    archiver = make_archiver()
    archiver.keep(object(), {"type": "notebook", "content": object()}, "a.ipynb")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info


def test_save_is_in_the_spool_when_it_returns(
    make_archiver: MakeArchiver, files: Files, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    other.hold()
    attach(files, make_archiver())
    files.save(text("1"), "a.ipynb")
    assert count_spool(str(spool_dir)).pending == 1
    other.release()


def test_record_for_an_impossible_path_is_refused(make_archiver: MakeArchiver) -> None:
    with pytest.raises(InvalidRequestError):
        make_archiver().archive(ArchiveRecord("../a.ipynb", "{}", 0.0))


def test_author_is_the_hub_user_or_the_user_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "bob")
    assert author() == "bob"
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    assert author() == "ann"
