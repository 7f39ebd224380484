"""What the verbs say in a directory that was deleted meanwhile."""

from pathlib import Path

import pytest

from bookstore_core.stores import Version
from core.cli.conftest import Call


@pytest.mark.parametrize(
    "verb",
    [
        ("versions", "new.ipynb"),
        ("versions", "new.ipynb", "--root-dir=."),
        ("show", "new.ipynb"),
        ("show", "../new.ipynb"),
        ("label", "new.ipynb", "@0", "as sent"),
        ("diff", "new.ipynb"),
        ("prune", "new.ipynb", "--keep-last=1"),
        ("copy", "--to=there"),
        ("link", "new.ipynb"),
        ("publish", "new.ipynb"),
        ("clone", "workspace/new.ipynb"),
    ],
)
def test_a_name_in_a_deleted_directory_is_not_found(
    call: Call, saved: list[Version], gone: Path, verb: tuple[str, ...]
) -> None:
    done = call(*verb)
    assert (done.code, done.out) == (4, "")
    assert "The current directory was deleted. Change into another one" in done.err


def test_whole_names_are_found_from_a_deleted_directory(
    call: Call, saved: list[Version], gone: Path, tmp_path: Path
) -> None:
    notebook = str(tmp_path / "new.ipynb")
    assert call("versions", notebook).code == 0
    assert call("show", notebook, "-o", str(tmp_path / "copy.ipynb")).code == 0
    assert (tmp_path / "copy.ipynb").exists()


def test_a_copy_is_not_written_into_a_deleted_directory(
    call: Call, saved: list[Version], gone: Path, tmp_path: Path
) -> None:
    done = call("show", str(tmp_path / "new.ipynb"), "-o", "copy.ipynb")
    assert done.code == 4
    assert "The current directory was deleted." in done.err


@pytest.mark.parametrize(
    "verb", [("label", "new.ipynb", "@0", "x"), ("publish", "new.ipynb")]
)
def test_a_verb_that_writes_says_first_that_its_directory_is_gone(
    call: Call, gone: Path, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTER_SERVER_ROOT")
    done = call(*verb)
    assert done.code == 4
    assert "The current directory was deleted." in done.err


def test_an_unknown_root_is_noted_in_a_deleted_directory(
    call: Call, gone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUPYTER_SERVER_ROOT")
    done = call("versions", str(tmp_path / "new.ipynb"))
    assert done.code == 4
    assert "Name the notebook server's root directory with --root-dir." in done.err
