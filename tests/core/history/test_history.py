"""The history of a notebook, page by page, on each kind of store."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bookstore_core.errors import InvalidRequestError, NotFoundError
from bookstore_core.history import PUBLISHED, History, HistoryPage, HistoryRow
from bookstore_core.history.shelves import find_shelf
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionPage, VersionStore
from bookstore_core.stores.local.store import LocalStore
from core.saving import SAVED_AT, Traits, save

PATH = "ann/mine.ipynb"


@pytest.fixture
def settings() -> BookstoreSettings:
    return BookstoreSettings(max_threads=4)


@pytest.fixture
def history(store: VersionStore, settings: BookstoreSettings) -> History:
    return History(store, settings)


Save = Callable[..., Version]


@pytest.fixture
def save_at(store: VersionStore) -> Save:
    """Save a content at a path of the workspace."""

    def save_at(path: str, content: str = "{}", **known: Any) -> Version:
        return save(store, content.encode(), key=f"workspace/{path}", **known)

    return save_at


def shown(page: HistoryPage) -> list[tuple[str, str]]:
    return [(row.path, row.version.version_id) for row in page.rows]


def of(path: str, *versions: Version) -> list[tuple[str, str]]:
    return [(path, version.version_id) for version in versions]


def all_rows(
    history: History, path: str, *, limit: int, q: str = ""
) -> list[HistoryRow]:
    rows: list[HistoryRow] = []
    cursor = None
    for _ in range(100):
        page = history.page(path, cursor=cursor, limit=limit, q=q)
        assert len(page.rows) <= limit
        rows += page.rows
        cursor = page.cursor
        if cursor is None:
            return rows
    raise AssertionError("the history goes in a circle")


def test_versions_are_listed_newest_first_with_metadata(
    history: History, save_at: Save
) -> None:
    old, new = save_at(PATH, "1"), save_at(PATH, "22", author="ben", restored_from="v")
    page = history.page(PATH)
    assert shown(page) == of(PATH, new, old)
    assert (page.cursor, page.earlier) == (None, None)
    row = page.rows[0]
    assert (row.author, row.saved_at, row.restored_from) == ("ben", SAVED_AT, "v")
    assert (row.version.size, row.version.metadata) == (2, new.metadata)
    assert [row.version.is_latest for row in page.rows] == [True, False]


def test_labels_are_shown_with_their_versions(
    history: History, save_at: Save, store: VersionStore
) -> None:
    old, _ = save_at(PATH), save_at(PATH)
    store.set_label(f"workspace/{PATH}", old.version_id, Label("good"))
    names = [row.label and row.label.name for row in history.page(PATH).rows]
    assert names == [None, "good"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
def test_a_history_is_read_page_by_page(
    history: History, save_at: Save, limit: int
) -> None:
    saved = [save_at(PATH, str(number)) for number in range(7)]
    rows = all_rows(history, PATH, limit=limit)
    assert [row.version.version_id for row in rows] == [
        version.version_id for version in reversed(saved)
    ]


def test_a_version_saved_meanwhile_does_not_disturb_the_pages(
    history: History, save_at: Save
) -> None:
    saved = [save_at(PATH) for _ in range(4)]
    first = history.page(PATH, limit=2)
    save_at(PATH)
    second = history.page(PATH, limit=2, cursor=first.cursor)
    assert shown(first) + shown(second) == of(PATH, *reversed(saved))


def test_a_notebook_on_the_other_shelf_has_its_own_history(
    store: VersionStore, settings: BookstoreSettings, save_at: Save
) -> None:
    save_at(PATH)
    published = save(store, key=f"published/{PATH}")
    page = History(store, settings, shelf=PUBLISHED).page(PATH)
    assert shown(page) == of(PATH, published)


def test_shelves_have_names() -> None:
    assert find_shelf("published") is PUBLISHED
    assert find_shelf("").name == "workspace"
    with pytest.raises(InvalidRequestError, match="workspace or published"):
        find_shelf("attic")


# Seams


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_a_history_continues_under_the_old_path(
    history: History, save_at: Save, limit: int
) -> None:
    old = [save_at("old.ipynb", str(number)) for number in range(2)]
    moved = save_at("dir/new.ipynb", "moved", moved_from="old.ipynb")
    new = save_at("dir/new.ipynb", "new")
    rows = all_rows(history, "dir/new.ipynb", limit=limit)
    assert [(row.path, row.version.version_id) for row in rows] == [
        *of("dir/new.ipynb", new, moved),
        *of("old.ipynb", *reversed(old)),
    ]
    assert [row.moved_from for row in rows] == ["", "old.ipynb", "", ""]


def test_a_new_notebook_at_the_old_path_is_not_in_the_history(
    history: History, save_at: Save
) -> None:
    old = save_at("old.ipynb")
    moved = save_at("new.ipynb", moved_from="old.ipynb")
    # All within one second, the precision of S3.
    later = SAVED_AT + timedelta(milliseconds=1)
    others = [save_at("old.ipynb", str(n), saved_at=later) for n in range(3)]
    assert shown(history.page("new.ipynb")) == [
        *of("new.ipynb", moved),
        *of("old.ipynb", old),
    ]
    assert shown(history.page("old.ipynb")) == of("old.ipynb", *reversed(others), old)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_rename_there_and_back_keeps_the_order(
    history: History, save_at: Save, limit: int
) -> None:
    a1, a2 = save_at("a.ipynb"), save_at("a.ipynb")
    b1 = save_at("b.ipynb", moved_from="a.ipynb")
    b2 = save_at("b.ipynb")
    a3 = save_at("a.ipynb", moved_from="b.ipynb")
    a4 = save_at("a.ipynb")
    rows = all_rows(history, "a.ipynb", limit=limit)
    assert [(row.path, row.version.version_id) for row in rows] == [
        *of("a.ipynb", a4, a3),
        *of("b.ipynb", b2, b1),
        *of("a.ipynb", a2, a1),
    ]


def test_a_page_links_to_an_earlier_notebook_at_the_path(
    history: History, save_at: Save
) -> None:
    earlier = [save_at("new.ipynb", str(number)) for number in range(3)]
    old = save_at("old.ipynb")
    moved = save_at("new.ipynb", moved_from="old.ipynb")
    page = history.page("new.ipynb")
    assert shown(page) == [*of("new.ipynb", moved), *of("old.ipynb", old)]
    assert page.earlier is not None
    before = history.page("new.ipynb", cursor=page.earlier)
    assert shown(before) == of("new.ipynb", *reversed(earlier))


@pytest.mark.parametrize("limit", [1, 2])
def test_the_page_with_the_seam_links_to_an_earlier_notebook(
    history: History, save_at: Save, limit: int
) -> None:
    earlier = save_at("new.ipynb")
    save_at("old.ipynb")
    save_at("new.ipynb", moved_from="old.ipynb")
    page = history.page("new.ipynb", limit=limit)
    assert page.earlier is not None
    before = history.page("new.ipynb", cursor=page.earlier)
    assert shown(before) == of("new.ipynb", earlier)


def test_without_an_earlier_notebook_there_is_no_link(
    history: History, save_at: Save
) -> None:
    save_at("old.ipynb")
    save_at("new.ipynb", moved_from="old.ipynb")
    save_at("new.ipynb.ipynb")
    for limit in (1, 2, 3):
        assert history.page("new.ipynb", limit=limit).earlier is None


def test_a_rename_there_and_back_makes_no_earlier_notebook(
    history: History, save_at: Save
) -> None:
    save_at("a.ipynb")
    save_at("b.ipynb", moved_from="a.ipynb")
    save_at("a.ipynb", moved_from="b.ipynb")
    assert history.page("a.ipynb").earlier is None


def test_a_moved_notebook_without_older_versions_begins_there(
    history: History, save_at: Save
) -> None:
    moved = save_at("new.ipynb", moved_from="never-archived.ipynb")
    assert shown(history.page("new.ipynb")) == of("new.ipynb", moved)


@pytest.mark.parametrize("moved_from", ["../x.ipynb", "/", "a//b", "a\0b", PATH])
def test_an_invalid_seam_is_ignored(
    history: History, save_at: Save, moved_from: str
) -> None:
    saved = [save_at(PATH), save_at(PATH, moved_from=moved_from), save_at(PATH)]
    assert shown(history.page(PATH)) == of(PATH, *reversed(saved))


def test_a_circle_of_seams_ends(history: History, save_at: Save) -> None:
    for path, old in [("a.ipynb", "b.ipynb"), ("b.ipynb", "a.ipynb")] * 5:
        save_at(path, moved_from=old)
    rows = all_rows(history, "b.ipynb", limit=3)
    assert len(rows) == len({row.version.version_id for row in rows}) == 10


# Bad input


@pytest.mark.parametrize("path", ["", "/", "../a", "a/./b", "a//b", "\0", "x" * 1025])
def test_an_invalid_path_is_refused(history: History, path: str) -> None:
    with pytest.raises(InvalidRequestError):
        history.page(path)
    with pytest.raises(InvalidRequestError):
        history.find(path)
    with pytest.raises(InvalidRequestError):
        history.at(path, SAVED_AT)
    with pytest.raises(InvalidRequestError):
        history.read(path, "v")
    with pytest.raises(InvalidRequestError):
        history.open(path, "v")


def test_an_unknown_path_is_not_found(history: History, save_at: Save) -> None:
    save_at(PATH)
    for call in (
        lambda: history.page("ann"),
        lambda: history.page("none.ipynb"),
        lambda: history.page("none.ipynb", q="x"),
        lambda: history.find("none.ipynb", "@3"),
        lambda: history.find("none.ipynb", "label"),
        lambda: history.at("none.ipynb", SAVED_AT),
    ):
        with pytest.raises(NotFoundError, match="There are no versions of"):
            call()


@pytest.mark.parametrize(
    "cursor", ["", "x", "€", "\ud800", "WyJ4IiwieSJd", "bnVsbA==", "e30="]
)
def test_a_made_up_cursor_is_refused(
    history: History, save_at: Save, cursor: str
) -> None:
    save_at(PATH)
    with pytest.raises(InvalidRequestError, match="cursor"):
        history.page(PATH, cursor=cursor)


def test_a_cursor_of_another_notebook_is_refused(
    history: History, save_at: Save
) -> None:
    for path in (PATH, PATH, "other.ipynb"):
        save_at(path)
    cursor = history.page(PATH, limit=1).cursor
    assert cursor is not None
    with pytest.raises(InvalidRequestError, match="cursor"):
        history.page("other.ipynb", cursor=cursor)


def test_an_invalid_limit_becomes_the_nearest_valid_one(
    history: History, save_at: Save
) -> None:
    save_at(PATH)
    save_at(PATH)
    assert len(history.page(PATH, limit=-1).rows) == 1
    assert len(history.page(PATH, limit=10**9).rows) == 2


# Everything at once


class Coarse(LocalStore):
    """A store that records times in seconds, as S3 does."""

    def list_versions(self, *words: Any, **asked: Any) -> VersionPage:
        page = super().list_versions(*words, **asked)
        return replace(page, versions=tuple(map(in_seconds, page.versions)))


def in_seconds(version: Version) -> Version:
    return replace(version, stored_at=version.stored_at.replace(microsecond=0))


class Clock:
    """A clock that advances at every call, by a random step."""

    def __init__(self, chance: random.Random, step: float) -> None:
        self._chance, self._step, self._now = chance, step, SAVED_AT

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=self._step * self._chance.random() + 1e-5)
        return self._now


@pytest.mark.parametrize("step", [0.001, 0.3, 2])
@pytest.mark.parametrize("kind", [LocalStore, Coarse])
@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_saved_renamed_and_removed_the_thread_is_kept(
    local: Traits, kind: type[LocalStore], seed: int, step: float
) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same in each run
    settings = BookstoreSettings(**local, max_threads=1)
    clock = Clock(chance, step)
    store = kind(settings, now=clock)
    paths = ["a.ipynb", "b.ipynb", "c.ipynb", "d/a.ipynb"][: chance.randint(2, 4)]
    threads: dict[str, list[tuple[str, str]]] = {}

    def put(path: str, older: list[tuple[str, str]], moved_from: str = "") -> None:
        key = f"workspace/{path}"
        saved = save(store, key=key, saved_at=clock(), moved_from=moved_from)
        threads[path] = [(path, saved.version_id), *older]

    for _ in range(40):
        wish = chance.random()
        free = [path for path in paths if path not in threads]
        if wish < 0.5 or not threads:
            path = chance.choice(paths)
            put(path, threads.get(path, []))
        elif wish < 0.9 and free:
            old = chance.choice(list(threads))
            put(chance.choice(free), threads.pop(old), moved_from=old)
        else:
            del threads[chance.choice(list(threads))]

    history = History(store, settings)
    for path, expected in threads.items():
        for limit in (1, 3, 50):
            rows = all_rows(history, path, limit=limit)
            found = [(row.path, row.version.version_id) for row in rows]
            # An earlier notebook at the first path looks like the same one.
            assert found[: len(expected)] == expected
            assert len(set(found)) == len(found)
        befores = [history.before(row) for row in rows[: len(expected) - 1]]
        found = [(row.path, row.version.version_id) for row in befores if row]
        assert found == expected[1:]


@pytest.mark.parametrize("letter", ["ü", "测", "🙂"])
def test_history_continues_across_renames_of_the_longest_paths(
    store: VersionStore, history: History, save_at: Save, letter: str
) -> None:
    folder = "/".join([letter * (200 // len(letter.encode()))] * 4)
    old, new = f"{folder}/old.ipynb", f"{folder}/new.ipynb"
    first = save_at(old, saved_at=SAVED_AT)
    seam = save_at(new, saved_at=SAVED_AT + timedelta(minutes=1), moved_from=old)
    store.set_label(f"workspace/{old}", first.version_id, Label("first"))
    assert shown(history.page(new)) == of(new, seam) + of(old, first)
    assert history.find(new, "first").version.version_id == first.version_id
    assert shown(history.page(new, q="first")) == of(old, first)
