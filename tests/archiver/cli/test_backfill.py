"""Backfill: which notebooks are archived, and changes while it runs."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.backfill import Backfill, BackfillResult
from bookstore_archiver.cli.verb import Patience
from bookstore_archiver.notebook_files import NotebookFile
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.errors import ForbiddenError, StorageUnavailableError
from bookstore_core.spool.directory import count_spool
from bookstore_core.stores import Version, VersionMetadata, utc_now
from harness.memory_store import MemoryStore, fail_with

DOWN = StorageUnavailableError("The store does not answer.")
REFUSED = ForbiddenError("Access is denied.")

MakeBackfill = Callable[..., Backfill]


class AskedStore(MemoryStore):
    """A store that runs a step of the test when the newest version is requested."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[str], None]] = []

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        self._step(self.asked, key)
        return super().head(key, version_id)


@pytest.fixture
def store() -> AskedStore:
    return AskedStore()


@pytest.fixture
def make_backfill(make_archiver: MakeArchiver, store: AskedStore) -> MakeBackfill:
    def make(archiver: Archiver | None = None, max_saves: int = 500) -> Backfill:
        archiver = archiver or make_archiver(max_threads=2, shutdown_timeout=30.0)
        return Backfill(
            archiver,
            store,
            patience=Patience(archiver, report=LOG.info),
            pauses=(0.001, 0.001),
            max_saves=max_saves,
        )

    return make


@pytest.fixture
def notebook(tmp_path: Path) -> NotebookFile:
    (tmp_path / "a.ipynb").write_text("content")
    return NotebookFile(str(tmp_path / "a.ipynb"), "a.ipynb")


def contents(store: MemoryStore) -> list[bytes]:
    return store.contents["workspace/a.ipynb"]


def test_save_that_waits_in_the_spool_is_not_added_again(
    make_backfill: MakeBackfill, spool_dir: Path, notebook: NotebookFile
) -> None:
    Spool(spool_dir).add(
        BytesSource(b"content"), key="workspace/a.ipynb", author="", source_path=""
    )
    assert make_backfill().add(notebook).result is BackfillResult.UNCHANGED
    assert count_spool(str(spool_dir)).waiting == 1


def test_version_without_metadata_is_compared_by_its_content(
    make_backfill: MakeBackfill,
    make_archiver: MakeArchiver,
    store: AskedStore,
    notebook: NotebookFile,
) -> None:
    archiver = make_archiver()
    assert make_backfill(archiver).add(notebook).result is BackfillResult.ARCHIVED
    assert archiver.drain(30)
    (known,) = store.versions["workspace/a.ipynb"]
    store.versions["workspace/a.ipynb"] = [replace(known, metadata=None)]
    assert make_backfill().add(notebook).result is BackfillResult.UNCHANGED
    Path(notebook.os_path).write_text("CONTENT")
    assert make_backfill().add(notebook).result is BackfillResult.ARCHIVED


def test_false_sha256_in_the_store_does_not_hide_a_notebook(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    sha256 = hashlib.sha256(b"content").hexdigest()
    metadata = VersionMetadata("0123456789abcdef", utc_now(), sha256=sha256)
    store.put("workspace/a.ipynb", BytesIO(b"forgery"), size=7, metadata=metadata)
    assert make_backfill().add(notebook).result is BackfillResult.ARCHIVED


def test_newest_content_comes_last_when_somebody_saves_meanwhile(
    make_backfill: MakeBackfill,
    make_archiver: MakeArchiver,
    store: AskedStore,
    notebook: NotebookFile,
) -> None:
    archiver = make_archiver()
    store.asked = [lambda key: Path(notebook.os_path).write_text("newer") and None]
    assert make_backfill(archiver).add(notebook).result is BackfillResult.ARCHIVED
    assert archiver.drain(30)
    assert contents(store) == [b"newer"]


def test_notebook_that_is_removed_meanwhile_is_gone(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    store.asked = [lambda key: Path(notebook.os_path).unlink()]
    assert make_backfill().add(notebook).result is BackfillResult.GONE


def test_store_that_fails_twice_is_asked_again(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    store.asked = [fail_with(DOWN)] * 2
    assert make_backfill().add(notebook).result is BackfillResult.ARCHIVED


def test_store_that_is_down_ends_it(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    store.asked = [fail_with(DOWN)] * 3
    with pytest.raises(StorageUnavailableError):
        list(make_backfill().run([notebook]))


def test_store_that_refuses_ends_it(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    store.asked = [fail_with(REFUSED)]
    with pytest.raises(ForbiddenError):
        list(make_backfill().run([notebook]))


def test_spool_never_exceeds_its_limit_by_much(
    make_backfill: MakeBackfill,
    make_archiver: MakeArchiver,
    store: AskedStore,
    spool_dir: Path,
    tmp_path: Path,
) -> None:
    notebooks = []
    for number in range(60):
        (tmp_path / f"{number}.ipynb").write_text(str(number))
        notebooks.append(NotebookFile(str(tmp_path / f"{number}.ipynb"), f"{number}"))
    archiver = make_archiver(max_threads=2)
    most = 0
    for _ in make_backfill(archiver, max_saves=3).run(notebooks):
        most = max(most, count_spool(str(spool_dir)).waiting)
    assert archiver.drain(30)
    assert most <= 3 + 2 * 2
    assert sum(len(kept) for kept in store.versions.values()) == 60


def test_spool_that_stays_full_ends_it_with_the_reason(
    make_backfill: MakeBackfill, store: AskedStore, notebook: NotebookFile
) -> None:
    store.before = [fail_with(REFUSED)]
    with pytest.raises(ForbiddenError, match=r"spool: 1\. Access is denied"):
        list(make_backfill(max_saves=0).run([notebook]))


def test_interrupted_backfill_continues_when_it_is_run_again(
    make_backfill: MakeBackfill,
    make_archiver: MakeArchiver,
    store: AskedStore,
    tmp_path: Path,
) -> None:
    notebooks = []
    for number in range(20):
        (tmp_path / f"{number}.ipynb").write_text(str(number))
        notebooks.append(NotebookFile(str(tmp_path / f"{number}.ipynb"), f"{number}"))
    first = make_backfill().run(notebooks)
    for _ in range(7):
        next(first)
    first.close()
    archiver = make_archiver()
    results = [outcome.result for outcome in make_backfill(archiver).run(notebooks)]
    assert archiver.drain(30)
    assert results.count(BackfillResult.UNCHANGED) >= 7
    assert [len(kept) for kept in store.versions.values()] == [1] * 20
