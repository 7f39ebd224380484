"""Paths that one notebook leaves and another one gets: each has its own history."""

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bookstore_core.errors import NotFoundError, VersionNotFoundError
from bookstore_core.history import History
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore
from core.saving import SAVED_AT, metadata_for

NOTE = note_key("workspace/Untitled.ipynb")


@pytest.fixture
def history(store: VersionStore) -> History:
    return History(store, BookstoreSettings(max_threads=4))


class Shelf:
    """Saves and renames notebooks as a notebook server does, a second apart."""

    def __init__(self, store: VersionStore) -> None:
        self.store = store
        self._seconds = 0

    def plan(
        self, path: str, text: str, *, key: str = "", **known: Any
    ) -> Callable[[], Version]:
        """Save now; what is returned stores it."""
        self._seconds += 1
        saved_at = SAVED_AT + timedelta(seconds=self._seconds)
        data = text.encode()
        return lambda: self.store.put(
            key or f"workspace/{path}",
            io.BytesIO(data),
            size=len(data),
            metadata=replace(metadata_for(data, **known), saved_at=saved_at),
        )

    def save(self, path: str, text: str, **known: Any) -> Version:
        return self.plan(path, text, **known)()

    def rename(self, old: str, new: str, text: str) -> Version:
        seam = self.save(new, text, moved_from=old)
        self.save("", write_note(new).decode(), key=note_key(f"workspace/{old}"))
        return seam


@pytest.fixture
def shelf(store: VersionStore) -> Shelf:
    return Shelf(store)


def texts(history: History, path: str, *, limit: int = 50) -> list[str]:
    """Return the contents of all versions of a notebook, oldest first."""
    found: list[str] = []
    cursor = None
    while True:
        page = history.page(path, cursor=cursor, limit=limit)
        for row in page.rows:
            found.append(history.read(row.path, row.version.version_id)[1].decode())
        if (cursor := page.cursor) is None:
            return found[::-1]


def make_alpha_and_beta(shelf: Shelf) -> None:
    """Create Untitled and rename it to alpha, and then another one to beta."""
    shelf.save("Untitled.ipynb", "a1")
    shelf.save("Untitled.ipynb", "a2")
    shelf.rename("Untitled.ipynb", "alpha.ipynb", "a2")
    shelf.save("alpha.ipynb", "a3")
    shelf.save("Untitled.ipynb", "b1")
    shelf.rename("Untitled.ipynb", "beta.ipynb", "b1")
    shelf.save("beta.ipynb", "b2")


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_next_notebook_at_a_path_has_its_own_history(
    history: History, shelf: Shelf, limit: int
) -> None:
    make_alpha_and_beta(shelf)
    assert texts(history, "beta.ipynb", limit=limit) == ["b1", "b1", "b2"]
    assert texts(history, "alpha.ipynb", limit=limit) == ["a1", "a2", "a2", "a3"]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_third_notebook_that_is_still_there_has_its_own_history(
    history: History, shelf: Shelf, limit: int
) -> None:
    make_alpha_and_beta(shelf)
    shelf.save("Untitled.ipynb", "c1")
    shelf.save("Untitled.ipynb", "c2")
    assert texts(history, "Untitled.ipynb", limit=limit) == ["c1", "c2"]


def test_what_other_notebooks_left_at_the_path_is_offered_as_earlier(
    history: History, shelf: Shelf
) -> None:
    make_alpha_and_beta(shelf)
    shelf.save("Untitled.ipynb", "c1")
    page = history.page("Untitled.ipynb")
    found = []
    while page.earlier is not None:
        page = history.page("Untitled.ipynb", cursor=page.earlier)
        found.append(
            [history.read(r.path, r.version.version_id)[1].decode() for r in page.rows]
        )
    assert found == [["b1"], ["a2", "a1"]]


def test_a_path_without_a_notebook_shows_the_one_that_left_last(
    history: History, shelf: Shelf
) -> None:
    make_alpha_and_beta(shelf)
    assert texts(history, "Untitled.ipynb") == ["b1"]


def test_positions_and_times_count_only_the_notebook_itself(
    history: History, shelf: Shelf
) -> None:
    make_alpha_and_beta(shelf)
    assert history.read("beta.ipynb", "@2")[1] == b"b1"
    with pytest.raises(VersionNotFoundError):
        history.read("beta.ipynb", "@3")
    with pytest.raises(VersionNotFoundError):
        history.at("beta.ipynb", SAVED_AT + timedelta(seconds=2))
    first = history.find("beta.ipynb", "@2")
    assert history.before(first) is None


def test_labels_of_the_other_notebook_are_not_found(
    history: History, shelf: Shelf, store: VersionStore
) -> None:
    version = shelf.save("Untitled.ipynb", "a1")
    store.set_label("workspace/Untitled.ipynb", version.version_id, Label("good"))
    shelf.rename("Untitled.ipynb", "alpha.ipynb", "a1")
    shelf.save("Untitled.ipynb", "b1")
    assert history.find("alpha.ipynb", "good").version.version_id == version.version_id
    with pytest.raises(NotFoundError):
        history.find("Untitled.ipynb", "good")
    assert history.page("Untitled.ipynb", q="good").rows == ()


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_saves_of_the_next_notebook_that_are_stored_before_the_seam_are_its_own(
    history: History, shelf: Shelf, limit: int
) -> None:
    shelf.save("Untitled.ipynb", "a1")
    seam = shelf.plan("alpha.ipynb", "a1", moved_from="Untitled.ipynb")
    note = shelf.plan("", write_note("alpha.ipynb").decode(), key=NOTE)
    shelf.save("Untitled.ipynb", "b1")
    shelf.save("Untitled.ipynb", "b2")
    seam()
    note()
    assert texts(history, "alpha.ipynb", limit=limit) == ["a1", "a1"]
    assert texts(history, "Untitled.ipynb", limit=limit) == ["b1", "b2"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_swapped_names_keep_their_histories(
    history: History, shelf: Shelf, limit: int
) -> None:
    shelf.save("a.ipynb", "a1")
    shelf.save("b.ipynb", "b1")
    shelf.rename("a.ipynb", "tmp.ipynb", "a1")
    shelf.rename("b.ipynb", "a.ipynb", "b1")
    shelf.rename("tmp.ipynb", "b.ipynb", "a1")
    shelf.save("a.ipynb", "b2")
    shelf.save("b.ipynb", "a2")
    assert texts(history, "b.ipynb", limit=limit) == ["a1", "a1", "a1", "a2"]
    assert texts(history, "a.ipynb", limit=limit) == ["b1", "b1", "b2"]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_notebook_renamed_there_and_back_keeps_its_history(
    history: History, shelf: Shelf, limit: int
) -> None:
    shelf.save("a.ipynb", "1")
    shelf.rename("a.ipynb", "b.ipynb", "1")
    shelf.save("b.ipynb", "2")
    shelf.rename("b.ipynb", "a.ipynb", "2")
    shelf.save("a.ipynb", "3")
    assert texts(history, "a.ipynb", limit=limit) == ["1", "1", "2", "2", "3"]
