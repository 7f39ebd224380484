"""Which contents managers save a stream, and what they write."""

import asyncio
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from jupyter_core.utils import ensure_async
from jupyter_server.services.contents.filemanager import (
    AsyncFileContentsManager,
    FileContentsManager,
)
from jupyter_server.services.contents.largefilemanager import (
    AsyncLargeFileManager,
    LargeFileManager,
)
from jupyter_server.services.contents.manager import ContentsManager

from bookstore_core.jupyter.streamed_saves import saves_streams, streamed_model

OWN = [
    *(FileContentsManager, AsyncFileContentsManager),
    *(LargeFileManager, AsyncLargeFileManager),
]


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("data", [b"", b"\xff not a text"])
def test_jupyters_managers_write_a_stream_byte_for_byte(
    tmp_path: Path, kind: type[Any], data: bytes
) -> None:
    (tmp_path / "draft").write_bytes(data)
    manager = kind(root_dir=str(tmp_path))
    assert saves_streams(manager)

    async def save(draft: BinaryIO) -> Any:
        return await ensure_async(manager.save(streamed_model(draft), "a.ipynb"))

    with open(tmp_path / "draft", "rb") as draft:
        saved = asyncio.run(save(draft))
    assert saved["path"] == "a.ipynb"
    assert (tmp_path / "a.ipynb").read_bytes() == data


class Pairing(FileContentsManager):  # type: ignore[misc]
    """Writes other files too, as jupytext does."""

    def save(self, model: Any, path: str = "") -> Any:
        return super().save(model, path)


class Elsewhere(FileContentsManager):  # type: ignore[misc]
    """Writes its files in its own way."""

    def _save_file(self, os_path: str, content: str, format: str) -> None:
        Path(os_path).write_text(content)


@pytest.mark.parametrize("kind", [ContentsManager, Pairing, Elsewhere])
def test_other_managers_are_not_asked_to(tmp_path: Path, kind: type[Any]) -> None:
    assert not saves_streams(kind(root_dir=str(tmp_path)))
    assert not saves_streams(None)


def test_a_manager_with_a_hook_before_saves_is_not_asked_to(tmp_path: Path) -> None:
    def hook(**_: Any) -> None:
        """Change the model."""

    manager = FileContentsManager(root_dir=str(tmp_path))
    manager.pre_save_hook = hook
    assert not saves_streams(manager)
    manager = FileContentsManager(root_dir=str(tmp_path))
    manager.register_pre_save_hook(hook)
    assert not saves_streams(manager)
    manager = FileContentsManager(root_dir=str(tmp_path))
    manager.save = lambda *_: None  # as another extension may wrap it
    assert not saves_streams(manager)
