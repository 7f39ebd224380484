"""The newest versions that a server knows: they are listed without waiting."""

import threading
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from archiver.conftest import LOG
from bookstore_archiver.known_versions import MAX_NOTEBOOKS, KnownVersions
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
def versions(store: MemoryStore) -> KnownVersions:
    return KnownVersions(lambda: History(store, SETTINGS), log=LOG)


def add(spool: Spool, content: str, path: str = PATH, **provenance: str) -> Entry:
    return spool.add(
        BytesSource(content.encode()),
        key=f"workspace/{path}",
        author="ann",
        source_path=path,
        provenance=Provenance(**provenance),  # type: ignore[arg-type]
    )


def send(store: MemoryStore, spool: Spool, entry: Entry) -> None:
    with spool.open(entry) as file:
        data = file.read(entry.trailer.size)
    metadata = entry.trailer.metadata
    store.put(entry.key, BytesIO(data), size=len(data), metadata=metadata)
    spool.done(entry)


def shas(versions: KnownVersions, path: str = PATH) -> list[str]:
    return [version.sha256 for version in versions.known(path)]


def asking() -> bool:
    return any(thread.name == "bookstore-versions" for thread in threading.enumerate())


def looked(versions: KnownVersions, path: str = PATH) -> Callable[[], bool]:
    return lambda: any(version.version_id for version in versions.known(path))


def test_own_saves_are_known_at_once_the_newest_first(
    versions: KnownVersions, spool: Spool
) -> None:
    entries = [add(spool, content) for content in "123"]
    for entry in entries:
        versions.saved(PATH, entry)
    assert shas(versions) == [entry.trailer.metadata.sha256 for entry in entries[::-1]]


def test_versions_of_the_store_are_known_after_a_query(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    entries = [add(spool, content) for content in "123"]
    for entry in entries[:2]:
        send(store, spool, entry)
    versions.saved(PATH, entries[1])
    versions.saved(PATH, entries[2])
    versions.refresh(PATH)
    wait_for(looked(versions), what="the store's answer")
    assert shas(versions) == [entry.trailer.metadata.sha256 for entry in entries[::-1]]


def test_repeated_content_is_listed_once_and_ten_are_listed(
    versions: KnownVersions, spool: Spool
) -> None:
    for content in ["a", "b", "b", "a", "a", *range(12), 11]:
        versions.saved(PATH, add(spool, str(content)))
    assert len(shas(versions)) == 10
    assert len(set(shas(versions))) == 10


def test_own_saves_that_were_skipped_are_not_listed_any_more(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    left_out, newest = add(spool, "1"), add(spool, "2")
    versions.saved(PATH, left_out)
    versions.saved(PATH, newest)
    spool.done(left_out)
    send(store, spool, newest)
    versions.refresh(PATH)
    wait_for(looked(versions), what="the store's answer")
    assert shas(versions) == [newest.trailer.metadata.sha256]


def test_renamed_notebook_keeps_what_is_known(
    versions: KnownVersions, spool: Spool
) -> None:
    entry = add(spool, "1")
    versions.saved(PATH, entry)
    versions.moved(PATH, "b.ipynb", at=entry.trailer.metadata.saved_at)
    (version,) = versions.known("b.ipynb")
    assert version.path == PATH
    assert checkpoint_id(version) == f"s{entry.trailer.metadata.save_id}"


def test_next_notebook_at_a_path_has_no_versions_of_the_one_that_left(
    versions: KnownVersions, spool: Spool
) -> None:
    first = add(spool, "1")
    versions.saved(PATH, first)
    versions.moved(PATH, "b.ipynb", at=first.trailer.metadata.saved_at)
    assert versions.all_known(PATH) == []
    entry = add(spool, "2")
    versions.saved(PATH, entry)
    assert [known.save_id for known in versions.all_known(PATH)] == [
        entry.trailer.metadata.save_id
    ]


def test_hanging_store_is_queried_by_two_threads_and_delays_nothing(
    store: MemoryStore,
) -> None:
    released = threading.Event()

    def hang() -> History:
        released.wait(60)
        return History(store, SETTINGS)

    versions = KnownVersions(hang, log=LOG)
    before = threading.active_count()
    for number in range(50):
        assert versions.known(f"{number}.ipynb") == []
    assert threading.active_count() <= before + 2
    released.set()


def test_store_is_not_queried_again_while_its_answer_is_fresh(
    store: MemoryStore, spool: Spool
) -> None:
    now = 0.0
    versions = KnownVersions(
        lambda: History(store, SETTINGS), log=LOG, clock=lambda: now
    )
    send(store, spool, add(spool, "1"))
    versions.refresh(PATH)
    wait_for(looked(versions), what="the store's answer")
    calls = store.calls["list"]
    versions.refresh(PATH)
    assert store.calls["list"] == calls
    send(store, spool, add(spool, "2"))
    now = 60.0
    wait_for(lambda: len(versions.known(PATH)) == 2, what="the second version")


def test_failing_store_leaves_what_is_known(
    spool: Spool, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def fail() -> History:
        asked.set()
        raise OSError("away")

    versions = KnownVersions(fail, log=LOG)
    versions.saved(PATH, add(spool, "1"))
    assert len(versions.known(PATH)) == 1
    assert asked.wait(60)
    assert len(versions.known(PATH)) == 1


def test_number_of_cached_notebooks_is_limited(
    versions: KnownVersions, spool: Spool
) -> None:
    entry = add(spool, "1")
    for number in range(MAX_NOTEBOOKS + 1):
        versions.saved(f"{number}.ipynb", entry)
    assert versions.newest_save("0.ipynb") is None
    assert versions.newest_save(f"{MAX_NOTEBOOKS}.ipynb") is not None


def test_waiting_save_is_restored_without_the_store(spool: Spool) -> None:
    def fail() -> History:
        raise OSError("away")

    versions = KnownVersions(fail, log=LOG)
    entry = add(spool, "1")
    versions.saved(PATH, entry)
    found = find_reverted(
        PATH,
        f"s{entry.trailer.metadata.save_id}",
        known_versions=versions,
        spool=spool,
    )
    assert found.data == b"1"
    assert found.origin.version_id == entry.trailer.metadata.save_id


def test_save_that_was_sent_is_restored_from_its_version(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    entry = add(spool, "1")
    versions.saved(PATH, entry)
    send(store, spool, entry)
    found = find_reverted(
        PATH,
        f"s{entry.trailer.metadata.save_id}",
        known_versions=versions,
        spool=spool,
    )
    assert found.data == b"1"
    assert found.origin.version_id == "v0"


def test_save_that_became_no_version_is_found_by_its_content(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    send(store, spool, add(spool, "1"))
    unchanged = add(spool, "1")
    versions.saved(PATH, unchanged)
    spool.done(unchanged)
    found = find_reverted(
        PATH,
        f"s{unchanged.trailer.metadata.save_id}",
        known_versions=versions,
        spool=spool,
    )
    assert found.origin.version_id == "v0"


def test_false_sha256_does_not_hide_the_content_of_a_checkpoint(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    entry = add(spool, "1")
    send(store, spool, entry)
    metadata = replace(entry.trailer.metadata, save_id="0123456789abcdef")
    for content in (b"2", b"more"):
        store.put(KEY, BytesIO(content), size=len(content), metadata=metadata)
    versions.refresh(PATH)
    wait_for(looked(versions), what="the store's answer")
    listed = versions.known(PATH)
    assert [version.size for version in listed] == [4, 1]
    found = find_reverted(
        PATH, checkpoint_id(listed[1]), known_versions=versions, spool=spool
    )
    assert (found.data, found.origin.version_id) == (b"1", "v0")


def test_unknown_checkpoint_is_not_found(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    send(store, spool, add(spool, "1"))
    with pytest.raises(VersionNotFoundError, match="no such version"):
        find_reverted(PATH, "s0123", known_versions=versions, spool=spool)


def test_marks_of_trust_are_removed_and_broken_notebooks_are_unchanged(
    versions: KnownVersions, spool: Spool
) -> None:
    cell = '{"cell_type": "raw", "metadata": {"trusted": true}, "source": ""}'
    whole = (
        f'{{"nbformat": 4, "nbformat_minor": 4, "metadata": {{}}, "cells": [{cell}]}}'
    )
    for content, kind in ((whole, "notebook"), ("broken", "file")):
        entry = add(spool, content)
        versions.saved(PATH, entry)
        model = find_reverted(
            PATH,
            f"s{entry.trailer.metadata.save_id}",
            known_versions=versions,
            spool=spool,
        ).model(PATH)
        assert model["type"] == kind
        assert "trusted" not in str(model["content"])


def test_the_next_notebook_at_a_path_has_none_of_the_versions_that_left(
    versions: KnownVersions, spool: Spool, store: MemoryStore
) -> None:
    first = add(spool, "1")
    send(store, spool, first)
    moved = add(spool, "1", "b.ipynb", moved_from=PATH)
    versions.moved(PATH, "b.ipynb", at=moved.trailer.metadata.saved_at)
    following = add(spool, "2")
    versions.saved(PATH, following)
    versions.refresh(PATH)
    wait_for(lambda: not asking(), what="an answer of before the move arrived")
    send(store, spool, moved)
    versions.refresh("b.ipynb")
    wait_for(looked(versions, "b.ipynb"), what="the store's answer")
    assert shas(versions) == [following.trailer.metadata.sha256]
    known = [version.sha256 for version in versions.all_known(PATH)]
    assert first.trailer.metadata.sha256 not in known


def test_a_notebook_that_comes_back_to_its_path_has_its_versions_again(
    versions: KnownVersions, spool: Spool
) -> None:
    entry = add(spool, "1")
    versions.saved(PATH, entry)
    at = entry.trailer.metadata.saved_at
    versions.moved(PATH, "b.ipynb", at=at)
    assert shas(versions) == []
    versions.moved("b.ipynb", PATH, at=at)
    assert shas(versions) == [entry.trailer.metadata.sha256]
