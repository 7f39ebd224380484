"""What is at the paths of a contents manager with files."""

import os
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.filemanager import (
    AsyncFileContentsManager,
    FileContentsManager,
)

from bookstore_core.jupyter.file_kinds import has_plain_files, kind_at


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.ipynb").write_text("{}")
    (tmp_path / ".hidden.ipynb").write_text("{}")
    (tmp_path / "link").symlink_to("sub")
    (tmp_path / "lost").symlink_to("nothing")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *(("sub/a.ipynb", "file"), ("/sub/a.ipynb", "file"), ("link/a.ipynb", "file")),
        *(("", "directory"), ("sub", "directory"), ("link", "directory")),
        *(("b.ipynb", ""), ("no/b.ipynb", ""), ("sub/a.ipynb/b.ipynb", "")),
        *(("../b", ""), ("\0", ""), (".hidden.ipynb", "hidden")),
        *(("lost", "other"), ("fifo", "other"), ("x" * 300, "unknown")),
    ],
)
def test_each_path_has_the_kind_of_what_is_there(
    root: Path, path: str, kind: str
) -> None:
    assert kind_at(FileContentsManager(root_dir=str(root)), path) == kind


def test_hidden_files_that_the_manager_allows_are_files(root: Path) -> None:
    manager = FileContentsManager(root_dir=str(root), allow_hidden=True)
    assert kind_at(manager, ".hidden.ipynb") == "file"


class Elsewhere(FileContentsManager):
    def file_exists(self, path: str = "") -> bool:
        return True


def test_only_jupyters_own_ways_to_look_for_files_are_trusted() -> None:
    patched: Any = FileContentsManager()
    object.__setattr__(patched, "file_exists", lambda path: True)
    assert has_plain_files(FileContentsManager())
    assert has_plain_files(AsyncFileContentsManager())
    assert not any(map(has_plain_files, (Elsewhere(), patched, object(), None)))
