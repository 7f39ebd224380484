"""Uploading: every save once and in order, whatever the store does meanwhile."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.conftest import LOG, QUICK, MakeArchiver
from bookstore_archiver.archiving import Archiver, drain
from bookstore_archiver.holding import DrainLock
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.snapshots import BytesSource
from bookstore_archiver.spooling import Spool
from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    StorageUnavailableError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool import count_spool, read_status
from bookstore_core.stores.local import LocalStore
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for

DOWN = StorageUnavailableError("The store does not answer.")
REFUSED = ForbiddenError("Access is denied.")
UNVERSIONED = ConfigurationError("Versioning is not enabled.")
UNREACHABLE = StorageUnavailableError("The store does not answer.")
UNREACHABLE.cause, UNREACHABLE.wide = "Connection refused", True


def denied(cause: str) -> ForbiddenError:
    error = ForbiddenError(f"Access is denied ({cause}).")
    error.cause = cause
    return error


def archive(archiver: Archiver, *contents: object, path: str = "a.ipynb") -> None:
    for content in contents:
        archiver.archive(ArchiveRecord(path, str(content), 0.0))


def contents(store: MemoryStore, path: str = "a.ipynb") -> list[str]:
    return [data.decode() for data in store.contents[f"workspace/{path}"]]


def is_empty(spool_dir: Path) -> Callable[[], bool]:
    def look() -> bool:
        counts = count_spool(str(spool_dir))
        return counts.pending + counts.in_flight == 0

    return look


def texts(number: int) -> list[str]:
    return [str(n) for n in range(number)]


def test_many_saves_of_many_keys_arrive_once_and_in_order(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(max_threads=4)
    for number in range(40):
        for path in ("a.ipynb", "b.ipynb", "c.ipynb", "d.ipynb", "e.ipynb"):
            archive(archiver, number, path=path)
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert all(contents(store, f"{name}.ipynb") == texts(40) for name in "abcde")
    assert archiver.status.uploads == 200


def test_version_carries_what_is_known_of_the_save(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    archive(make_archiver(), "1", path="/folder/ä b.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    (version,) = store.versions["workspace/folder/ä b.ipynb"]
    assert version.metadata is not None
    assert version.metadata.author == "ann"
    assert version.metadata.source_path == "folder/ä b.ipynb"


def test_store_that_is_down_for_a_while_gets_everything(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(DOWN)] * 5
    archiver = make_archiver()
    archive(archiver, *texts(3))
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == texts(3)
    assert archiver.status.retries == 5
    assert archiver.status.last_error == ""


def test_lost_answer_does_not_make_a_second_version(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.after = [fail_with(DOWN)] * 3
    archive(make_archiver(), *texts(5))
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == texts(5)


def test_save_that_was_being_sent_when_its_process_ended_is_sent_once(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    spool = Spool(spool_dir)
    arrived, lost = (
        spool.add(
            BytesSource(text.encode()),
            key=f"workspace/{text}.ipynb",
            author="",
            source_path="",
        )
        for text in ("arrived", "lost")
    )
    for entry in (arrived, lost):
        spool.claim(entry)
    with spool.open(replace(arrived, claimed=True)) as body:
        trailer = arrived.trailer
        store.put(arrived.key, body, size=trailer.size, metadata=trailer.metadata)
    make_archiver().start()
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store, "arrived.ipynb") == ["arrived"]
    assert contents(store, "lost.ipynb") == ["lost"]


def test_refusal_is_told_once_and_tried_again_after_a_long_time(
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
        wait_for(lambda: "again" in caplog.messages[-1], what="the good news")
    assert contents(store) == texts(2)
    assert ["Access is denied" in text for text in caplog.messages] == [True, False]


def test_refused_key_waits_and_others_do_not(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver()
    archive(archiver, "1", "2")
    wait_for(lambda: archiver.status.last_error, what="the refusal")
    archive(archiver, "3", path="b.ipynb")
    wait_for(lambda: contents(store, "b.ipynb"), what="the other key")
    assert contents(store) == []
    assert archiver.status.last_error == "Access is denied."


def test_unversioned_bucket_stops_all_keys(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(UNVERSIONED)] * 2
    archiver = make_archiver(max_threads=1)
    for number in range(3):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(lambda: not store.before, what="the refusals")
    archiver.close()
    assert store.calls["put"] == 0
    assert count_spool(str(spool_dir)).pending == 1


def test_key_that_always_fails_as_a_wrong_setting_would_stops_no_other(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    def refuse_one(key: str) -> None:
        if key.endswith("odd.ipynb"):
            raise UNVERSIONED

    store.before = [refuse_one] * 100
    archiver = make_archiver(max_threads=1)
    for number in range(5):
        archive(archiver, number, path="odd.ipynb")
        archive(archiver, number, path="a.ipynb")
    wait_for(lambda: contents(store) == texts(5), what="the other key")
    assert contents(store, "odd.ipynb") == []


def test_store_that_is_unreachable_is_not_asked_for_each_key(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(UNREACHABLE)] * 100_000
    archiver = make_archiver(timing=replace(QUICK, first_retry=30.0, last_retry=30.0))
    for number in range(200):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(lambda: archiver.status.last_error, what="a failure")
    archiver.close()
    assert archiver.status.retries <= 2 * archiver.settings.max_threads


def test_store_that_is_back_gets_the_saves_of_all_keys(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(UNREACHABLE)] * 50
    archiver = make_archiver()
    for number in range(100):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert all(contents(store, f"{number}.ipynb") == ["1"] for number in range(100))


def test_each_cause_is_told_once_for_all_keys(
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


def test_store_that_cannot_be_opened_keeps_the_saves(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    stores: list[Any] = [UNVERSIONED, store]

    def open_store() -> MemoryStore:
        found = stores.pop(0)
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    quick = replace(QUICK, refused=0.01)
    archive(make_archiver(store=open_store, timing=quick), "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1"]


def test_unexpected_error_of_a_store_loses_nothing(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(ZeroDivisionError("a bug"))]
    archive(make_archiver(timing=replace(QUICK, refused=0.01)), "1", "2")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1", "2"]


def test_hanging_upload_stops_neither_other_keys_nor_the_end(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    released = threading.Event()
    store.before = [lambda key: released.wait(30) and None]
    archiver = make_archiver(shutdown_timeout=0.05)
    archive(archiver, "1")
    wait_for(lambda: not store.before, what="the hanging upload")
    archive(archiver, "2", path="b.ipynb")
    wait_for(lambda: contents(store, "b.ipynb"), what="the other key")
    archiver.close()
    assert not DrainLock(spool_dir).hold()  # for the upload may yet arrive
    assert count_spool(str(spool_dir)).in_flight == 1
    released.set()


def test_stop_waits_for_what_can_be_sent(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(shutdown_timeout=30.0)
    archive(archiver, *texts(50))
    archiver.close()
    assert contents(store) == texts(50)
    assert is_empty(spool_dir)()


def test_stop_does_not_wait_for_a_store_that_is_down(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver(shutdown_timeout=30.0)
    archive(archiver, *texts(2))
    wait_for(lambda: archiver.status.last_error, what="the refusal")
    archiver.close()
    assert count_spool(str(spool_dir)).pending == 1
    assert count_spool(str(spool_dir)).in_flight == 1


def test_other_process_only_adds_and_takes_over_at_the_end(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    archive(make_archiver(), "1")
    assert count_spool(str(spool_dir)).pending == 1
    other.release()
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1"]


def test_saves_of_other_processes_are_found(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    make_archiver().start()
    other = Spool(spool_dir)
    other.add(BytesSource(b"1"), key="workspace/a.ipynb", author="", source_path="")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1"]


def test_damaged_save_is_set_aside_and_the_next_is_sent(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    spool = Spool(spool_dir)
    entry = spool.add(
        BytesSource(b"12345"), key="workspace/a.ipynb", author="", source_path=""
    )
    path = spool_dir / "new" / entry.name
    path.write_bytes(path.read_bytes().replace(b"12345", b"1X345"))
    archive(make_archiver(), "fine")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["fine"]
    assert (spool_dir / "failed" / entry.name).exists()


def test_save_that_cannot_be_set_aside_is_tried_again(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    entry = Spool(spool_dir).add(
        BytesSource(b"12345"), key="workspace/a.ipynb", author="", source_path=""
    )
    path = spool_dir / "new" / entry.name
    path.write_bytes(path.read_bytes().replace(b"12345", b"1X345"))
    (spool_dir / "failed").rmdir()
    (spool_dir / "failed").touch()
    archiver = make_archiver()
    archive(archiver, "fine")
    wait_for(lambda: archiver.status.retries > 1, what="another attempt")
    (spool_dir / "failed").unlink()
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["fine"]


def test_unchanged_saves_are_skipped_where_that_is_asked_for(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(skip_unchanged=True)
    archive(archiver, "1", "1", "2", "2", "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1", "2", "1"]
    wait_for(lambda: archiver.status.skipped == 2, what="the count")


def test_interval_thins_out_and_the_newest_arrives_at_the_end(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(min_interval=3600.0, shutdown_timeout=30.0)
    archive(archiver, "1")
    wait_for(is_empty(spool_dir), what="the first")
    archive(archiver, "2", "3", "4")
    wait_for(lambda: archiver.status.skipped == 2, what="the thinning")
    assert contents(store) == ["1"]
    archiver.close()
    assert contents(store) == ["1", "4"]


def test_interval_holds_across_processes(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    first = make_archiver(min_interval=3600.0)
    archive(first, "1")
    wait_for(is_empty(spool_dir), what="the first")
    first.close()
    second = make_archiver(min_interval=3600.0, shutdown_timeout=30.0)
    archive(second, "2")
    wait_for(lambda: store.calls["head"] > 1, what="a look at the newest version")
    assert contents(store) == ["1"]
    second.close()
    assert contents(store) == ["1", "2"]


def test_drain_empties_a_spool_and_says_so(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    spool = Spool(spool_dir)
    for text in texts(20):
        spool.add(
            BytesSource(text.encode()),
            key="workspace/a.ipynb",
            author="",
            source_path="",
        )
    assert make_archiver().drain()
    assert contents(store) == texts(20)


def test_drain_gives_up_when_the_store_refuses(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    Spool(spool_dir).add(
        BytesSource(b"1"), key="workspace/a.ipynb", author="", source_path=""
    )
    assert not make_archiver().drain()


def test_drain_works_without_a_server(tmp_path: Path, spool_dir: Path) -> None:
    Spool(spool_dir).add(
        BytesSource(b"1"), key="workspace/a.ipynb", author="", source_path=""
    )
    settings = BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), spool_dir=str(spool_dir)
    )
    assert drain(settings, log=LOG, timeout=30)
    assert drain(settings, log=LOG)
    assert len(LocalStore(settings).list_versions("workspace/a.ipynb").versions) == 1


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


def test_long_failure_is_told_once_and_a_short_one_is_not(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.before = [fail_with(DOWN)] * 20
    archive(make_archiver(timing=replace(QUICK, quiet=0.02)), "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    store.before = [fail_with(DOWN)] * 2
    archive(make_archiver(), "2")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert len(caplog.records) == 1


@pytest.mark.parametrize("wide", [False, True])
def test_store_down_from_the_start_is_told_once_for_all_keys_and_saves(
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
        told = archiver.status.retries
        wait_for(lambda: archiver.status.retries > told + 20, what="more failures")
        assert "The store does not answer." in caplog.messages[0]
        assert [r.levelname for r in caplog.records] == ["WARNING"]
        up.set()
        store.before = []
        wait_for(is_empty(spool_dir), what="an empty spool")
        wait_for(lambda: "again" in caplog.messages[-1], what="the good news")
    assert [r.levelname for r in caplog.records] == ["WARNING", "INFO"]
    assert not archiver.status.refused


def test_refusal_is_part_of_the_status_until_it_is_over(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver(timing=replace(QUICK, refused=0.2))
    archive(archiver, "1")
    wait_for(lambda: read_status(str(spool_dir)).refused, what="the refusal")
    assert isinstance(archiver.failure, ForbiddenError)
    wait_for(is_empty(spool_dir), what="an empty spool")
    wait_for(lambda: not read_status(str(spool_dir)).refused, what="the good news")
    assert archiver.failure is None


def test_process_that_only_adds_leaves_the_status_to_the_one_that_drains(
    make_archiver: MakeArchiver, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    other = DrainLock(spool_dir)
    assert other.hold()
    archiver = make_archiver()
    archive(archiver, "1")
    wait_for(lambda: archiver.is_elsewhere, what="a look at the lock")
    archiver.close()
    other.release()
    assert not (spool_dir / "status.json").exists()
