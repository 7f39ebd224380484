"""What a server knows of the newest versions, and that it never waits to tell."""

import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from archiver.conftest import LOG
from bookstore_archiver.known_versions import MOST_NOTEBOOKS, KnownVersions
from bookstore_archiver.revert import checkpoint_id, find_reverted
from bookstore_archiver.spool.entry import Entry, Provenance
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.errors import VersionNotFoundError
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from harness.memory_store import MemoryStore
from harness.waiting import wait_for

SETTINGS = BookstoreSettings()
PATH, KEY = "a.ipynb", "workspace/a.ipynb"


@pytest.fixture
def spool(spool_dir: Path) -> Spool:
    return Spool(spool_dir)


@pytest.fixture
def recent(store: MemoryStore) -> KnownVersions:
    return KnownVersions(lambda: History(store, SETTINGS), log=LOG)


def add(spool: Spool, content: str, path: str = PATH, **news: str) -> Entry:
    return spool.add(
        BytesSource(content.encode()),
        key=f"workspace/{path}",
        author="ann",
        source_path=path,
        news=Provenance(**news),  # type: ignore[arg-type]
    )


def send(store: MemoryStore, spool: Spool, entry: Entry) -> None:
    with spool.open(entry) as file:
        data = file.read(entry.trailer.size)
    metadata = entry.trailer.metadata
    store.put(entry.key, BytesIO(data), size=len(data), metadata=metadata)
    spool.done(entry)


def shas(recent: KnownVersions, path: str = PATH) -> list[str]:
    return [version.sha256 for version in recent.known(path)]


def looked(recent: KnownVersions, path: str = PATH) -> Callable[[], bool]:
    return lambda: any(version.version_id for version in recent.known(path))


def test_own_saves_are_known_at_once_the_newest_first(
    recent: KnownVersions, spool: Spool
) -> None:
    entries = [add(spool, content) for content in "123"]
    for entry in entries:
        recent.saved(PATH, entry)
    assert shas(recent) == [entry.trailer.metadata.sha256 for entry in entries[::-1]]


def test_versions_of_the_store_are_known_once_it_was_asked(
    recent: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    entries = [add(spool, content) for content in "123"]
    for entry in entries[:2]:
        send(store, spool, entry)
    recent.saved(PATH, entries[1])
    recent.saved(PATH, entries[2])
    recent.look(PATH)
    wait_for(looked(recent), what="the store's answer")
    assert shas(recent) == [entry.trailer.metadata.sha256 for entry in entries[::-1]]


def test_content_that_follows_itself_is_told_once_and_ten_are_told(
    recent: KnownVersions, spool: Spool
) -> None:
    for content in ["a", "b", "b", "a", "a", *range(12), 11]:
        recent.saved(PATH, add(spool, str(content)))
    assert len(shas(recent)) == 10
    assert len(set(shas(recent))) == 10


def test_own_saves_that_settings_left_out_are_told_no_longer(
    recent: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    left_out, newest = add(spool, "1"), add(spool, "2")
    recent.saved(PATH, left_out)
    recent.saved(PATH, newest)
    spool.done(left_out)
    send(store, spool, newest)
    recent.look(PATH)
    wait_for(looked(recent), what="the store's answer")
    assert shas(recent) == [newest.trailer.metadata.sha256]


def test_renamed_notebook_keeps_what_is_known(
    recent: KnownVersions, spool: Spool
) -> None:
    entry = add(spool, "1")
    recent.saved(PATH, entry)
    recent.moved(PATH, "b.ipynb")
    (version,) = recent.known("b.ipynb")
    assert version.path == PATH
    assert checkpoint_id(version) == f"s{entry.trailer.metadata.save_id}"


def test_hanging_store_is_asked_by_two_threads_and_waited_for_by_nobody(
    store: MemoryStore,
) -> None:
    released = threading.Event()

    def hang() -> History:
        released.wait(20)
        return History(store, SETTINGS)

    recent = KnownVersions(hang, log=LOG)
    before = threading.active_count()
    for number in range(50):
        assert recent.known(f"{number}.ipynb") == []
    assert threading.active_count() <= before + 2
    released.set()


def test_store_is_not_asked_again_while_its_answer_is_fresh(
    store: MemoryStore, spool: Spool
) -> None:
    now = 0.0
    recent = KnownVersions(lambda: History(store, SETTINGS), log=LOG, clock=lambda: now)
    send(store, spool, add(spool, "1"))
    recent.look(PATH)
    wait_for(looked(recent), what="the store's answer")
    calls = store.calls["list"]
    recent.look(PATH)
    assert store.calls["list"] == calls
    send(store, spool, add(spool, "2"))
    now = 60.0
    wait_for(lambda: len(recent.known(PATH)) == 2, what="the second version")


def test_failing_store_leaves_what_is_known(
    spool: Spool, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def fail() -> History:
        asked.set()
        raise OSError("away")

    recent = KnownVersions(fail, log=LOG)
    recent.saved(PATH, add(spool, "1"))
    assert len(recent.known(PATH)) == 1
    assert asked.wait(10)
    assert len(recent.known(PATH)) == 1


def test_only_so_many_notebooks_are_remembered(
    recent: KnownVersions, spool: Spool
) -> None:
    entry = add(spool, "1")
    for number in range(MOST_NOTEBOOKS + 1):
        recent.saved(f"{number}.ipynb", entry)
    assert recent.newest_save("0.ipynb") is None
    assert recent.newest_save(f"{MOST_NOTEBOOKS}.ipynb") is not None


def test_save_that_waits_is_reverted_to_without_the_store(spool: Spool) -> None:
    def fail() -> History:
        raise OSError("away")

    recent = KnownVersions(fail, log=LOG)
    entry = add(spool, "1")
    recent.saved(PATH, entry)
    found = find_reverted(
        PATH, f"s{entry.trailer.metadata.save_id}", recent=recent, spool=spool
    )
    assert found.data == b"1"
    assert found.origin.version_id == entry.trailer.metadata.save_id


def test_save_that_was_sent_is_reverted_to_by_its_version(
    recent: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    entry = add(spool, "1")
    recent.saved(PATH, entry)
    send(store, spool, entry)
    found = find_reverted(
        PATH, f"s{entry.trailer.metadata.save_id}", recent=recent, spool=spool
    )
    assert found.data == b"1"
    assert found.origin.version_id == "v0"


def test_save_of_which_no_version_was_made_is_found_by_its_content(
    recent: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    send(store, spool, add(spool, "1"))
    unchanged = add(spool, "1")
    recent.saved(PATH, unchanged)
    spool.done(unchanged)
    found = find_reverted(
        PATH, f"s{unchanged.trailer.metadata.save_id}", recent=recent, spool=spool
    )
    assert found.origin.version_id == "v0"


def test_unknown_checkpoint_is_not_found(
    recent: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    send(store, spool, add(spool, "1"))
    with pytest.raises(VersionNotFoundError, match="no such version"):
        find_reverted(PATH, "s0123", recent=recent, spool=spool)


def test_claims_of_trust_are_dropped_and_broken_notebooks_come_back_as_they_were(
    recent: KnownVersions, spool: Spool
) -> None:
    cell = '{"cell_type": "raw", "metadata": {"trusted": true}, "source": ""}'
    whole = (
        f'{{"nbformat": 4, "nbformat_minor": 4, "metadata": {{}}, "cells": [{cell}]}}'
    )
    for content, kind in ((whole, "notebook"), ("broken", "file")):
        entry = add(spool, content)
        recent.saved(PATH, entry)
        model = find_reverted(
            PATH, f"s{entry.trailer.metadata.save_id}", recent=recent, spool=spool
        ).model(PATH)
        assert model["type"] == kind
        assert "trusted" not in str(model["content"])
