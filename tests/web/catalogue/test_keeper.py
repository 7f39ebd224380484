"""The keeper: what happens to a catalogue that is taken away while it is used."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bookstore_core.errors import BookstoreError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.tables import METADATA
from bookstore_web.catalogue.extracts import extract
from bookstore_web.catalogue.keeper import Keeper
from bookstore_web.catalogue.place import find_catalogue
from harness.sources import notebook_of
from harness.waiting import wait_for

Put = Callable[..., object]


@pytest.fixture
def keeper(
    catalogue: Catalogue, catalogue_settings: BookstoreSettings, store: VersionStore
) -> Iterator[Keeper]:
    """Keep a catalogue; the fixture `catalogue` cleans up after it."""
    known = Keeper(catalogue_settings, open_store=lambda: store, extractor=extract)
    with closing(known):
        yield known


def total(keeper: Keeper) -> int:
    keeper.catch_up()
    return keeper.ask(lambda catalogue: Answers(catalogue).counts()[0])


def test_tables_that_somebody_removes_are_made_again(
    put: Put, keeper: Keeper, catalogue: Catalogue
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    assert total(keeper) == 1
    with catalogue.transaction() as connection:
        catalogue.index.drop(connection)
        METADATA.drop_all(connection)

    def is_back() -> bool:
        try:
            return total(keeper) == 1
        except BookstoreError:
            return False

    wait_for(is_back, what="the catalogue")


@pytest.fixture
def sqlite_settings(settings: BookstoreSettings, tmp_path: Path) -> BookstoreSettings:
    settings.catalogue_url = f"sqlite:///{tmp_path}/kept.sqlite"
    return settings


def test_a_file_that_is_removed_while_it_is_used_is_made_again(
    put: Put, sqlite_settings: BookstoreSettings, store: VersionStore, tmp_path: Path
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    known = Keeper(sqlite_settings, open_store=lambda: store, extractor=extract)
    with closing(known):
        assert total(known) == 1
        (tmp_path / "kept.sqlite").unlink()
        assert total(known) == 1
        found = find_catalogue(sqlite_settings)
        assert found is not None
        assert Answers(found).counts()[0] == 1
        found.close()


def test_a_clock_that_was_ahead_stops_no_walk(
    put: Put,
    keeper: Keeper,
    catalogue_settings: BookstoreSettings,
    store: VersionStore,
    catalogue: Catalogue,
) -> None:
    ahead = Keeper(
        catalogue_settings,
        open_store=lambda: store,
        extractor=extract,
        clock=lambda: time.time() + 1e8,
    )
    with closing(ahead):
        assert total(ahead) == 0
    put("workspace/a.ipynb", notebook_of("1"))
    catalogue.set_state(turn=str(time.time() + 1e8))
    assert total(keeper) == 1
    known_at = float(catalogue.state()["known_at"])
    assert known_at < time.time() + 60
