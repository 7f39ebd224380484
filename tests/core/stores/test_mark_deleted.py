"""Marking a key as deleted: the contract, tested on each kind of store."""

from pathlib import Path

import pytest

from bookstore_core.errors import NotFoundError, VersionNotFoundError
from bookstore_core.stores import Version, VersionStore
from core.saving import KEY, contents_of, save, versions_one_by_one

FOLDER = "workspace/ann/"


@pytest.fixture
def saved(store: VersionStore) -> list[Version]:
    return [save(store, b"old"), save(store, b"new")]


def keys_of(store: VersionStore) -> list[str]:
    walked = [version.key for version in store.walk_keys("workspace").keys]
    listed = [version.key for version in store.list_keys(FOLDER).keys]
    assert walked == listed
    return walked


def test_a_deleted_key_is_not_listed(store: VersionStore, saved: list[Version]) -> None:
    assert keys_of(store) == [KEY]
    store.mark_deleted(KEY)
    assert keys_of(store) == []


def test_a_folder_without_other_keys_is_not_listed(local_store: VersionStore) -> None:
    save(local_store)
    assert local_store.list_keys("workspace").folders == (FOLDER,)
    local_store.mark_deleted(KEY)
    assert local_store.list_keys("workspace").folders == ()


def test_the_marker_is_the_newest_version(
    store: VersionStore, saved: list[Version]
) -> None:
    marker = store.mark_deleted(KEY)
    assert (marker.key, marker.deleted, marker.is_latest) == (KEY, True, True)
    rows = versions_one_by_one(store)
    ids = [marker.version_id, *(version.version_id for version in saved[::-1])]
    assert [row.version_id for row in rows] == ids
    assert [row.deleted for row in rows] == [True, False, False]
    assert [row.is_latest for row in rows] == [True, False, False]
    assert abs((rows[0].stored_at - saved[1].stored_at).total_seconds()) < 60


def test_older_versions_are_still_read_by_their_id(
    store: VersionStore, saved: list[Version]
) -> None:
    store.mark_deleted(KEY)
    assert store.head(KEY, saved[1].version_id).metadata == saved[1].metadata
    with store.open(KEY, saved[0].version_id) as opened:
        assert opened.read(10) == b"old"


def test_a_deleted_key_has_no_newest_version(
    store: VersionStore, saved: list[Version]
) -> None:
    store.mark_deleted(KEY)
    with pytest.raises(NotFoundError):
        store.head(KEY)
    with pytest.raises(NotFoundError):
        store.open(KEY)


def test_a_marker_has_no_content(store: VersionStore, saved: list[Version]) -> None:
    marker = store.mark_deleted(KEY)
    with pytest.raises(VersionNotFoundError):
        store.head(KEY, marker.version_id)
    with pytest.raises(VersionNotFoundError):
        store.open(KEY, marker.version_id)


def test_the_next_version_brings_the_key_back(
    store: VersionStore, saved: list[Version]
) -> None:
    store.mark_deleted(KEY)
    again = save(store, b"again")
    assert keys_of(store) == [KEY]
    assert store.head(KEY).version_id == again.version_id
    rows = versions_one_by_one(store)
    assert [row.deleted for row in rows] == [False, True, False, False]


def test_a_key_without_versions_cannot_be_deleted(store: VersionStore) -> None:
    with pytest.raises(NotFoundError):
        store.mark_deleted(KEY)
    save(store)
    store.mark_deleted(KEY)
    with pytest.raises(NotFoundError):
        store.mark_deleted(KEY)
    assert len(store.list_versions(KEY).versions) == 2


def test_other_keys_stay(store: VersionStore, saved: list[Version]) -> None:
    longer = KEY + "x"
    save(store, key=longer)
    store.mark_deleted(KEY)
    assert keys_of(store) == [longer]
    assert contents_of(store, longer) == [b"{}"]


def test_the_local_store_keeps_what_older_releases_read(
    local_store: VersionStore,
) -> None:
    saved = save(local_store, b"kept")
    before = set(Path(local_store.location).rglob("*"))
    marker = local_store.mark_deleted(KEY)
    [added] = set(Path(local_store.location).rglob("*")) - before
    # They know versions by the ending `.meta.json`, and ignore other files.
    assert added.name == f"{marker.version_id}.deleted.json"
    assert added.stat().st_mode & 0o777 == 0o600
    assert (added.parent / f"{saved.version_id}.meta.json").exists()
