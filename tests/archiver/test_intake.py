"""Intake: saves are in the spool on return, and its errors never reach a save."""

import hashlib
import logging
from pathlib import Path

import pytest

from archiver.conftest import MakeArchiver
from archiver.saving import Files, contents, text
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.spool.sources import LARGE
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.errors import InvalidRequestError
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.spool.report import report_spool
from harness.memory_store import MemoryStore
from harness.notebook_server import notebook
from harness.waiting import wait_for

MODEL = {"type": "notebook", "content": notebook("1")}


#: Too long for a key, with the prefix.
DEEP = f"{'/'.join(['x' * 200] * 5)}/{'y' * 9}.ipynb"


def save_deep(files: Files) -> Path:
    """Save a notebook whose path is too long for a key; return its file."""
    file = files.root / DEEP
    file.parent.mkdir(parents=True, exist_ok=True)
    files.save(MODEL, DEEP)
    return file


def test_notebook_whose_path_makes_no_key_is_a_problem_of_the_spool(
    make_archiver: MakeArchiver, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    for _ in range(2):
        save_deep(files)
    (record,) = caplog.records
    assert (record.levelname, DEEP in record.getMessage()) == ("ERROR", True)
    report = report_spool(archiver.settings)
    assert report.unprotected == (DEEP,)
    (problem,) = report.problems
    assert problem.startswith(f"Saves of {DEEP} are not archived. The key is 1030")
    assert "Use shorter names." in problem


def test_notebook_with_a_path_that_is_too_long_is_archived_when_it_was_moved(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    archiver.start()
    file = save_deep(files)
    file.rename(files.root / "moved.ipynb")
    wait_for(lambda: not archiver.intake.unprotected, what="the end of the problem")
    files.save(MODEL, "moved.ipynb")
    wait_for(lambda: contents(store, "moved.ipynb"), what="the version")


def test_next_process_archives_it_if_its_prefix_is_shorter(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore
) -> None:
    first = make_archiver()
    attach(files, first.intake)
    save_deep(files)
    first.close()
    assert report_spool(first.settings).unprotected == (DEEP,)
    second = make_archiver(root=files.root)
    second.start()
    wait_for(lambda: second.intake.unprotected == (DEEP,), what="the list")
    second.close()
    assert report_spool(first.settings).unprotected == (DEEP,)
    third = make_archiver(workspace_prefix="w", root=files.root)
    third.start()
    wait_for(lambda: store.contents[f"w/{DEEP}"], what="the version")
    wait_for(lambda: not third.intake.unprotected, what="the end of the problem")


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


def test_the_sha256_of_a_large_save_is_made_when_it_is_sent(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    lock = DrainLock(spool_dir)
    assert lock.hold()  # nothing is sent yet
    content = "x" * (LARGE + 1)
    files.save(text(content), "a.ipynb")
    (waiting,) = waiting_saves(str(spool_dir))
    assert (waiting.size, waiting.metadata.sha256) == (len(content), "")
    (hashed,) = waiting_saves(str(spool_dir), hashed=True)
    lock.release()
    wait_for(lambda: contents(store) == [content], what="the version")
    (version,) = store.versions["workspace/a.ipynb"]
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert version.metadata
    assert version.metadata.sha256 == hashed.metadata.sha256 == digest
    known = archiver.known_versions
    wait_for(lambda: known.newest_save("a.ipynb").sha256 == digest, what="its sha256")
