"""Saves and versions of a newer form: they stay, and do not stop other saves."""

import logging
from pathlib import Path

import pytest

from archiver.conftest import MakeArchiver
from archiver.saving import archive, contents, texts
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.errors import NewerVersionError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.report import report_spool
from bookstore_core.stores import Version
from harness.memory_store import MemoryStore
from harness.waiting import wait_for

NEWER = "A save in the spool was written by a newer release of bookstore"


@pytest.fixture
def newer(spool_dir: Path) -> Path:
    """A save that a newer release has left in the spool."""
    source = BytesSource(b"newer")
    spool = Spool(spool_dir)
    entry = spool.add(source, key="workspace/b.ipynb", author="ann", source_path="b")
    path = spool_dir / "new" / entry.name
    data = path.read_bytes().replace(b'"bookstore_spool": 1', b'"bookstore_spool": 4')
    path.write_bytes(data)
    return path


def test_a_newer_save_stays_where_it_is(spool_dir: Path, newer: Path) -> None:
    spool = Spool(spool_dir)
    entry = spool.add(BytesSource(b"{}"), key="k", author="ann", source_path="k")
    assert list(spool.scan(())) == [entry]
    assert list(spool.scan(())) == [entry]
    assert spool.newer == 1
    assert spool.find(newer.name.rpartition("-")[2]) is None
    assert newer.exists()
    newer.unlink()
    assert list(spool.scan(())) == [entry]
    assert spool.newer == 0


def test_a_newer_save_is_logged_once_and_shown_in_the_status(
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
    newer: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archiver = make_archiver()
    settings = BookstoreSettings(spool_dir=str(spool_dir))
    with caplog.at_level(logging.INFO):
        archive(archiver, *texts(2))
        wait_for(lambda: contents(store) == texts(2), what="the other saves")
        wait_for(lambda: read_status(str(spool_dir)).refused, what="the status")
        [problem] = report_spool(settings).problems
        assert NEWER in problem
        newer.unlink()
        wait_for(lambda: not read_status(str(spool_dir)).refused, what="the end")
    assert [NEWER in text for text in caplog.messages] == [True]
    assert report_spool(settings).problems == ()


def test_a_drain_sends_all_but_newer_saves_and_ends(
    make_archiver: MakeArchiver, store: MemoryStore, spool_dir: Path, newer: Path
) -> None:
    archiver = make_archiver()
    archive(archiver, *texts(3))
    assert not archiver.drain(timeout=30)
    assert contents(store) == texts(3)
    assert NEWER in str(archiver.failure)
    assert newer.exists()
    counts = count_spool(str(spool_dir))
    assert (counts.waiting, counts.failed) == (1, 0)


class NewerStore(MemoryStore):
    """A store whose versions are all of a newer form."""

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        raise NewerVersionError("A newer release wrote it.")


def test_a_newer_version_does_not_hold_saves_back(make_archiver: MakeArchiver) -> None:
    store = NewerStore()
    archiver = make_archiver(store=lambda: store, skip_unchanged=True)
    archive(archiver, "0", "0")
    assert archiver.drain(timeout=30)
    assert contents(store) == ["0", "0"]
