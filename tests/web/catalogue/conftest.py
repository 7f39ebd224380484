"""Fixtures of the catalogue's tests: a store with notebooks, and a catalogue.

Tests that use `catalogue` run over SQLite and PostgreSQL.
"""

import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.answers import Answers, Reach
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.hits import FoundPage
from bookstore_web.catalogue.place import SCHEMA, open_catalogue
from bookstore_web.catalogue.query import parse_query
from bookstore_web.catalogue.walk import Walk
from harness.postgres import find_programs, serving_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run PostgreSQL for the tests that need it; return the address of a database."""
    if find_programs() is None or not importlib.util.find_spec("psycopg"):
        pytest.skip("PostgreSQL is not installed")
    with serving_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def catalogue_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalogue.sqlite"
    url: str = request.getfixturevalue("postgres")
    return url


@pytest.fixture
def catalogue_settings(
    settings: BookstoreSettings, catalogue_url: str
) -> BookstoreSettings:
    known: dict[str, Any] = settings.as_config() | {"catalogue_url": catalogue_url}
    return BookstoreSettings.from_config(known)


@pytest.fixture
def catalogue(catalogue_settings: BookstoreSettings) -> Iterator[Catalogue]:
    opened = open_catalogue(catalogue_settings)
    # As if everything had been saved a while ago.
    opened.clock = lambda: time.time() + 60
    yield opened
    if opened.engine.dialect.name == "postgresql":
        with opened.transaction() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {SCHEMA} CASCADE")
    opened.close()


@pytest.fixture
def walk(store: VersionStore, catalogue: Catalogue) -> Callable[..., Walk]:
    """Walk through the store, and return the walk."""

    def walk_all() -> Walk:
        walk = Walk(store, catalogue, threads=1)
        list(walk.list())
        list(walk.read())
        return walk

    return walk_all


@pytest.fixture
def find(catalogue: Catalogue) -> Callable[..., FoundPage]:
    """Search the catalogue."""

    def search(text: str, *, reach: Reach | None = None, **options: Any) -> FoundPage:
        answers = Answers(catalogue, reach)
        return answers.search(parse_query(text), **options)

    return search
