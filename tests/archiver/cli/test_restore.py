"""`jupyter bookstore restore`, run in the test's own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

from archiver.conftest import MakeArchiver
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.stores import Version
from bookstore_core.stores.local.store import LocalStore
from harness.command import Run
from harness.notebook_server import notebook

PATH = "a.ipynb"


@pytest.fixture
def settings(tmp_path: Path, spool_dir: Path) -> BookstoreSettings:
    return BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), spool_dir=str(spool_dir)
    )


@pytest.fixture
def words(settings: BookstoreSettings, tmp_path: Path) -> tuple[str, ...]:
    """Words that choose the store, the spool and the root of the test."""
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={settings.local_root}",
        f"--BookstoreSettings.spool_dir={settings.spool_dir}",
        f"--root-dir={tmp_path}",
    )


@pytest.fixture
def two_versions(settings: BookstoreSettings, make_archiver: MakeArchiver) -> None:
    """Store the contents '1' and then '2' of the notebook."""
    archiver = make_archiver(store=lambda: LocalStore(settings))
    for content in "12":
        archiver.intake.archive(ArchiveRecord(PATH, content, 0.0))
    assert archiver.drain()


def versions(settings: BookstoreSettings, path: str = PATH) -> list[Version]:
    """Return the versions of a notebook, oldest first, with their metadata."""
    store, key = LocalStore(settings), f"workspace/{path}"
    found = store.list_versions(key).versions[::-1]
    return [store.head(key, version.version_id) for version in found]


def contents(settings: BookstoreSettings, path: str = PATH) -> list[str]:
    store, found = LocalStore(settings), []
    for version in versions(settings, path):
        with store.open(version.key, version.version_id) as opened:
            found.append(opened.read(1000).decode())
    return found


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
    first, *_, newest = versions(settings)
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


def test_a_version_over_the_limit_is_restored(
    run: Run, words: tuple[str, ...], pair: Path, make_plain: None
) -> None:
    limit = "--BookstoreSettings.max_notebook_size=10"
    done = run("restore", *words, limit, PATH, "@0")
    assert done.code == 0, done.err
    assert pair.with_name(PATH).read_text() == json.dumps(notebook("x = plain"))
    assert run("restore", *words, limit, PATH, "@0", "--to=copy.ipynb").code == 0


def paired(source: str) -> str:
    """Return a notebook that jupytext pairs with a Python file."""
    content = notebook(source, jupytext={"formats": "ipynb,py:percent"})
    content["cells"][0]["source"] = source.splitlines(keepends=True)
    return json.dumps(content)


@pytest.fixture
def pair(
    settings: BookstoreSettings, make_archiver: MakeArchiver, tmp_path: Path
) -> Path:
    """Store two versions of a paired notebook; return its text, which is in step."""
    archiver = make_archiver(store=lambda: LocalStore(settings))
    for source in ("x = 1", "x = 2"):
        archiver.intake.archive(ArchiveRecord(PATH, paired(source), 0.0))
    assert archiver.drain()
    (tmp_path / PATH).write_text(paired("x = 2"))
    text = tmp_path / "a.py"
    text.write_text(jupytext.writes(jupytext.reads(paired("x = 2"), "ipynb"), "py"))
    return text


@pytest.fixture
def make_plain(settings: BookstoreSettings, make_archiver: MakeArchiver) -> None:
    """Store a version that does not name a text file."""
    archiver = make_archiver(store=lambda: LocalStore(settings))
    content = json.dumps(notebook("x = plain"))
    archiver.intake.archive(ArchiveRecord(PATH, content, 0.0))
    assert archiver.drain()


def test_the_text_of_a_pair_is_restored_too(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, pair: Path
) -> None:
    done = run("restore", *words, PATH, "@1")
    assert done.code == 0, done.err
    assert "x = 1" in pair.read_text()
    assert pair.stat().st_mtime >= pair.with_name(PATH).stat().st_mtime
    assert contents(settings) == [paired("x = 1"), paired("x = 2"), paired("x = 1")]


def test_edits_of_the_text_are_kept_as_a_version(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, pair: Path
) -> None:
    pair.write_text(pair.read_text().replace("x = 2", "edited = 3"))
    assert run("restore", *words, PATH, "@1").code == 0
    *_, kept, restored = contents(settings)
    assert json.loads(kept)["cells"][0]["source"] == ["edited = 3"]
    assert restored == paired("x = 1")
    pair.with_name(PATH).unlink()
    pair.write_text(pair.read_text().replace("x = 1", "edited = 4"))
    assert run("restore", *words, PATH, "@0").code == 0
    assert "edited = 4" in contents(settings)[-2]


def test_a_pair_is_not_restored_without_jupytext(
    run: Run, words: tuple[str, ...], pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupytext", None)
    done = run("restore", *words, PATH, "@1")
    assert done.code == 6
    assert "Restore it on its history page" in done.err
    assert pair.with_name(PATH).read_text() == paired("x = 2")


def test_a_pair_by_configuration_is_restored(
    run: Run, words: tuple[str, ...], pair: Path, make_plain: None, tmp_path: Path
) -> None:
    (tmp_path / "jupytext.toml").write_text('formats = "ipynb,md"')
    assert run("restore", *words, PATH, "@0").code == 0
    assert "x = plain" in (tmp_path / "a.md").read_text()


def test_a_configuration_that_is_code_does_not_run(
    run: Run, words: tuple[str, ...], pair: Path, tmp_path: Path
) -> None:
    (tmp_path / ".jupytext.py").write_text(f"open('{tmp_path}/ran', 'w')")
    assert run("restore", *words, PATH, "@1").code == 0
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["formats = 7", "nonsense =", "unknown = 1"])
def test_jupytext_that_cannot_be_used_is_an_error_and_nothing_is_restored(
    run: Run, words: tuple[str, ...], pair: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "jupytext.toml").write_text(text)
    done = run("restore", *words, PATH, "@1")
    assert done.code == 6
    assert "jupytext cannot handle" in done.err
    assert pair.with_name(PATH).read_text() == paired("x = 2")


def test_a_copy_does_not_become_the_pair_of_another_text(
    run: Run, words: tuple[str, ...], pair: Path, tmp_path: Path
) -> None:
    (tmp_path / "copy.py").write_text("# somebody's own")
    done = run("restore", *words, PATH, "@1", "--to=copy.ipynb")
    assert done.code == 6
    assert "copy.py already exists" in done.err
    assert not (tmp_path / "copy.ipynb").exists()
    assert run("restore", *words, PATH, "@1", "--to=other.ipynb").code == 0


def test_jupytext_is_not_imported_where_nothing_configures_it(tmp_path: Path) -> None:
    program = (
        "import sys; from bookstore_archiver.cli.paired_text import may_be_configured;"
        "print(may_be_configured('a.ipynb'), 'jupytext' in sys.modules)"
    )
    found = []
    for name in ("requirements.txt", "jupytext.toml"):
        (tmp_path / name).write_text('formats = "ipynb,md"')
        found.append(
            subprocess.run(
                [sys.executable, "-c", program],
                cwd=tmp_path,
                env={"HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
        )
    assert found == ["False False", "True True"]
