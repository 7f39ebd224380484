"""Versions searched by their labels, under all names of a notebook."""

import pytest

from bookstore_core.errors import (
    InvalidRequestError,
)
from bookstore_core.history import History
from bookstore_core.stores import Label, Version, VersionStore
from core.saving import save
from core.threads import KEY, OLD, PATH, found


def labels_found(history: History, q: str) -> list[tuple[str, str]]:
    names: list[tuple[str, str]] = []
    cursor = None
    for _ in range(50):
        page = history.page(PATH, q=q, limit=2, cursor=cursor)
        assert len(page.rows) <= 2
        names += [(row.path, row.label.name) for row in page.rows if row.label]
        cursor = page.cursor
        if cursor is None:
            return names
    raise AssertionError("the search does not end")


def test_labelled_versions_are_searched_through_all_names(
    history: History, thread: list[Version], store: VersionStore
) -> None:
    for index, name in ((0, "Größe two"), (1, "other"), (2, "Größe one")):
        store.set_label(KEY, thread[index].version_id, Label(name))
    store.set_label(OLD, thread[3].version_id, Label("x", comment="die größe"))
    expected = [(PATH, "Größe two"), (PATH, "Größe one"), ("old.ipynb", "x")]
    assert sorted(labels_found(history, "GRÖSSE")) == sorted(expected)
    assert labels_found(history, "größe")[-1] == ("old.ipynb", "x")
    assert labels_found(history, "nothing") == []


def test_a_search_finds_an_old_label_among_many_versions_at_once(
    history: History, store: VersionStore
) -> None:
    first = save(store, key=KEY)
    for _ in range(20):
        save(store, key=KEY)
    store.set_label(KEY, first.version_id, Label("first"))
    [row] = history.page(PATH, q="first", limit=5).rows
    assert found(row) == (PATH, first.version_id)
    assert row.version.metadata == first.metadata


def test_a_search_shows_each_version_once_after_a_rename_there_and_back(
    history: History, store: VersionStore
) -> None:
    for number, (key, old) in enumerate(
        [(KEY, ""), (OLD, PATH), (KEY, "old.ipynb"), (OLD, PATH), (KEY, "old.ipynb")]
    ):
        saved = save(store, key=key, moved_from=old)
        store.set_label(key, saved.version_id, Label(f"label {number}"))
    found_names = [name for _, name in labels_found(history, "label")]
    assert sorted(found_names) == [f"label {number}" for number in range(5)]


def test_a_search_with_a_made_up_cursor_is_refused(
    history: History, thread: list[Version]
) -> None:
    with pytest.raises(InvalidRequestError):
        history.page(PATH, q="x", cursor="x")
