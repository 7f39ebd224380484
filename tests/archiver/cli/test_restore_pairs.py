"""`jupyter bookstore restore` of notebooks that jupytext pairs with a text."""

import json
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

from archiver.cli.stored import contents
from archiver.conftest import MakeArchiver
from bookstore_archiver.records import ArchiveRecord
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.local.store import LocalStore
from harness.command import Run
from harness.notebook_server import notebook

PATH = "a.ipynb"


@pytest.fixture
def words(words: tuple[str, ...], tmp_path: Path) -> tuple[str, ...]:
    """Words that choose the root of the test, too."""
    return (*words, f"--root-dir={tmp_path}")


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
