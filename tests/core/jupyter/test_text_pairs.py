"""Which notebooks jupytext may keep in step with a text."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_core.jupyter.text_pairs import may_be_paired

PLAIN = b'{"metadata": {}}'


def manager(**traits: Any) -> Any:
    return SimpleNamespace(**{"paired_notebooks": {}, "formats": ""} | traits)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a configuration of jupytext in it, or at home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def ask(folder: Path, contents: Any, data: bytes, path: str = "a.ipynb") -> bool:
    return may_be_paired(contents, path, str(folder / path), io.BytesIO(data))


def test_a_plain_notebook_is_not_paired(folder: Path) -> None:
    assert not ask(folder, manager(), PLAIN)
    assert not ask(folder, SimpleNamespace(), b"jupytext")
    assert not ask(folder, manager(), b"jupytext", "a.py")


@pytest.mark.parametrize("name", [b"jupytext", b"\\u006aupytext", b"jupyte\\u0078t"])
def test_a_notebook_that_names_its_pair_may_be_paired(
    folder: Path, name: bytes
) -> None:
    assert ask(folder, manager(), b'{"metadata": {"%b": {}}}' % name)


def test_a_notebook_may_be_paired_by_what_jupytext_knows(folder: Path) -> None:
    assert ask(folder, manager(formats="ipynb,py"), PLAIN)
    assert ask(folder, manager(default_jupytext_formats="ipynb,py"), PLAIN)
    assert ask(folder, manager(paired_notebooks={"a.ipynb": ()}), PLAIN)
    (folder / "jupytext.toml").touch()
    assert ask(folder, manager(), PLAIN)
