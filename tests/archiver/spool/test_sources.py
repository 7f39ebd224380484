"""Sources: the bytes on disk if there are any, else the content of the model."""

import errno
import hashlib
import io
import os
import threading
from pathlib import Path
from typing import Any

import nbformat
import pytest

from bookstore_archiver.hooks.manager_content import source_of
from bookstore_archiver.spool import sources
from bookstore_archiver.spool.sources import (
    CHUNK,
    LARGE,
    BytesSource,
    Digest,
    FileSource,
    ModelSource,
)
from bookstore_core.errors import NotFoundError, SpoolError
from harness.notebook_server import notebook


class FileManager:
    """Keeps its files below a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _get_os_path(self, path: str) -> str:
        return str(self.root / path)


def copied(source: Any) -> bytes:
    target = io.BytesIO()
    digest = source.copy_to(target)
    data = target.getvalue()
    assert digest == Digest(len(data), hashlib.sha256(data).hexdigest())
    return data


def test_file_is_copied_byte_by_byte(tmp_path: Path) -> None:
    data = os.urandom(2 * CHUNK + 17)
    (tmp_path / "a.ipynb").write_bytes(data)
    assert copied(FileSource(str(tmp_path / "a.ipynb"))) == data


def test_file_on_disk_is_preferred_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"on disk")
    model = {"type": "notebook", "content": notebook("1")}
    assert copied(source_of(FileManager(tmp_path), model, "a.ipynb")) == b"on disk"


def test_model_replaces_a_file_that_is_gone(tmp_path: Path) -> None:
    source = FileSource(str(tmp_path / "gone.ipynb"), BytesSource(b"saved"))
    assert copied(source) == b"saved"


def test_file_that_is_gone_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="gone"):
        copied(FileSource(str(tmp_path / "gone.ipynb")))


def test_model_is_written_as_nbformat_writes_it() -> None:
    content = notebook("a = 1\nb = 'ä'")
    expected = nbformat.writes(nbformat.from_dict(content)) + "\n"
    model = {"type": "notebook", "content": content}
    assert copied(source_of(object(), model, "a.ipynb")) == expected.encode()


def test_model_with_lone_surrogates_does_not_stop_the_copy_of_the_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"fine")
    model = {"type": "notebook", "content": notebook("\ud800")}
    assert copied(source_of(FileManager(tmp_path), model, "a.ipynb")) == b"fine"


@pytest.mark.parametrize(
    ("form", "content"), [("text", "ä"), ("base64", "w6Q="), (None, "ä")]
)
def test_uploads_to_managers_without_files_are_decoded(form: Any, content: str) -> None:
    model = {"type": "file", "format": form, "content": content}
    assert copied(source_of(object(), model, "a.ipynb")) == "ä".encode()


def test_last_chunk_alone_is_not_a_notebook() -> None:
    model = {"type": "file", "format": "text", "content": "}", "chunk": -1}
    with pytest.raises(SpoolError, match=r"a\.ipynb"):
        source_of(object(), model, "a.ipynb")


def test_model_is_used_if_the_manager_cannot_locate_the_file() -> None:
    class Lost:
        def _get_os_path(self, path: str) -> str:
            raise ValueError(path)

    model = {"type": "notebook", "content": notebook("1")}
    assert isinstance(source_of(Lost(), model, "a.ipynb"), ModelSource)


class Restless(io.BytesIO):
    """A target during whose first writes the notebook is saved again."""

    def __init__(self, path: Path, times: int) -> None:
        super().__init__()
        self.path, self.times = path, times

    def write(self, data: Any) -> int:
        if self.times and not self.tell():
            self.times -= 1
            self.path.write_bytes(b"n" * (self.times + 1))
        return super().write(data)


def test_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"older")
    target = Restless(path, times=2)
    FileSource(str(path)).copy_to(target)
    assert target.getvalue() == b"n"


def test_model_replaces_a_file_that_keeps_changing(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"older")
    target = Restless(path, times=3)
    FileSource(str(path), BytesSource(b"saved")).copy_to(target)
    assert target.getvalue() == b"saved"


@pytest.mark.parametrize("by_kernel", [True, False])
def test_a_hurried_copy_of_a_large_file_has_the_same_bytes(
    tmp_path: Path, by_kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_kernel:  # as on a file system that does not support it
        monkeypatch.setattr("bookstore_archiver.spool.sources._copy_range", refuse)
    data, path = os.urandom(LARGE + 7), tmp_path / "a.ipynb"
    path.write_bytes(data)
    with (tmp_path / "copy").open("wb") as target:
        digest = FileSource(str(path), hurried=True).copy_to(target)
        target.write(b"end")
    assert (tmp_path / "copy").read_bytes() == data + b"end"
    assert digest.size == len(data)
    assert (digest.sha256 == "") is by_kernel


def refuse(source: int, target: int, size: int) -> int:
    os.write(target, b"half")
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def test_a_full_disk_stops_a_copy_by_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: int, target: int, size: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bookstore_archiver.spool.sources._copy_range", full)
    path = tmp_path / "a.ipynb"
    path.write_bytes(bytes(LARGE + 1))
    with (tmp_path / "copy").open("wb") as target, pytest.raises(OSError, match="No s"):
        FileSource(str(path), BytesSource(b""), hurried=True).copy_to(target)


def test_a_file_that_is_being_written_is_read_when_it_has_content(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.ipynb"
    path.touch()
    writer = threading.Timer(0.1, path.write_bytes, [b"content"])
    writer.start()
    assert copied(FileSource(str(path), patient=True)) == b"content"
    writer.join()


@pytest.mark.parametrize(("patience", "changed_at"), [(0.05, None), (600.0, 1.0)])
def test_a_file_that_stays_empty_is_read_as_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    patience: float,
    changed_at: float | None,
) -> None:
    monkeypatch.setattr(sources, "PATIENCE", patience)
    path = tmp_path / "a.ipynb"
    path.touch()
    if changed_at is not None:
        os.utime(path, (changed_at, changed_at))
    assert copied(FileSource(str(path), patient=True)) == b""
