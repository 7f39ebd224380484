"""The contract of VersionStore.remove_versions, on each kind of store with keys."""

import pytest

from bookstore_core.errors import ConflictError, ForbiddenError, VersionNotFoundError
from bookstore_core.stores import Label, Version, VersionStore, base
from core.saving import KEY, all_versions, contents_of, save
from harness.memory_store import MemoryStore


@pytest.fixture
def store(own_store: VersionStore) -> VersionStore:
    return own_store


def save_numbers(store: VersionStore, count: int) -> list[Version]:
    return [save(store, b"%d" % number) for number in range(count)]


def ids_of(store: VersionStore) -> list[str]:
    return [version.version_id for version in all_versions(store, KEY)]


def test_removed_versions_are_gone_and_all_others_stay(store: VersionStore) -> None:
    saved = save_numbers(store, 9)
    removal = store.remove_versions(KEY, [*saved[1:5], saved[7]])
    assert set(removal.removed) == {v.version_id for v in (*saved[1:5], saved[7])}
    assert not removal.locked
    assert contents_of(store) == [b"8", b"6", b"5", b"0"]
    for gone in saved[1:5]:
        with pytest.raises(VersionNotFoundError):
            store.head(KEY, gone.version_id)
    newest = store.head(KEY)
    assert newest.version_id == saved[8].version_id
    assert [row.key for row in store.list_keys("workspace/ann").keys] == [KEY]


def test_a_key_is_saved_and_pruned_by_turns(store: VersionStore) -> None:
    for turn in range(3):
        save_numbers(store, 4)
        store.remove_versions(KEY, all_versions(store, KEY)[1 : 4 + turn])
    assert contents_of(store) == [b"3", b"3"][:1]
    again = save(store, b"new")
    assert ids_of(store)[0] == again.version_id


def test_a_dry_run_changes_nothing(store: VersionStore) -> None:
    saved = save_numbers(store, 3)
    removal = store.remove_versions(KEY, saved[:2], dry_run=True)
    assert set(removal.removed) == {v.version_id for v in saved[:2]}
    assert contents_of(store) == [b"2", b"1", b"0"]


def test_the_newest_version_is_never_removed(store: VersionStore) -> None:
    saved = save_numbers(store, 2)
    with pytest.raises(ConflictError, match="newest version"):
        store.remove_versions(KEY, saved)
    assert len(contents_of(store)) == 2


def test_versions_that_are_gone_do_not_matter(store: VersionStore) -> None:
    saved = save_numbers(store, 3)
    store.remove_versions(KEY, saved[:2])
    store.remove_versions(KEY, saved[:2])
    store.remove_versions("workspace/ann/unknown.ipynb", [])
    assert contents_of(store) == [b"2"]


def test_labels_of_what_is_left_are_found_after_a_removal(store: VersionStore) -> None:
    saved = save_numbers(store, 5)
    for version in saved[:3]:
        store.set_label(KEY, version.version_id, Label("sent"))
        store.set_label(KEY, version.version_id, None)
    store.set_label(KEY, saved[3].version_id, Label("kept"))
    store.remove_versions(KEY, saved[:3])
    assert [label.name for label in store.labels(KEY).values()] == ["kept"]
    assert [*store.labels_named(KEY, "kept")] == [saved[3].version_id]
    store.set_label(KEY, saved[4].version_id, Label("sent"))
    assert [*store.labels_named(KEY, "sent")] == [saved[4].version_id]


def test_a_listing_continues_while_versions_are_removed(store: VersionStore) -> None:
    saved = save_numbers(store, 6)
    page = store.list_versions(KEY, limit=2)
    store.remove_versions(KEY, saved[2:5])
    rest = store.list_versions(KEY, cursor=page.cursor).versions
    # Where the listing continued is gone; of the same second more may be repeated.
    assert [v.version_id for v in rest][-2:] == [v.version_id for v in saved[1::-1]]


def test_a_store_in_memory_removes_versions_too() -> None:
    store = MemoryStore()
    saved = save_numbers(store, 3)
    assert store.remove_versions(KEY, saved[:2]).freed == 2
    save(store, b"later")
    assert contents_of(store) == [b"later", b"2"]


def test_a_store_that_cannot_remove_versions_says_who_can() -> None:
    class Remote(MemoryStore):
        _remove = base.VersionStore._remove

    with pytest.raises(ForbiddenError, match="holds the store's keys can prune"):
        Remote().remove_versions(KEY, [])
