"""A spool is for one account: its modes, its owner, and what is believed of notes."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.saving import DOWN, Files, archive, contents, is_empty, text
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.renames.notes import RenameNotes
from bookstore_archiver.roots import Roots
from bookstore_archiver.spool.sources import BytesSource, FileSource
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.spool.unprotected_file import UnprotectedFile
from bookstore_core.errors import NotFoundError, SpoolError
from bookstore_core.spool.directory import (
    CUR,
    FAILED,
    LOCK,
    NEW,
    check_spool_dir,
    waiting_saves,
)
from bookstore_core.spool.renamed_folders import FolderRename
from bookstore_core.spool.report import report_spool
from bookstore_core.spool.unprotected import UnprotectedNotebook, read_unprotected
from bookstore_core.stores import utc_now
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for

ANOTHER = 4711
only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may give files away"
)


@pytest.fixture
def lax() -> Iterator[None]:
    """A umask that takes no right from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes_below(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in folder.rglob("*")}


def test_all_that_an_archiver_makes_is_private(
    lax: None, make_archiver: MakeArchiver, store: MemoryStore, files: Files
) -> None:
    top = files.root.parent / "made"
    spool_dir = top / "by" / "us"
    archiver = make_archiver(spool_dir=str(spool_dir))
    attach(files, archiver.intake)
    (files.root / "y").mkdir()
    store.before = [fail_with(DOWN)]
    files.save(text("1"), "a.ipynb")
    archiver.intake.keep_moved(files, "x", "y")
    (spool_dir / NEW / "foreign").write_text("")
    wait_for(lambda: (spool_dir / "status.json").exists(), what="the status")
    wait_for(lambda: list((spool_dir / FAILED).glob("*.reason")), what="the reason")
    wait_for(lambda: list((spool_dir / "unprotected").iterdir()), what="its file")
    (spool_dir / FAILED / "foreign").unlink()
    assert modes_below(top) == {0o700, 0o600}
    assert stat.S_IMODE(top.stat().st_mode) == 0o700


def test_a_spool_that_others_could_use_is_closed_and_the_log_says_so(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for folder in (spool_dir, spool_dir / NEW, spool_dir / "unprotected"):
        folder.mkdir()
        folder.chmod(0o2777)
    archive(make_archiver(), "1")
    wait_for(lambda: contents(store), what="the version")
    assert {stat.S_IMODE(path.stat().st_mode) for path in spool_dir.iterdir()} <= {
        *(0o700, 0o2700, 0o600)
    }
    assert stat.S_IMODE(spool_dir.stat().st_mode) == 0o2700
    logged = [message for message in caplog.messages if "Other accounts" in message]
    assert len(logged) == 3


def foreign_spool(spool_dir: Path) -> None:
    Spool(spool_dir).make()
    os.chown(spool_dir, ANOTHER, ANOTHER)


def foreign_folder(spool_dir: Path) -> None:
    Spool(spool_dir).make()
    os.chown(spool_dir / NEW, ANOTHER, ANOTHER)


def linked_folder(spool_dir: Path) -> None:
    Spool(spool_dir).make()
    (spool_dir / CUR).rename(spool_dir.with_name("elsewhere"))
    (spool_dir / CUR).symlink_to(spool_dir.with_name("elsewhere"))


@only_root
@pytest.mark.parametrize("spoil", [foreign_spool, foreign_folder, linked_folder])
def test_a_spool_of_others_is_refused_and_saves_succeed(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    spool_dir: Path,
    spoil: Callable[[Path], None],
) -> None:
    spoil(spool_dir)
    archiver = make_archiver()
    attach(files, archiver.intake)
    archiver.start()
    files.save(text("1"), "a.ipynb")
    assert archiver.intake.unprotected == ("a.ipynb",)
    report = report_spool(archiver.settings)
    assert (report.ok, report.unprotected) == (False, ("a.ipynb",))
    # In one step, because the archiver is at work.
    spool_dir.rename(spool_dir.with_name("refused"))
    wait_for(lambda: contents(store), what="the version")
    assert contents(store) == ["1"]


@only_root
def test_notes_in_a_spool_of_others_are_not_believed(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    (files.root / "y").mkdir()
    (files.root / "a.ipynb").write_text("1")
    (files.root / "y" / "b.ipynb").write_text("2")
    leave_note(spool_dir, noted(files, "a.ipynb"))
    rename = FolderRename("x", "y", str(files.root / "y"), utc_now())
    note = RenameNotes(str(spool_dir), log=LOG).write(rename)
    assert note
    note.release()
    for path in (spool_dir, *spool_dir.rglob("*")):
        os.chown(path, ANOTHER, ANOTHER)
    (spool_dir / LOCK).symlink_to(files.root / "a.ipynb")
    archiver = make_archiver(root=files.root)
    archiver.intake.tend()
    archiver.start()
    wait_for(lambda: archiver.drained_elsewhere is False, what="a turn")
    archiver.close()
    assert not store.contents
    assert (files.root / "a.ipynb").read_text() == "1"


def test_a_link_in_place_of_the_lock_is_not_followed(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    (files.root / "a.ipynb").write_text("mine")
    spool_dir.mkdir(mode=0o777)
    (spool_dir / LOCK).symlink_to(files.root / "a.ipynb")
    archive(make_archiver(), "1")
    wait_for(lambda: contents(store), what="the version")
    assert (files.root / "a.ipynb").read_text() == "mine"


@only_root
def test_commands_and_status_name_the_owner_as_the_problem(
    make_archiver: MakeArchiver, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign_spool(spool_dir)
    with pytest.raises(SpoolError, match="belongs to another account"):
        check_spool_dir(str(spool_dir))
    monkeypatch.setattr(os, "geteuid", lambda: 815)
    report = report_spool(make_archiver().settings)
    assert not report.readable
    assert "spool_dir" in report.problems[0]


@only_root
def test_saves_that_another_account_made_are_not_sent(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    entry = Spool(spool_dir).add(
        BytesSource(b"forged"),
        key="workspace/a.ipynb",
        author="ann",
        source_path="a.ipynb",
    )
    os.chown(spool_dir / NEW / entry.name, ANOTHER, ANOTHER)
    assert list(waiting_saves(str(spool_dir))) == []
    archive(make_archiver(), "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1"]
    reason = (spool_dir / FAILED / f"{entry.name}.reason").read_text()
    assert "another account" in reason


@pytest.fixture
def secret(files: Files) -> Path:
    """A file that is not below the root, and links to it that are."""
    secret = files.root.parent / "private" / "diary.ipynb"
    secret.parent.mkdir()
    secret.write_text("secret")
    (files.root / "link.ipynb").symlink_to(secret)
    (files.root / "folder").symlink_to(secret.parent)
    (files.root / "id_rsa").write_text("secret")
    (files.root / ".hidden.ipynb").write_text("secret")
    os.mkfifo(files.root / "fifo.ipynb")
    return secret


def leave_note(spool_dir: Path, *notebooks: UnprotectedNotebook) -> None:
    file = UnprotectedFile(str(spool_dir))
    assert file.keep(notebooks)
    file.close()


def noted(files: Files, path: str, os_path: str = "") -> UnprotectedNotebook:
    return UnprotectedNotebook(
        path, "workspace/stolen.ipynb", os_path or str(files.root / path)
    )


def test_notes_are_believed_of_notebooks_below_the_root_alone(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    secret: Path,
    spool_dir: Path,
) -> None:
    forged = (
        noted(files, "a.ipynb", str(secret)),
        noted(files, "../private/diary.ipynb", str(secret)),
        noted(files, "b.ipynb", "\0"),
        noted(files, "c.ipynb", str(files.root / "good.ipynb")),
        *(noted(files, p) for p in ("link.ipynb", "folder/diary.ipynb", "id_rsa")),
        *(noted(files, path) for path in (".hidden.ipynb", "fifo.ipynb")),
    )
    (files.root / "good.ipynb").write_text("good")
    leave_note(spool_dir, *forged, noted(files, "good.ipynb"))
    archiver = make_archiver(root=files.root)
    archiver.start()
    wait_for(lambda: contents(store, "good.ipynb"), what="the good one")
    archiver.drain(10)
    archiver.close()
    assert [*store.contents] == ["workspace/good.ipynb"]
    assert contents(store, "good.ipynb") == ["good"]
    left = {notebook.path for notebook in read_unprotected(str(spool_dir))}
    assert left == {notebook.path for notebook in forged}


def test_notes_wait_until_the_root_is_known(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, spool_dir: Path
) -> None:
    (files.root / "a.ipynb").write_text("1")
    leave_note(spool_dir, noted(files, "a.ipynb"))
    archiver = make_archiver()
    archiver.start()
    assert archiver.drain(1)
    assert not store.contents
    assert read_unprotected(str(spool_dir))
    attached: Archiver = make_archiver()
    attach(files, attached.intake)
    attached.start()
    wait_for(lambda: contents(store), what="the version")


def test_a_link_that_is_put_in_the_way_later_is_not_followed(
    files: Files, secret: Path
) -> None:
    roots = Roots()
    roots.add(str(files.root))
    (files.root / "sub").mkdir()
    (files.root / "sub" / "diary.ipynb").write_text("mine")
    known = roots.believed(noted(files, "sub/diary.ipynb"))
    assert known is not None
    shutil.rmtree(files.root / "sub")
    (files.root / "sub").symlink_to(secret.parent)
    source = FileSource(known.os_path, below=roots.above(known.os_path))
    with (files.root / "copy").open("wb") as copy, pytest.raises(NotFoundError):
        source.copy_to(copy)


def test_a_rename_of_a_folder_elsewhere_is_not_followed(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    files: Files,
    secret: Path,
    spool_dir: Path,
) -> None:
    forged = FolderRename("x", "y", str(secret.parent), utc_now())
    for rename in (forged, replace(forged, new="folder")):
        note = RenameNotes(str(spool_dir), log=LOG).write(rename)
        assert note
        note.release()
    archiver = make_archiver(root=files.root)
    assert archiver.drain(10)
    assert not store.contents
