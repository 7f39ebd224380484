"""Stats: the status file, and failures that are logged once."""

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.conftest import QUICK, MakeArchiver
from archiver.saving import DOWN, REFUSED, archive, contents, denied, is_empty, texts
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_core.errors import ForbiddenError
from bookstore_core.spool.drain_status import read_status
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for


def test_refusal_is_logged_once_and_tried_again_after_a_long_time(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.before = [fail_with(REFUSED)] * 3
    archiver = make_archiver(timing=replace(QUICK, refused=0.01))
    with caplog.at_level(logging.INFO):
        archive(archiver, *texts(2))
        wait_for(is_empty(spool_dir), what="an empty spool")
        wait_for(lambda: "again" in caplog.messages[-1], what="the success")
    assert contents(store) == texts(2)
    assert ["Access is denied" in text for text in caplog.messages] == [True, False]


def test_each_cause_is_logged_once_for_all_keys(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    causes = ("AccessDenied", "AccountProblem", "AccessDenied")
    store.before = [fail_with(denied(cause)) for cause in causes]
    archiver = make_archiver(max_threads=1)
    for number in range(3):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(lambda: archiver.status.retries == 3, what="the failures")
    assert [causes[n] in caplog.messages[n] for n in range(2)] == [True, True]
    assert len(caplog.messages) == 2


def test_status_is_written_for_others_to_read(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archive(make_archiver(), "1")
    archive(make_archiver(), "2", path="b.ipynb")
    wait_for(lambda: read_status(str(spool_dir)).uploads, what="the count")
    status = read_status(str(spool_dir))
    assert status.last_error == "Access is denied."
    assert status.last_success


def test_long_failure_is_logged_once_and_a_short_one_is_not(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.before = [fail_with(DOWN)] * 20
    first = make_archiver(timing=replace(QUICK, quiet=0.02))
    archive(first, "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    first.close()
    store.before = [fail_with(DOWN)] * 2
    archive(make_archiver(), "2")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert len(caplog.records) == 1


def test_failure_is_logged_in_time_even_if_its_next_attempt_is_late(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.before = [fail_with(DOWN)] * 2
    timing = replace(QUICK, quiet=0.1, first_pause=3600.0, longest_pause=3600.0)
    archiver = make_archiver(timing=timing)
    archive(archiver, "1")
    wait_for(lambda: caplog.records, what="the warning")
    assert archiver.status.retries == 1


@pytest.mark.parametrize("wide", [False, True])
def test_store_down_from_the_start_is_logged_once_for_all_keys_and_saves(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
    wide: bool,
) -> None:
    up = threading.Event()

    def open_store() -> MemoryStore:
        if wide and not up.is_set():
            raise DOWN
        return store

    store.before = [] if wide else [fail_with(DOWN)] * 100_000
    timing = replace(QUICK, quiet=0.02)
    archiver = make_archiver(store=open_store, timing=timing, max_threads=4)
    with caplog.at_level(logging.INFO):
        for number in range(3):
            for path in ("a.ipynb", "b.ipynb", "c.ipynb"):
                archive(archiver, number, path=path)
        wait_for(lambda: caplog.records, what="the warning")
        retries = archiver.status.retries
        wait_for(lambda: archiver.status.retries > retries + 20, what="more failures")
        assert "The store does not answer." in caplog.messages[0]
        assert [r.levelname for r in caplog.records] == ["WARNING"]
        up.set()
        store.before = []
        wait_for(is_empty(spool_dir), what="an empty spool")
        wait_for(lambda: "again" in caplog.messages[-1], what="the success")
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
    assert not archiver.status.refused


def test_refusal_is_in_the_status_until_it_is_resolved(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver(timing=replace(QUICK, refused=0.2))
    archive(archiver, "1")
    wait_for(lambda: read_status(str(spool_dir)).refused, what="the refusal")
    assert isinstance(archiver.failure, ForbiddenError)
    wait_for(is_empty(spool_dir), what="an empty spool")
    wait_for(lambda: not read_status(str(spool_dir)).refused, what="the success")
    assert archiver.failure is None


def test_process_that_only_adds_leaves_the_status_to_the_one_that_drains(
    make_archiver: MakeArchiver, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    archiver = make_archiver()
    archive(archiver, "1")
    wait_for(lambda: archiver.drained_elsewhere, what="a look at the lock")
    archiver.close()
    other.release()
    assert not (spool_dir / "status.json").exists()
