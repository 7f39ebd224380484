"""The walk through a store, and the file of the catalogue."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from bookstore_web.catalogue import walk as walks
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.entries import Entry
from bookstore_web.catalogue.extracts import MOST_TEXT, Extract, extract
from bookstore_web.catalogue.hits import FoundPage
from bookstore_web.catalogue.place import open_catalogue
from bookstore_web.catalogue.walk import Walk
from harness.sources import notebook_of

Find = Callable[..., FoundPage]
Put = Callable[..., Version]


def paths(found: FoundPage) -> list[str]:
    return [hit.notebook.path for hit in found.hits]


def test_a_walk_reads_only_what_has_changed(
    put: Put, walk: Callable[[], Walk], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("apple"))
    put("published/b.ipynb", notebook_of("banana"))
    assert walk().progress.read == 2
    assert walk().progress.read == 0
    put("workspace/a.ipynb", notebook_of("cherry"))
    assert walk().progress.read == 1
    assert paths(find("apple")) == []
    assert paths(find("cherry")) == ["a.ipynb"]


def test_a_walk_forgets_what_is_gone(
    put: Put, store: VersionStore, walk: Callable[[], Walk], find: Find
) -> None:
    put("published/a.ipynb", notebook_of("apple"))
    put("published/b.ipynb", notebook_of("apple"))
    walk()
    store.mark_deleted("published/a.ipynb")
    assert walk().progress.removed == 1
    assert paths(find("apple")) == ["b.ipynb"]


def test_an_interrupted_listing_goes_on(
    put: Put, store: VersionStore, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "PAGE", 2)
    for number in range(5):
        put(f"workspace/{number}.ipynb", notebook_of("1"))
    steps = Walk(store, catalogue).list()
    next(steps)
    next(steps)
    steps.close()
    assert not catalogue.state().get("known_at")
    again = Walk(store, catalogue)
    list(again.list())
    assert again.progress.listed == 1
    assert again.progress.removed == 0
    assert Answers(catalogue).counts() == (5, 5)
    assert catalogue.state()["known_at"]


def test_what_is_no_notebook_and_what_is_large_is_found_by_its_path(
    put: Put, walk: Callable[[], Walk], find: Find
) -> None:
    put("workspace/broken.ipynb", b"{not json")
    put("workspace/script.py", b"xylophone = 1")
    put("workspace/list.ipynb", b"[1, 2]")
    assert walk().progress.read == 3
    assert paths(find("broken")) == ["broken.ipynb"]
    assert paths(find("xylophone")) == ["script.py"]


def test_a_notebook_has_an_end() -> None:
    data = notebook_of(*["word " * 20_000] * 4)
    found = extract(json.dumps(data).encode(), "a.ipynb")
    assert sum(len(cell) - 1 for cell in found.cells) == MOST_TEXT


def test_what_a_database_refuses_is_found_by_its_path(
    put: Put, store: VersionStore, catalogue: Catalogue, find: Find
) -> None:
    versions = [put(f"workspace/{name}.ipynb", notebook_of("1")) for name in "ab"]
    odd = [Extract(title="nul\0", cells=("capple",)), Extract(cells=("capple",))]
    entries = list(map(Entry, versions, odd))
    Walk(store, catalogue).take(entries, [version.key for version in versions])
    assert "b.ipynb" in paths(find("apple"))
    assert sorted(paths(find("ipynb"))) == ["a.ipynb", "b.ipynb"]


def test_outputs_are_left_out(put: Put, walk: Callable[[], Walk], find: Find) -> None:
    put("workspace/a.ipynb", notebook_of("12345"))
    walk()
    assert paths(find("printed5")) == []


def test_recents_are_right_whatever_their_names(
    put: Put, walk: Callable[[], Walk], catalogue: Catalogue
) -> None:
    for name in ("m", "a", "z"):
        put(f"workspace/{name}.ipynb", notebook_of("1"))
    walk()
    recent = Answers(catalogue).recent("workspace", 2)
    assert [known.path for known in recent] == ["z.ipynb", "a.ipynb"]


def test_one_process_at_a_time_takes_its_turn(catalogue: Catalogue) -> None:
    assert catalogue.take_turn("walker", 60)
    assert not catalogue.take_turn("walker", 60)
    catalogue.set_state(walker="")
    assert catalogue.take_turn("walker", 60)


@pytest.fixture
def pages_of_two(
    put: Put, monkeypatch: pytest.MonkeyPatch, store: VersionStore
) -> None:
    """Six notebooks, of which a walk lists two at a time."""
    monkeypatch.setattr(walks, "PAGE", 2)
    for number in range(6):
        put(f"workspace/{number}.ipynb", notebook_of("apple"))


@pytest.mark.usefixtures("pages_of_two")
def test_a_walk_that_is_killed_after_another_one_ended_skips_nothing(
    store: VersionStore, catalogue: Catalogue
) -> None:
    killed = Walk(store, catalogue).list()
    next(killed)
    list(Walk(store, catalogue).list())
    next(killed)
    killed.close()
    last = Walk(store, catalogue)
    list(last.list())
    assert (last.progress.listed, last.progress.removed) == (6, 0)
    assert Answers(catalogue).counts()[0] == 6


@pytest.mark.usefixtures("pages_of_two")
def test_an_older_walk_takes_nothing_from_a_newer_one(
    put: Put, store: VersionStore, catalogue: Catalogue
) -> None:
    older = Walk(store, catalogue).list()
    next(older)
    list(Walk(store, catalogue).list())
    newer = Walk(store, catalogue)
    steps = newer.list()
    next(steps)
    next(steps)
    put("workspace/00.ipynb", notebook_of("apple"))
    list(older)
    known_at = catalogue.state()["known_at"]
    list(steps)
    assert newer.progress.removed == 0
    assert Answers(catalogue).counts()[0] >= 6
    assert catalogue.state()["known_at"] > known_at
    assert not catalogue.state()["walk_began"]


@pytest.mark.usefixtures("pages_of_two")
def test_a_walk_goes_on_from_its_own_place_not_from_that_of_an_older_one(
    store: VersionStore, catalogue: Catalogue
) -> None:
    older = Walk(store, catalogue).list()
    next(older)
    list(Walk(store, catalogue).list())
    killed = Walk(store, catalogue).list()
    next(killed)
    killed.close()
    next(older)
    next(older)
    older.close()
    last = Walk(store, catalogue)
    list(last.list())
    assert last.progress.removed == 0
    assert Answers(catalogue).counts()[0] == 6


def test_ids_are_in_the_order_of_the_times_also_within_a_second(
    catalogue: Catalogue,
) -> None:
    def entry(name: str, seconds: float) -> Entry:
        at = datetime.fromtimestamp(1_700_000_000 + seconds, UTC)
        key = f"workspace/{name}.ipynb"
        return Entry(Version("bucket", key, "v", 1, at), Extract())

    catalogue.write([entry("1", 0.1)])
    catalogue.write([entry("4", 1.0), entry("3", 0.3), entry("2", 0.2)])
    catalogue.write([entry(f"{number}", 2 + number / 100) for number in range(5, 50)])
    with catalogue.reading() as connection:
        rows = connection.execute(select(NOTEBOOKS.c.path).order_by(NOTEBOOKS.c.id))
        found = [path.removesuffix(".ipynb") for (path,) in rows]
    assert found == [f"{number}" for number in range(1, 50)]


def test_a_walk_completes_no_catalogue_that_is_made_again_meanwhile(
    put: Put,
    store: VersionStore,
    catalogue: Catalogue,
    catalogue_settings: BookstoreSettings,
) -> None:
    for key in ("workspace/a.ipynb", "published/b.ipynb"):
        put(key, notebook_of("1"))
    steps = Walk(store, catalogue, threads=1).list()
    next(steps)
    open_catalogue(catalogue_settings, rebuild=True).close()
    list(steps)
    assert not catalogue.state().get("known_at")
    list(Walk(store, catalogue, threads=1).list())
    assert Answers(catalogue).counts()[0] == 2
    assert catalogue.state()["known_at"]
