"""Keys at all levels, on each kind of store."""

import pytest

from bookstore_core.cursors import encode_cursor
from bookstore_core.errors import InvalidRequestError
from bookstore_core.stores import VersionStore
from core.saving import save

#: In the order of their bytes; a slash sorts after a dash and a dot.
KEYS = [
    "w/a-b.ipynb",
    "w/a.ipynb",
    "w/a/b.ipynb",
    "w/a/c/d.ipynb",
    "w/a/e.ipynb",
    "w/a0.ipynb",
    "w/größe/测试.ipynb",
    "w/z.ipynb",
    "w/🙂.ipynb",
]


def walk(store: VersionStore, prefix: str, *, limit: int) -> list[str]:
    shown: list[str] = []
    cursor = None
    while True:
        page = store.walk_keys(prefix, limit=limit, cursor=cursor)
        assert len(page.keys) == limit or page.cursor is None
        assert page.folders == ()
        shown += [found.key for found in page.keys]
        cursor = page.cursor
        if cursor is None:
            return shown


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10])
def test_keys_are_walked_in_order_at_all_levels(
    store: VersionStore, limit: int
) -> None:
    for key in [*reversed(KEYS), "x/other.ipynb", "wa.ipynb"]:
        save(store, b"12", key=key)
    save(store, b"123", key=KEYS[3])
    assert walk(store, "w", limit=limit) == KEYS
    sizes = [found.size for found in store.walk_keys("w/").keys]
    assert sizes == [2, 2, 2, 3, 2, 2, 2, 2, 2]


def test_a_folder_below_can_be_walked(store: VersionStore) -> None:
    for key in KEYS:
        save(store, key=key)
    assert walk(store, "w/a/", limit=2) == KEYS[2:5]
    assert walk(store, "", limit=4) == KEYS
    assert walk(store, "nothing", limit=4) == []


@pytest.mark.parametrize(("at", "first"), [("w/a/\U0010fffd", 5), ("w/a/c/", 3)])
def test_a_walk_goes_on_after_any_key(store: VersionStore, at: str, first: int) -> None:
    for key in KEYS:
        save(store, key=key)
    page = store.walk_keys("w", cursor=encode_cursor("walk", at))
    assert [found.key for found in page.keys] == KEYS[first:]


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_bookstores_own_keys_are_skipped(store: VersionStore, limit: int) -> None:
    shown = ["w/.a", "w/a.ipynb", "w/b/a.ipynb", "w/b/x.bookstore/a.ipynb"]
    own = [f"w/.bookstore/moved/{number}.ipynb" for number in range(5)]
    own += [f"w/b/.bookstore/labels/a.ipynb/{number}" for number in range(5)]
    for key in [*shown, *own]:
        save(store, key=key)
    assert walk(store, "w", limit=limit) == shown
    assert store.list_keys("w").folders == ("w/b/",)
    assert store.list_keys("w/b").folders == ("w/b/x.bookstore/",)


def test_bookstores_own_keys_can_be_requested(store: VersionStore) -> None:
    key = "w/.bookstore/moved/a.ipynb"
    save(store, key=key)
    assert [found.key for found in store.list_keys("w/.bookstore/moved").keys] == [key]
    assert [found.key for found in store.walk_keys("w/.bookstore").keys] == [key]
    assert store.list_keys("w/.bookstore").folders == ("w/.bookstore/moved/",)


@pytest.mark.parametrize("cursor", ["", "x", "€", "WyJ4IiwieSJd", "bnVsbA=="])
def test_a_made_up_cursor_of_a_walk_is_refused(
    store: VersionStore, cursor: str
) -> None:
    save(store)
    with pytest.raises(InvalidRequestError):
        store.walk_keys("w", cursor=cursor)


def test_a_cursor_of_a_list_is_not_valid_for_a_walk(store: VersionStore) -> None:
    for key in KEYS:
        save(store, key=key)
    cursor = store.list_keys("w", limit=1).cursor
    assert cursor is not None
    with pytest.raises(InvalidRequestError):
        store.walk_keys("w", cursor=cursor)


def test_only_wanted_keys_are_returned(store: VersionStore) -> None:
    for key in KEYS:
        save(store, key=key)
    shown: list[str] = []
    cursor = None
    while True:
        page = store.walk_keys("", cursor=cursor, limit=2, wanted=lambda k: "a/" in k)
        shown += [found.key for found in page.keys]
        cursor = page.cursor
        if cursor is None:
            break
    assert shown == KEYS[2:5]
    assert list(store.every_key()) == KEYS
