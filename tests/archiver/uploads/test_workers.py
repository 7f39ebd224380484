"""The threads that send: one stays for the next save, and ends with the uploader."""

import threading
from pathlib import Path

from archiver.conftest import MakeArchiver
from archiver.saving import archive, contents, texts
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.uploads.drain_lock import DrainLock
from harness.memory_store import MemoryStore
from harness.waiting import wait_for


def await_rest(archiver: Archiver, uploads: int) -> None:
    """Wait until so many saves are sent and one thread waits for the next."""
    workers = archiver._uploader._workers

    def rests() -> bool:
        sent = archiver.status.uploads == uploads
        return sent and not workers and len(workers.threads) == 1

    wait_for(rests, what="a thread that waits")


def test_saves_one_by_one_are_sent_by_one_thread(
    make_archiver: MakeArchiver, store: MemoryStore
) -> None:
    senders: set[threading.Thread] = set()
    store.before = [lambda key: senders.add(threading.current_thread())] * 3
    archiver = make_archiver()
    for number in range(3):
        archive(archiver, number)
        await_rest(archiver, number + 1)
    assert contents(store) == texts(3)
    assert len(senders) == 1


def test_several_saves_are_sent_beside_each_other_by_a_thread_that_stayed(
    make_archiver: MakeArchiver, store: MemoryStore
) -> None:
    archiver = make_archiver(max_threads=3)
    archive(archiver, "first")
    await_rest(archiver, 1)
    together, waits = threading.Barrier(3, timeout=30), list[int]()
    store.before = [lambda key: waits.append(together.wait())] * 3
    for name in "bcd":
        archive(archiver, "later", path=f"{name}.ipynb")
    archiver._uploader.drain(30)
    assert [contents(store, f"{name}.ipynb") for name in "bcd"] == [["later"]] * 3


def test_the_thread_that_stayed_ends_and_the_spool_is_free(
    make_archiver: MakeArchiver, spool_dir: Path
) -> None:
    archiver = make_archiver(shutdown_timeout=30.0)
    archive(archiver, "first")
    await_rest(archiver, 1)
    [thread] = archiver._uploader._workers.threads
    archiver.close()
    assert not thread.is_alive()
    assert DrainLock(spool_dir).hold()


def test_the_spool_is_free_once_the_last_request_has_ended(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def take_time(key: str) -> None:
        asked.set()
        answer.wait(60)

    store.before = [take_time]
    archiver = make_archiver(shutdown_timeout=0.0)
    archive(archiver, "first")
    assert asked.wait(60)
    archiver.close()
    lock = DrainLock(spool_dir)
    assert not lock.hold()
    answer.set()
    wait_for(lock.hold, what="the lock")
    assert contents(store) == ["first"]
