"""`jupyter bookstore restore`, run in the test's own process."""

import json
import os
from pathlib import Path

import pytest

from archiver.cli.stored import contents, versions
from archiver.conftest import MakeArchiver
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.stores.local.store import LocalStore
from harness.command import Run

PATH = "a.ipynb"


@pytest.fixture
def words(words: tuple[str, ...], tmp_path: Path) -> tuple[str, ...]:
    """Words that choose the root of the test, too."""
    return (*words, f"--root-dir={tmp_path}")


@pytest.fixture
def two_versions(settings: BookstoreSettings, make_archiver: MakeArchiver) -> None:
    """Store the contents '1' and then '2' of the notebook."""
    archiver = make_archiver(store=lambda: LocalStore(settings))
    for content in "12":
        archiver.intake.archive(ArchiveRecord(PATH, content, 0.0))
    assert archiver.drain()


@pytest.mark.usefixtures("two_versions")
def test_restore_keeps_the_present_content_and_makes_a_version(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, tmp_path: Path
) -> None:
    file = tmp_path / PATH
    file.write_text("never archived")
    file.chmod(0o640)
    done = run("restore", *words, "--json", PATH, "@1")
    assert done.code == 0, done.err
    value = json.loads(done.out)
    assert (value["restored"], value["kept_present"]) == (True, True)
    assert value["sent_by"] == "this command"
    assert file.read_text() == "1"
    assert file.stat().st_mode & 0o777 == 0o640
    assert contents(settings) == ["1", "2", "never archived", "1"]
    first, *_, newest = versions(settings, PATH)
    assert newest.metadata
    assert newest.metadata.restored_from == first.version_id
    assert not [name for name in os.listdir(tmp_path) if name.startswith(f".{PATH}")]


@pytest.mark.usefixtures("two_versions")
def test_deleted_notebook_is_restored(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, tmp_path: Path
) -> None:
    done = run("restore", *words, PATH)
    assert done.code == 0, done.err
    assert "It is in the store." in done.out
    assert (tmp_path / PATH).read_text() == "2"
    assert contents(settings) == ["1", "2", "2"]


@pytest.mark.usefixtures("two_versions")
def test_file_that_already_has_the_content_is_not_changed(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, tmp_path: Path
) -> None:
    (tmp_path / PATH).write_text("2")
    done = run("restore", *words, PATH, "@0")
    assert done.code == 0
    assert "Nothing was changed" in done.out
    assert contents(settings) == ["1", "2"]


@pytest.mark.parametrize("letter", ["漢", "x"])
def test_a_notebook_with_a_very_long_name_is_restored(
    run: Run,
    words: tuple[str, ...],
    make_archiver: MakeArchiver,
    settings: BookstoreSettings,
    tmp_path: Path,
    letter: str,
) -> None:
    name = letter * (249 // len(letter.encode())) + ".ipynb"
    archiver = make_archiver(store=lambda: LocalStore(settings))
    archiver.intake.archive(ArchiveRecord(name, "old", 0.0))
    assert archiver.drain()
    (tmp_path / name).write_text("new")
    outcome = run("restore", name, *words)
    assert outcome.code == 0, outcome.err
    assert (tmp_path / name).read_text() == "old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.usefixtures("two_versions")
def test_a_restored_file_belongs_to_its_owner(
    run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / PATH).write_text("new")
    os.chown(tmp_path / PATH, 1234, 2345)
    assert run("restore", PATH, *words).code == 0
    found = (tmp_path / PATH).stat()
    assert (found.st_uid, found.st_gid) == (1234, 2345)


@pytest.mark.usefixtures("two_versions")
def test_copy_is_a_new_file_with_a_version_of_its_own(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, tmp_path: Path
) -> None:
    (tmp_path / PATH).write_text("present")
    done = run("restore", *words, PATH, "@1", "--to=copy.ipynb")
    assert done.code == 0, done.err
    assert (tmp_path / "copy.ipynb").read_text() == "1"
    assert (tmp_path / PATH).read_text() == "present"
    (version,) = versions(settings, "copy.ipynb")
    assert version.metadata
    assert version.metadata.restored_path == PATH


@pytest.mark.usefixtures("two_versions", "gone")
@pytest.mark.parametrize("words_after", [(PATH,), (PATH, "@1", "--to=copy.ipynb")])
def test_nothing_is_restored_into_a_deleted_directory(
    run: Run, words: tuple[str, ...], words_after: tuple[str, ...]
) -> None:
    outcome = run("restore", *words_after, *words)
    assert (outcome.code, outcome.out) == (4, "")
    assert "The current directory was deleted." in outcome.err


@pytest.mark.usefixtures("two_versions")
def test_copy_never_overwrites_a_file(
    run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "copy.ipynb").write_text("mine")
    done = run("restore", *words, PATH, "@1", "--to=copy.ipynb")
    assert done.code == 6
    assert "already exists" in done.err
    assert (tmp_path / "copy.ipynb").read_text() == "mine"
    missing = run("restore", *words, PATH, "@1", "--to=nowhere/copy.ipynb")
    assert missing.code == 4


@pytest.mark.usefixtures("two_versions")
def test_nothing_is_restored_if_nothing_can_be_kept(
    run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / PATH).write_text("present")
    (tmp_path / "blocked").write_text("A file, where the spool should be.")
    blocked = [word.replace("/spool", "/blocked") for word in words]
    done = run("restore", *blocked, PATH, "@1")
    assert done.code == 7
    assert (tmp_path / PATH).read_text() == "present"


@pytest.mark.usefixtures("two_versions")
def test_file_that_cannot_be_kept_is_not_overwritten(
    run: Run, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / PATH).write_text("present")
    for folder in ("tmp", "new"):
        # Like a full disk, also if root runs the tests.
        (tmp_path / "spool" / folder).rename(tmp_path / "spool" / f"{folder}.away")
        (tmp_path / "spool" / folder).write_text("")
    done = run("restore", *words, PATH, "@1")
    assert done.code != 0
    assert "Nothing was restored" in done.err
    assert (tmp_path / PATH).read_text() == "present"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(f".{PATH}")]


@pytest.mark.usefixtures("two_versions")
def test_running_server_uploads_the_restore(
    run: Run,
    words: tuple[str, ...],
    settings: BookstoreSettings,
    tmp_path: Path,
) -> None:
    (tmp_path / PATH).write_text("present")
    spool = Spool(settings.spool_dir)
    spool.make()
    lock = DrainLock(spool.root)
    assert lock.hold()
    try:
        done = run("restore", *words, PATH, "@1")
    finally:
        lock.release()
    assert done.code == 0, done.err
    assert "The running server uploads it." in done.out
    waiting = list(waiting_saves(settings.spool_dir))
    assert [save.only_if_changed for save in waiting] == [True, False]
    assert count_spool(settings.spool_dir).waiting == 2


@pytest.mark.usefixtures("two_versions")
@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("other.ipynb",), 4),
        ((PATH, "@7"), 4),
        ((PATH, "@1", "--at=yesterday"), 2),
        (("/elsewhere/a.ipynb",), 2),
        ((), 2),
    ],
)
def test_invalid_arguments_are_refused(
    more: tuple[str, ...], code: int, run: Run, words: tuple[str, ...]
) -> None:
    done = run("restore", *words, *more)
    assert done.code == code
    assert done.err.startswith("jupyter bookstore")


@pytest.mark.usefixtures("two_versions")
def test_without_a_known_root_nothing_is_overwritten(
    run: Run,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "reports").mkdir()
    file = tmp_path / "reports" / PATH
    file.write_text("another notebook")
    monkeypatch.chdir(tmp_path / "reports")
    words = tuple(word for word in words if not word.startswith("--root-dir"))
    done = run("restore", *words, PATH)
    assert done.code == 2
    assert "--root-dir" in done.err
    assert file.read_text() == "another notebook"
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path))
    assert run("restore", *words, PATH).code == 4
    assert file.read_text() == "another notebook"


def test_restored_notebook_claims_no_trust_whether_it_is_valid_or_not(
    run: Run,
    words: tuple[str, ...],
    settings: BookstoreSettings,
    make_archiver: MakeArchiver,
    tmp_path: Path,
) -> None:
    cell = {"cell_type": "code", "metadata": {"trusted": True}}
    content = json.dumps({"nbformat": 4, "cells": [cell, 7]})
    archiver = make_archiver(store=lambda: LocalStore(settings))
    archiver.intake.archive(ArchiveRecord(PATH, content, 0.0))
    assert archiver.drain()
    assert run("restore", *words, PATH).code == 0
    restored = json.loads((tmp_path / PATH).read_text())
    assert restored["cells"] == [{"cell_type": "code", "metadata": {}}, 7]
