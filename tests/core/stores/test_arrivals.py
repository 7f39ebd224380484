"""Versions with an old path are announced at the notes of their key, on each store."""

import io
from datetime import timedelta

import pytest

from bookstore_core.errors import NotFoundError, StorageUnavailableError
from bookstore_core.history.departures import open_note
from bookstore_core.moved_notes import MAX_NOTE, note_key, read_note, write_note
from bookstore_core.stores import VersionStore
from bookstore_core.stores.arrivals import announced_by, is_arrival
from core.saving import KEY, SAVED_AT, metadata_for, save
from harness.memory_store import MemoryStore, fail_with

PLACE = note_key(KEY)


def test_a_version_that_was_moved_is_announced(store: VersionStore) -> None:
    saved = save(store, moved_from="old/mine.ipynb", saved_at=SAVED_AT)
    (arrival,) = store.list_versions(PLACE).versions
    assert is_arrival(arrival)
    known = store.head(PLACE, arrival.version_id)
    announced = announced_by(known)
    assert announced is not None
    assert saved.metadata is not None
    assert announced.save_id == saved.metadata.save_id
    assert (announced.saved_at, announced.moved_from) == (SAVED_AT, "old/mine.ipynb")
    # Releases that take it for a departure find that the save is newer.
    assert known.saved_at == SAVED_AT - timedelta(microseconds=1)


def test_other_versions_are_not_announced(store: VersionStore) -> None:
    save(store)
    assert store.list_versions(PLACE).versions == ()


def test_each_version_says_that_its_release_announces(store: VersionStore) -> None:
    saved = save(store)
    assert store.head(KEY, saved.version_id).announces
    with store.open(KEY, saved.version_id) as opened:
        assert opened.version.announces
    assert not store.list_versions(KEY).versions[0].announces


def test_a_version_is_announced_before_it_is_written_and_once() -> None:
    store = MemoryStore()
    down = StorageUnavailableError("It is down.")
    metadata = metadata_for(moved_from="old.ipynb")
    store.before = [lambda _: None, fail_with(down)]
    with pytest.raises(StorageUnavailableError):
        store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata)
    assert [list(store.versions), len(store.versions[PLACE])] == [[PLACE], 1]
    for _ in range(2):
        store.before = [fail_with(down)]
        with pytest.raises(StorageUnavailableError):
            store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata)
    store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata)
    assert (len(store.versions[PLACE]), len(store.versions[KEY])) == (1, 1)


def test_a_version_is_written_if_its_key_is_too_long_to_announce_it(
    store: VersionStore,
) -> None:
    key = "/".join(["workspace", *["x" * 200] * 4, "y" * 195 + ".ipynb"])
    saved = save(store, key=key, moved_from="old.ipynb")
    assert store.head(key, saved.version_id).metadata == saved.metadata


@pytest.mark.parametrize("late", [False, True])
def test_the_note_of_a_departure_is_found_beside_arrivals(
    store: VersionStore, late: bool
) -> None:
    def arrive() -> None:
        save(store, moved_from="first.ipynb", saved_at=SAVED_AT)

    def leave() -> None:
        note = write_note("third.ipynb")
        save(store, note, key=PLACE, saved_at=SAVED_AT + timedelta(seconds=1))

    # They are sent at their own times, because their keys differ.
    for act in (leave, arrive) if late else (arrive, leave):
        act()
    with open_note(store, KEY) as opened:
        assert read_note(opened.read(MAX_NOTE)) == "third.ipynb"


def test_a_path_that_no_notebook_has_left_has_no_note(store: VersionStore) -> None:
    for _ in range(2):
        with pytest.raises(NotFoundError):
            open_note(store, KEY)
        save(store, moved_from="first.ipynb")
