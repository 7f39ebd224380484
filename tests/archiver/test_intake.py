"""Intake: saves are in the spool on return, and its errors never reach a save."""

import logging
from pathlib import Path

import pytest

from archiver.conftest import MakeArchiver
from archiver.saving import Files, contents, text
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.errors import InvalidRequestError
from bookstore_core.spool.directory import count_spool
from harness.memory_store import MemoryStore
from harness.notebook_server import notebook
from harness.waiting import wait_for

MODEL = {"type": "notebook", "content": notebook("1")}


def test_path_that_makes_no_valid_key_is_logged_once(
    make_archiver: MakeArchiver, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    archiver = make_archiver()
    for _ in range(2):
        archiver.intake.keep(files, MODEL, "x" * 2000)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("path", ["./a.ipynb", "sub/../a.ipynb", "/a.ipynb"])
def test_other_spellings_of_a_path_are_the_same_key(
    make_archiver: MakeArchiver, store: MemoryStore, files: Files, path: str
) -> None:
    archiver = make_archiver()
    (files.root / "sub").mkdir()
    (files.root / "a.ipynb").write_text("1")
    archiver.intake.keep(files, MODEL, path)
    wait_for(lambda: contents(store), what="the version")
    assert contents(store) == ["1"]


def test_no_error_reaches_the_save(
    make_archiver: MakeArchiver, caplog: pytest.LogCaptureFixture
) -> None:
    archiver = make_archiver()
    archiver.intake.keep(object(), {"type": "notebook", "content": object()}, "a.ipynb")
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info


def test_save_is_in_the_spool_when_it_returns(
    make_archiver: MakeArchiver, files: Files, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    other.hold()
    attach(files, make_archiver().intake)
    files.save(text("1"), "a.ipynb")
    assert count_spool(str(spool_dir)).pending == 1
    other.release()


def test_record_with_an_invalid_path_is_refused(make_archiver: MakeArchiver) -> None:
    with pytest.raises(InvalidRequestError):
        make_archiver().intake.archive(ArchiveRecord("../a.ipynb", "{}", 0.0))
