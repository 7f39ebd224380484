"""Fixtures of the catalogue's tests: a store with notebooks, and a catalogue."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.answers import Answers, FoundPage, Reach
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.place import open_catalogue
from bookstore_web.catalogue.query import parse_query
from bookstore_web.catalogue.walk import Walk


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    return BookstoreSettings(
        storage="local",
        local_root=str(tmp_path / "store"),
        catalogue_url=f"sqlite:///{tmp_path}/catalogue.sqlite",
    )


@pytest.fixture
def catalogue(settings: BookstoreSettings) -> Iterator[Catalogue]:
    opened = open_catalogue(settings)
    # As if everything had been saved a while ago.
    opened.clock = lambda: time.time() + 60
    yield opened
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
