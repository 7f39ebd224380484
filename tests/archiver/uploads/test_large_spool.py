"""A spool in which very many saves wait: read in parts, sent in order, by few."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.saving import archive, contents, is_empty, texts
from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads import uploader
from bookstore_archiver.uploads.backlog import FEW, Backlog
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_archiver.uploads.stats import Stats
from bookstore_archiver.uploads.timing import Timing
from harness.memory_store import MemoryStore
from harness.waiting import wait_for


def fill(spool_dir: Path, number: int, *, keys: int = 1) -> list[Entry]:
    """Add saves of keys a0, a1, ..., whose contents are their numbers."""
    spool = Spool(spool_dir)
    return [
        spool.add(
            BytesSource(str(count).encode()),
            key=f"workspace/a{count % keys}.ipynb",
            author="ann",
            source_path=f"a{count % keys}.ipynb",
        )
        for count in range(number)
    ]


def test_a_scan_reads_as_many_saves_as_asked_and_says_if_there_are_more(
    spool_dir: Path,
) -> None:
    added, spool = fill(spool_dir, 5), Spool(spool_dir)
    first = list(spool.scan(set(), most=2))
    assert (first, spool.has_unread) == (added[:2], True)
    rest = list(spool.scan({entry.name for entry in first}, most=3))
    assert (rest, spool.has_unread) == (added[2:], False)
    assert list(spool.scan({entry.name for entry in added}, most=0)) == []
    assert not spool.has_unread


@pytest.mark.parametrize("most", range(7))
def test_a_part_of_a_spool_is_its_oldest_saves_wherever_they_are(
    spool_dir: Path, most: int
) -> None:
    added, spool = fill(spool_dir, 6), Spool(spool_dir)
    for entry in (added[1], added[4]):
        spool.claim(entry)
    # A power cut has left a save in both folders.
    (spool_dir / "new" / added[1].name).hardlink_to(spool_dir / "cur" / added[1].name)
    part = list(spool.scan(set(), most=most))
    assert [entry.name for entry in part] == [entry.name for entry in added[:most]]
    assert [e.claimed for e in part] == [n in (1, 4) for n in range(most)]
    assert spool.has_unread == (most < 6)


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(uploader, "WINDOW", 10)
    monkeypatch.setattr("bookstore_archiver.uploads.backlog.LOW", 5)
    return 10


@pytest.mark.parametrize("keys", [1, 3, 60])
def test_saves_that_are_read_in_parts_are_sent_in_their_order(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    small_window: int,
    keys: int,
) -> None:
    fill(spool_dir, 60, keys=keys)
    archiver = make_archiver()
    archiver.start()
    for text in ("new", "newer"):
        archive(archiver, text, path="a0.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    expected = [str(count) for count in range(0, 60, keys)]
    assert contents(store, "a0.ipynb") == [*expected, "new", "newer"]
    assert archiver.status.uploads == 62


def test_few_saves_are_in_memory_while_the_store_takes_its_time(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    small_window: int,
) -> None:
    fill(spool_dir, 200, keys=200)
    goes_on = threading.Event()
    store.before = [lambda key: goes_on.wait(30) and None] * 200
    archiver = make_archiver(max_threads=1, timing=Timing(look=0.01))
    archiver.start()
    backlog = archiver._uploader._backlog
    wait_for(lambda: len(backlog) > 5, what="the first saves")
    archive(archiver, "new", path="b.ipynb")
    assert len(backlog) <= 2 * small_window
    goes_on.set()
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store, "b.ipynb") == ["new"]


def test_few_saves_are_sent_at_once_while_saves_arrive(spool_dir: Path) -> None:
    now = [100.0]
    backlog = make_backlog(spool_dir, lambda: now[0])
    assert (backlog.limit, backlog.busy_until) == (16, None)
    backlog.note_arrival()
    assert (backlog.limit, backlog.busy_until) == (FEW, 102.0)
    now[0] = 102.0
    assert (backlog.limit, backlog.busy_until) == (16, None)
    backlog.note_arrival()
    backlog.release_held()  # the process ends
    assert backlog.limit == 16


def make_backlog(spool_dir: Path, clock: Callable[[], float]) -> Backlog:
    return Backlog(
        Spool(spool_dir),
        Stats(LOG),
        log=LOG,
        lock=threading.Condition(),
        max_threads=16,
        min_interval=0,
        timing=Timing(busy=2),
        clock=clock,
    )


def test_a_save_that_arrives_during_an_outage_of_many_is_kept_in_order(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path, small_window: int
) -> None:
    lock = DrainLock(spool_dir)
    spool_dir.mkdir()
    assert lock.hold()
    archiver = make_archiver()
    archive(archiver, *texts(30))
    lock.release()
    archive(archiver, "last")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == [*texts(30), "last"]


def test_a_save_that_somebody_removes_before_it_is_read_is_noticed(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path, small_window: int
) -> None:
    added = fill(spool_dir, 60, keys=60)
    goes_on = threading.Event()
    store.before = [lambda key: goes_on.wait(30) and None] * 60
    archiver = make_archiver(max_threads=1)
    archiver.start()
    wait_for(lambda: len(archiver._uploader._backlog) > 5, what="the first saves")
    archive(archiver, "new", path="b.ipynb")
    wait_for(lambda: archiver._uploader._unseen, what="a save that waits for a scan")
    names = {path.name for path in (spool_dir / "new").iterdir()}
    (own,) = names - {entry.name for entry in added}
    (spool_dir / "new" / own).unlink()
    goes_on.set()
    wait_for(lambda: archiver.status.removed == 1, what="the count of removed saves")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert archiver.status.uploads == 60
