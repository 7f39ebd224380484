"""Versions found by any of their names, and read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.errors import (
    NotFoundError,
    StorageError,
    TooLargeError,
    VersionNotFoundError,
)
from bookstore_core.history import History
from bookstore_core.history import thread as thread_module
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore
from bookstore_core.stores.local.store import LocalStore
from core.saving import SAVED_AT, Traits, save
from core.threads import KEY, OLD, PATH, found


def delete(store: Any, key: str, version_id: str | None = None) -> str:
    """Delete a version of S3 as a lifecycle rule does, or a key as a person does."""
    asked = store._asked(None, key, version_id)
    return str(store._connection.ask("delete_object", asked).get("VersionId", ""))


def test_versions_are_found_by_their_index(
    history: History, thread: list[Version]
) -> None:
    for index, version in enumerate(thread):
        path = PATH if index < 3 else "old.ipynb"
        assert found(history.find(PATH, f"@{index}")) == (path, version.version_id)
    assert found(history.find(PATH)) == (PATH, thread[0].version_id)


def test_an_index_before_the_first_version_is_not_found(
    history: History, thread: list[Version]
) -> None:
    for name in ("@5", "@999999999"):
        with pytest.raises(VersionNotFoundError, match="has 5 versions"):
            history.find(PATH, name)


def test_versions_are_found_by_their_id(
    history: History, thread: list[Version]
) -> None:
    for index, version in enumerate(thread):
        row = history.find(PATH, version.version_id)
        path = PATH if index < 3 else "old.ipynb"
        assert found(row) == (path, version.version_id)
        assert row.version.metadata == version.metadata
        assert row.version.is_latest is (index in (0, 3))


def test_versions_are_found_by_their_label(
    history: History, thread: list[Version], store: VersionStore
) -> None:
    store.set_label(KEY, thread[1].version_id, Label("before refactor"))
    store.set_label(OLD, thread[4].version_id, Label("größe 🙂"))
    store.set_label(OLD, thread[3].version_id, Label("@home"))
    row = history.find(PATH, "before refactor")
    assert found(row) == (PATH, thread[1].version_id)
    assert row.label is not None
    assert row.label.name == "before refactor"
    assert found(history.find(PATH, "größe 🙂")) == ("old.ipynb", thread[4].version_id)
    assert found(history.find(PATH, "@home")) == ("old.ipynb", thread[3].version_id)


def test_a_label_of_the_present_path_comes_before_one_of_the_old(
    history: History, thread: list[Version], store: VersionStore
) -> None:
    store.set_label(OLD, thread[4].version_id, Label("same"))
    store.set_label(KEY, thread[0].version_id, Label("same"))
    assert found(history.find(PATH, "same")) == (PATH, thread[0].version_id)


@pytest.mark.parametrize(
    "name", ["nope", "@", "@-1", "@x", "..", "a/b", "\0", "ü", " "]
)
def test_an_unknown_name_is_not_found(
    history: History, thread: list[Version], name: str
) -> None:
    with pytest.raises(VersionNotFoundError, match="no version or label"):
        history.find(PATH, name)


def test_the_version_before_another_is_found_through_all_names(
    history: History, thread: list[Version]
) -> None:
    for newer, older in pairwise(thread):
        before = history.before(history.find(PATH, newer.version_id))
        assert before is not None
        assert before.version.version_id == older.version_id
        assert before.version.metadata == older.metadata
    assert history.before(history.find(PATH, thread[-1].version_id)) is None


def test_delete_markers_are_not_before_a_version(s3_store: VersionStore) -> None:
    history = History(s3_store, BookstoreSettings())
    save(s3_store, key=KEY)
    delete(s3_store, KEY)
    delete(s3_store, KEY)
    save(s3_store, key=KEY)
    rows = history.page(PATH).rows  # of one second, markers come last
    kept = [row.version.version_id for row in rows if not row.version.deleted]
    assert len(kept) == 2
    for index, row in enumerate(rows):
        before = history.before(row)
        older = [r.version.version_id for r in rows[index + 1 :]]
        expected = next((known for known in older if known in kept), None)
        assert (before.version.version_id if before else None) == expected


def test_nothing_is_before_a_version_that_is_gone(s3_store: VersionStore) -> None:
    history = History(s3_store, BookstoreSettings())
    saved = save(s3_store, key=KEY), save(s3_store, key=KEY)
    row = history.find(PATH)
    delete(s3_store, KEY, saved[1].version_id)
    with pytest.raises(VersionNotFoundError, match="lifecycle rule"):
        history.before(row)


def test_the_version_before_another_is_found_behind_very_many(
    local: Traits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_module, "MAX_ROWS", 1)
    settings = BookstoreSettings(**local)
    store = LocalStore(settings)
    saved = [save(store, key=KEY) for _ in range(30)]
    history = History(store, settings)
    for newer, older in ((saved[28], saved[27]), (saved[1], saved[0])):
        row = history.find(PATH, newer.version_id)
        assert history.before(row) == history.find(PATH, older.version_id)


def test_versions_are_found_by_time(history: History, thread: list[Version]) -> None:
    def at(**later: float) -> tuple[str, str]:
        return found(history.at(PATH, SAVED_AT + timedelta(**later)))

    assert at(days=1) == (PATH, thread[0].version_id)
    assert at(hours=4) == (PATH, thread[0].version_id)
    assert at(hours=3.9) == (PATH, thread[1].version_id)
    assert at(hours=2) == (PATH, thread[2].version_id)
    assert at(hours=1.5) == ("old.ipynb", thread[3].version_id)
    assert at() == ("old.ipynb", thread[4].version_id)


def test_a_time_before_the_first_version_is_not_found(
    history: History, thread: list[Version]
) -> None:
    with pytest.raises(VersionNotFoundError, match="2026-11-23 at 18:32:25"):
        history.at(PATH, SAVED_AT - timedelta(seconds=1))


def test_a_version_is_opened_with_its_metadata(
    history: History, store: VersionStore
) -> None:
    saved = save(store, b"content", key=KEY)
    newer = save(store, b"newer", key=KEY)
    store.set_label(KEY, saved.version_id, Label("good"))
    for name in (saved.version_id, "@1", "good"):
        row, data = history.open(PATH, name)
        assert (found(row), data) == ((PATH, saved.version_id), b"content")
        assert row == history.find(PATH, name)
        assert row.label is not None
        assert row.version.metadata == saved.metadata
        assert row.version.is_latest is False
    for name in (newer.version_id, "@0", ""):
        row, data = history.open(PATH, name)
        assert (row, data) == (history.find(PATH, name), b"newer")
        assert row.version.is_latest is True


def test_a_version_is_read_by_any_of_its_names(
    history: History, thread: list[Version], store: VersionStore
) -> None:
    store.set_label(OLD, thread[4].version_id, Label("first"))
    for name in (thread[4].version_id, "@4", "first"):
        row, data = history.read(PATH, name)
        assert (found(row), data) == (("old.ipynb", thread[4].version_id), b"0")
        assert row.version.metadata == thread[4].metadata


def test_a_version_over_the_limit_is_not_read(
    history: History, store: VersionStore
) -> None:
    saved = save(store, b"x" * 101, key=KEY)
    for ask in (history.read, history.open):
        with pytest.raises(TooLargeError, match="max_notebook_size"):
            ask(PATH, saved.version_id)


def test_a_version_that_was_removed_is_reported(s3_store: VersionStore) -> None:
    history = History(s3_store, BookstoreSettings())
    saved, _ = save(s3_store, key=KEY), save(s3_store, key=KEY)
    delete(s3_store, KEY, saved.version_id)
    for ask in (history.read, history.find, history.open):
        with pytest.raises(VersionNotFoundError, match="lifecycle rule"):
            ask(PATH, saved.version_id)


def test_a_deleted_notebook_keeps_its_history(s3_store: VersionStore) -> None:
    history = History(s3_store, BookstoreSettings())
    old, new = save(s3_store, b"1", key=KEY), save(s3_store, b"2", key=KEY)
    marker = delete(s3_store, KEY)
    rows = history.page(PATH).rows
    shown = [(row.version.version_id, row.version.deleted) for row in rows]
    assert shown == [
        (marker, True),
        (new.version_id, False),
        (old.version_id, False),
    ]
    assert history.find(PATH).version.version_id == new.version_id
    assert history.find(PATH, "@1").version.version_id == old.version_id
    assert history.at(PATH, SAVED_AT).version.version_id == new.version_id
    with pytest.raises(VersionNotFoundError):
        history.read(PATH, marker)


def test_a_notebook_that_is_all_deleted_has_no_newest_version(
    s3_store: VersionStore,
) -> None:
    history = History(s3_store, BookstoreSettings())
    saved = save(s3_store, key=KEY)
    delete(s3_store, KEY)
    delete(s3_store, KEY, saved.version_id)
    assert [row.version.deleted for row in history.page(PATH).rows] == [True]
    for call in (lambda: history.find(PATH), lambda: history.at(PATH, SAVED_AT)):
        with pytest.raises(NotFoundError):
            call()


def test_versions_that_bookstore_did_not_write_are_listed(
    s3_store: VersionStore,
) -> None:
    store: Any = s3_store
    asked = store._asked(None, KEY)
    store._connection.ask("put_object", asked, Body=b"{}")
    [row] = History(store, BookstoreSettings()).page(PATH).rows
    assert (row.version.metadata, row.author, row.moved_from) == (None, "", "")
    assert row.saved_at == row.version.stored_at
    found_now = History(store, BookstoreSettings()).at(PATH, datetime.now(UTC))
    assert found_now.version.version_id == row.version.version_id


class Vanishing(LocalStore):
    """A store in which a lifecycle rule removes versions after each listing."""

    gone: tuple[str, ...] = ()

    def list_versions(self, key: str, **asked: Any) -> Any:
        page = super().list_versions(key, **asked)
        for path in Path(self.location).rglob("*"):
            if path.name.startswith(self.gone):
                path.unlink()
        return page


def test_a_version_removed_during_a_listing_is_left_out(local: Traits) -> None:
    settings = BookstoreSettings(**local)
    store = Vanishing(settings)
    saved = [save(store, key=KEY) for _ in range(3)]
    store.gone = (saved[1].version_id,)
    rows = History(store, settings).page(PATH).rows
    assert [row.version.version_id for row in rows] == [
        saved[2].version_id,
        saved[0].version_id,
    ]


def test_a_version_whose_content_is_missing_does_not_hide_the_others(
    local_store: VersionStore,
) -> None:
    saved = [save(local_store, b"12345", key=KEY) for _ in range(3)]
    for path in Path(local_store.location).rglob(f"{saved[1].version_id}.ipynb"):
        path.unlink()
    history = History(local_store, BookstoreSettings())
    rows = history.page(PATH).rows
    assert [row.version.size for row in rows] == [5, 5, 5]
    assert all(row.version.metadata for row in rows)
    with pytest.raises(StorageError, match="missing"):
        history.read(PATH, saved[1].version_id)
