"""A store that does for one person what the rules allow."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest

from bookstore_core.cursors import encode_cursor
from bookstore_core.errors import BookstoreError, ForbiddenError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    KeyPage,
    Label,
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from bookstore_web.app.access.guarded_store import GuardedStore
from bookstore_web.app.access.people import NOBODY, Kind, Person
from bookstore_web.app.access.policy import Policy

Put = Callable[..., Version]
ANN = Person("ann", frozenset({"team"}), kind=Kind.BROWSER)
BEN = Person("ben", kind=Kind.TOKEN)
ROOT = Person("root", admin=True, kind=Kind.BROWSER)
SERVICE = Person("indexer", kind=Kind.SERVICE)
KEYS = (
    *("published/a.ipynb", "published/@team/t.ipynb", "published/ann/p.ipynb"),
    *("workspace/ann/deep/w.ipynb", "workspace/ben/w.ipynb", "x/y.ipynb"),
)


class Untouched:
    """A store that fails the test when it is asked."""

    bucket = "bookstore"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the store was asked: {name}")


def guarded(store: Any, person: Person) -> GuardedStore:
    return GuardedStore(store, person, Policy(BookstoreSettings()), buckets=["open"])


@pytest.fixture
def full(store: VersionStore, put: Put) -> VersionStore:
    for key in KEYS:
        put(key, b"{}")
    return store


def metadata(author: str = "mallory") -> VersionMetadata:
    return VersionMetadata(save_id=new_save_id(), saved_at=utc_now(), author=author)


def write(store: VersionStore, key: str) -> Version:
    return store.put(key, io.BytesIO(b"{}"), size=2, metadata=metadata())


VERSION = Version("bookstore", "workspace/ben/w.ipynb", "v", 2, utc_now())
#: Every method that names a key or a prefix, on what is another person's.
CALLS: dict[str, Callable[[VersionStore], object]] = {
    "prepare": lambda store: store.prepare(),
    "put": lambda store: write(store, VERSION.key),
    "put_again": lambda store: store.put_again(VERSION),
    "remove_versions": lambda store: store.remove_versions(VERSION.key, [VERSION]),
    "mark_deleted": lambda store: store.mark_deleted(VERSION.key),
    "head": lambda store: store.head(VERSION.key),
    "open": lambda store: store.open(VERSION.key, "v"),
    "list_versions": lambda store: store.list_versions(VERSION.key),
    "list_keys": lambda store: store.list_keys("workspace/ben"),
    "walk_keys": lambda store: store.walk_keys("workspace/ben"),
    "labels": lambda store: store.labels(VERSION.key),
    "labels_named": lambda store: store.labels_named(VERSION.key, "x"),
    "set_label": lambda store: store.set_label(VERSION.key, "v", Label("x")),
    "holds": lambda store: store.holds(VERSION, "0"),
    "find_save": lambda store: store.find_save(VERSION.key, "s", size=2),
}
#: Methods that name neither, or that use the others.
OTHERS = {"bucket", "location", "check", "cursor_after", "every_key"}


def test_the_table_has_every_method_of_a_store() -> None:
    public = {name for name in dir(VersionStore) if not name.startswith("_")}
    assert public | {"bucket"} == CALLS.keys() | OTHERS


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("person", [ANN, SERVICE, NOBODY], ids=lambda p: p.name)
def test_a_store_is_not_asked_for_what_is_not_allowed(
    call: Callable[[VersionStore], object], person: Person
) -> None:
    with pytest.raises(ForbiddenError):
        call(guarded(Untouched(), person))


def walked(store: VersionStore, prefix: str = "", limit: int = 1000) -> list[str]:
    found, cursor = [], None
    while True:
        page = store.walk_keys(prefix, cursor=cursor, limit=limit)
        found += [version.key for version in page.keys]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 1000])
@pytest.mark.parametrize(
    ("person", "left_out"),
    [
        (ANN, {"workspace/ben/w.ipynb", "x/y.ipynb"}),
        (BEN, {"workspace/ann/deep/w.ipynb", "published/@team/t.ipynb", "x/y.ipynb"}),
        (SERVICE, set(KEYS) - {"published/a.ipynb", "published/ann/p.ipynb"}),
        (ROOT, set()),
    ],
    ids=lambda given: given.name if isinstance(given, Person) else "",
)
def test_a_walk_shows_what_a_person_may_read(
    full: VersionStore, person: Person, left_out: set[str], limit: int
) -> None:
    every = sorted(set(KEYS) - left_out)
    assert walked(guarded(full, person), limit=limit) == every
    assert list(guarded(full, person).every_key()) == every


def pages(store: VersionStore, call: str, cursor: str | None = None) -> list[KeyPage]:
    """Return pages of the published shelf, each with one row at most."""
    found = [getattr(store, call)("published", cursor=cursor, limit=1)]
    while (cursor := found[-1].cursor) is not None:
        found.append(getattr(store, call)("published", cursor=cursor, limit=1))
    return found


@pytest.mark.parametrize("call", ["list_keys", "walk_keys"])
def test_no_cursor_tells_the_name_of_what_is_hidden(
    full: VersionStore, put: Put, call: str
) -> None:
    many = [f"@lab/{number}.ipynb" for number in range(25)]
    for key in (*many, "@team/u.ipynb", "@x.ipynb", "@\U0010ffff.ipynb"):
        put(f"published/{key}", b"{}")
    for person in (ANN, BEN):
        for page in pages(guarded(full, person), call):
            told = base64.b64decode(page.cursor or "").decode()
            assert "@" not in told or (person is ANN and "@team" in told)
    names = [row.key for page in pages(guarded(full, ANN), call) for row in page.keys]
    assert "published/@lab/0.ipynb" not in names
    assert names[-1] == "published/a.ipynb" or call == "walk_keys"


@pytest.mark.parametrize("at", ["published/@", "published/@lab/a", "published/@l"])
def test_a_made_up_cursor_does_not_find_what_is_hidden(
    full: VersionStore, put: Put, at: str
) -> None:
    made_up = {
        "walk_keys": encode_cursor("walk", at),
        "list_keys": encode_cursor("keys", at.removeprefix("published/")),
    }
    before = [pages(guarded(full, BEN), *known) for known in made_up.items()]
    put("published/@lab/a.ipynb", b"{}")
    assert [pages(guarded(full, BEN), *known) for known in made_up.items()] == before


def test_folders_above_a_persons_own_show_the_way_to_it(full: VersionStore) -> None:
    top = guarded(full, ANN).list_keys("")
    assert top.folders == ("published/", "workspace/")
    assert guarded(full, ANN).list_keys("workspace").folders == ("workspace/ann/",)
    inside = guarded(full, ANN).list_keys("workspace/ann/")
    assert inside.folders == ("workspace/ann/deep/",)
    shelf = guarded(full, ANN).list_keys("published")
    assert shelf.folders == ("published/@team/", "published/ann/")
    assert guarded(full, BEN).list_keys("published").folders == ("published/ann/",)
    everything = guarded(full, ROOT).list_keys("workspace").folders
    assert everything == ("workspace/ann/", "workspace/ben/")


def test_the_person_is_the_author_of_versions_and_labels(store: VersionStore) -> None:
    mine = guarded(store, ANN)
    version = write(mine, "workspace/ann/a.ipynb")
    assert store.head(version.key).metadata.author == "ann"  # type: ignore[union-attr]
    mine.set_label(version.key, version.version_id, Label("x", author="mallory"))
    assert store.labels(version.key)[version.version_id].author == "ann"


def test_what_is_written_again_keeps_its_author(store: VersionStore, put: Put) -> None:
    theirs = put("published/@team/a.ipynb", b"{}", author="zoe")
    again = guarded(store, ANN).put_again(theirs)
    assert again.metadata is not None
    assert again.metadata.author == "zoe"
    assert again.metadata.restored_from == theirs.version_id


def test_other_buckets_are_read_if_the_settings_name_them(
    store: VersionStore,
) -> None:
    for bucket in ("closed", "Bookstore", ""):
        with pytest.raises(ForbiddenError):
            guarded(Untouched(), ANN).head("a.ipynb", bucket=bucket)
    with pytest.raises(ForbiddenError):
        guarded(Untouched(), NOBODY).head("a.ipynb", bucket="open")
    with pytest.raises(BookstoreError, match="There is no bucket open"):
        guarded(store, ANN).head("a.ipynb", bucket="open")
