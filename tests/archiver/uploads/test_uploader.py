"""Uploading: every save once and in order, whichever process drains."""

import hashlib
import itertools
import threading
from contextlib import closing
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.saving import DOWN, REFUSED, archive, contents, is_empty, texts
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.spool.disk import Disk, Place
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_archiver.uploads.timing import Timing
from bookstore_archiver.uploads.uploader import AT_HAND
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import CUR, NEW, count_spool
from bookstore_core.spool.feed import read_feed
from bookstore_core.stores import VersionMetadata, utc_now
from bookstore_core.stores.local.store import LocalStore
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for


def test_many_saves_of_many_keys_arrive_once_and_in_order(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(max_threads=4)
    for number in range(40):
        for path in ("a.ipynb", "b.ipynb", "c.ipynb", "d.ipynb", "e.ipynb"):
            archive(archiver, number, path=path)
    wait_for(lambda: archiver.status.uploads >= 200, what="the uploads")
    assert is_empty(spool_dir)()
    assert all(contents(store, f"{name}.ipynb") == texts(40) for name in "abcde")
    assert archiver.status.uploads == 200


def test_version_has_the_metadata_of_the_save(
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


def test_stop_waits_for_what_can_be_sent(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(shutdown_timeout=30.0)
    archive(archiver, *texts(50))
    archiver.close()
    assert contents(store) == texts(50)
    assert is_empty(spool_dir)()


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


def test_unchanged_saves_are_skipped_if_skip_unchanged_is_set(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(skip_unchanged=True)
    archive(archiver, "1", "1", "2", "2", "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == ["1", "2", "1"]
    wait_for(lambda: archiver.status.skipped == 2, what="the count")


def test_false_sha256_in_the_store_does_not_skip_a_save(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    for content in (b"forged!", b"2"):  # another size, and the same size
        put_forged(store, content, sha256=hashlib.sha256(b"1").hexdigest())
        archive(make_archiver(skip_unchanged=True), "1")
        wait_for(is_empty(spool_dir), what="an empty spool")
        assert contents(store)[-2:] == [content.decode(), "1"]


def test_content_of_an_earlier_process_is_read_once_before_it_is_believed(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    put_forged(store, b"1", sha256=hashlib.sha256(b"1").hexdigest())
    archiver = make_archiver(skip_unchanged=True)
    for skipped in (1, 2):
        archive(archiver, "1")
        wait_for(lambda n=skipped: archiver.status.skipped == n, what="the skipped")
    assert contents(store) == ["1"]
    assert store.calls["open"] == 1


def put_forged(store: MemoryStore, content: bytes, *, sha256: str) -> None:
    metadata = VersionMetadata("0123456789abcdef", utc_now(), sha256=sha256)
    store.put(
        "workspace/a.ipynb", BytesIO(content), size=len(content), metadata=metadata
    )


def test_interval_skips_saves_and_the_newest_is_sent_at_the_end(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(min_interval=3600.0, shutdown_timeout=30.0)
    archive(archiver, "1")
    wait_for(is_empty(spool_dir), what="the first")
    archive(archiver, "2", "3", "4")
    wait_for(lambda: archiver.status.skipped == 2, what="the skipped saves")
    assert contents(store) == ["1"]
    archiver.close()
    assert contents(store) == ["1", "4"]


def test_interval_applies_across_processes(
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


def test_drain_empties_a_spool_and_returns_true(
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


def test_another_process_may_drain_after_a_command_whose_saves_were_sent_before(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver()
    archive(archiver, "1")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert archiver.drain()
    other = DrainLock(spool_dir)
    assert other.hold()
    other.release()


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
    with closing(Archiver(settings, log=LOG)) as archiver:
        assert archiver.drain(timeout=30)
        assert archiver.drain()
    assert len(LocalStore(settings).list_versions("workspace/a.ipynb").versions) == 1
    assert read_feed(spool_dir).keys == ("workspace/a.ipynb",)


class SlowDisk(Disk):
    """Waits after a save has become visible until it was sent and removed."""

    def __init__(self, spool_dir: Path) -> None:
        self._is_empty = is_empty(spool_dir)

    def sync_folder(self, path: Place) -> None:
        if threading.current_thread() is threading.main_thread():
            wait_for(self._is_empty, what="an empty spool")


def test_save_that_is_sent_before_it_is_queued_is_not_taken_for_removed(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archiver = make_archiver(disk=SlowDisk(spool_dir))
    archiver.start()
    for number in range(3):
        archive(archiver, number)
    archiver.close()
    assert contents(store, "a.ipynb") == texts(3)
    assert (archiver.status.uploads, archiver.status.removed) == (3, 0)
    assert "removed" not in caplog.text


def _has_sent(archiver: Archiver, uploads: int) -> bool:
    return archiver.status.uploads == uploads


class MovingDisk(Disk):
    """Records the folders into which saves are moved."""

    def __init__(self) -> None:
        self.moves: list[str] = []

    def move(self, source: Place, target: Place) -> None:
        super().move(source, target)
        self.moves.append(Path(target).parent.name)


def test_a_save_that_is_sent_next_is_moved_once(make_archiver: MakeArchiver) -> None:
    disk = MovingDisk()
    archiver = make_archiver(disk=disk)
    numbers = itertools.count()

    def moves_of_the_next() -> list[str]:
        disk.moves.clear()
        number = next(numbers)
        archive(archiver, number)
        wait_for(partial(_has_sent, archiver, number + 1), what="an upload")
        return disk.moves

    assert moves_of_the_next() == [NEW, CUR]  # nothing was sent before
    # While a scan is at work, a save waits for it.
    wait_for(lambda: moves_of_the_next() == [CUR], what="a save that is moved once")


def test_saves_wait_in_new_while_the_store_fails(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver(timing=Timing(rest=0.01, first_pause=60))
    archive(archiver, "0")
    wait_for(is_empty(spool_dir), what="an empty spool")
    store.before = [fail_with(DOWN)] * 9
    archive(archiver, "1")
    wait_for(lambda: archiver.status.retries, what="a failure")
    archive(archiver, "2", "3")
    counts = count_spool(str(spool_dir))
    assert (counts.in_flight, counts.pending) == (1, 2)


def test_few_saves_are_claimed_while_the_store_takes_its_time(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path
) -> None:
    archiver = make_archiver()
    archive(archiver, "0")
    wait_for(is_empty(spool_dir), what="an empty spool")
    answer = threading.Event()
    store.before = [lambda key: answer.wait(60) and None]
    archive(archiver, *range(1, 3 * AT_HAND))
    counts = count_spool(str(spool_dir))
    answer.set()
    assert counts.in_flight <= AT_HAND + 1
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert contents(store) == texts(3 * AT_HAND)


@pytest.mark.parametrize(("quick", "uploads"), [(60.0, 3), (0.0, 2)])
def test_only_a_quick_scan_follows_each_save(
    make_archiver: MakeArchiver,
    spool_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick: float,
    uploads: int,
) -> None:
    monkeypatch.setattr("bookstore_archiver.uploads.uploader.QUICK_SCAN", quick)
    archiver = make_archiver(timing=Timing(look=600, rest=0.01))
    archive(archiver, "1")
    wait_for(lambda: archiver.status.uploads == 1, what="the first upload")
    Spool(spool_dir).add(
        BytesSource(b"{}"), key="workspace/b.ipynb", author="", source_path="b.ipynb"
    )
    archive(archiver, "2")
    wait_for(lambda: archiver.status.uploads == uploads, what="the uploads")
    assert count_spool(str(spool_dir)).waiting == 3 - uploads
