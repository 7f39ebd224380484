"""Stores that fail: which saves wait, which are still sent, and for how long."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.conftest import QUICK, MakeArchiver
from archiver.saving import (
    DOWN,
    REFUSED,
    UNREACHABLE,
    UNVERSIONED,
    archive,
    contents,
    is_empty,
    texts,
    waiting,
)
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_archiver.uploads.timing import Timing
from bookstore_core.errors import BookstoreError
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.try_now import ask_to_try
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for


@pytest.mark.parametrize("error", [DOWN, UNREACHABLE, REFUSED])
def test_a_request_in_the_spool_has_what_failed_tried_now(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    error: BookstoreError,
) -> None:
    hours = Timing(look=0.01, first_pause=1e6, longest_pause=1e6, refused=1e6)
    store.before = [fail_with(error)] * 2
    archiver = make_archiver(timing=hours)
    archive(archiver, "1")
    archive(archiver, "2", path="b.ipynb")
    wait_for(lambda: not store.before, what="both attempts")
    wait_for(lambda: archiver.status.retries == 2, what="both failures")
    wait_for(lambda: read_status(str(spool_dir)).next_attempt, what="the next attempt")
    ask_to_try(str(spool_dir))
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert (contents(store), contents(store, "b.ipynb")) == (["1"], ["2"])
    wait_for(lambda: not read_status(str(spool_dir)).next_attempt, what="no attempt")


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
    archiver = make_archiver(max_threads=1, timing=replace(QUICK, longest_pause=30.0))
    for number in range(3):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(lambda: not store.before, what="the refusals")
    archiver.close()
    assert store.calls["put"] == 0
    assert waiting(spool_dir) == 3


def test_key_that_always_fails_like_a_wrong_setting_does_not_stop_others(
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


def test_two_such_keys_do_not_stop_the_others_for_long(
    make_archiver: MakeArchiver, store: MemoryStore
) -> None:
    store.before = [fail_with(UNVERSIONED)] * 2
    archiver = make_archiver(max_threads=1)
    for path in ("odd-1.ipynb", "odd-2.ipynb", "a.ipynb"):
        archive(archiver, "1", path=path)
    wait_for(lambda: contents(store), what="the other key")
    assert contents(store, "odd-1.ipynb") == contents(store, "odd-2.ipynb") == []


def test_unreachable_store_is_not_tried_for_each_key(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(UNREACHABLE)] * 100_000
    archiver = make_archiver(
        timing=replace(QUICK, first_pause=30.0, longest_pause=30.0)
    )
    for number in range(200):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(lambda: archiver.status.last_error, what="a failure")
    archiver.close()
    assert archiver.status.retries <= 2 * archiver.settings.max_threads


def test_store_that_works_again_gets_the_saves_of_all_keys(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(UNREACHABLE)] * 50
    archiver = make_archiver()
    for number in range(100):
        archive(archiver, "1", path=f"{number}.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert all(contents(store, f"{number}.ipynb") == ["1"] for number in range(100))


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


def test_hanging_upload_delays_neither_other_keys_nor_the_end(
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
    assert not DrainLock(spool_dir).hold()  # the upload may still arrive
    assert count_spool(str(spool_dir)).in_flight == 1
    released.set()


def test_stop_does_not_wait_for_a_store_that_is_down(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver(shutdown_timeout=30.0)
    archive(archiver, *texts(2))
    wait_for(lambda: archiver.status.last_error, what="the refusal")
    archiver.close()
    assert waiting(spool_dir) == 2


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
