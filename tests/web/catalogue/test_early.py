"""Searches with `before:` find the same whatever was saved since, and begin there."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bookstore_core.stores import Version, VersionMetadata
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases import postgres, sqlite
from bookstore_web.catalogue.entries import Entry
from bookstore_web.catalogue.extracts import Extract
from bookstore_web.catalogue.hits import FoundPage

Find = Callable[..., FoundPage]
Save = Callable[..., None]

#: Times of saves: those outside have the mark of the first or the last month.
YEARS = (2, 202, 1969, 1970, 2020, 2099, 2100, 9998)
STORED = datetime(2024, 5, 17, tzinfo=UTC)


@pytest.fixture
def save(catalogue: Catalogue) -> Save:
    """Record notebooks that were saved and stored at these times."""

    def add(
        times: Sequence[tuple[datetime, datetime]], shelf: str = "workspace"
    ) -> None:
        entries = []
        for number, (saved_at, stored_at) in enumerate(times):
            key = f"{shelf}/{number:04}.ipynb"
            metadata = VersionMetadata(f"{number:032x}", saved_at, author="ann")
            version = Version("", key, "v", 9, stored_at, metadata=metadata)
            entries.append(Entry(version, Extract(cells=("cmean sales",))))
        catalogue.write(entries)

    return add


def paths(found: FoundPage) -> list[str]:
    return [hit.notebook.path for hit in found.hits]


@pytest.mark.parametrize("few", [1, 2000])
@pytest.mark.parametrize("q", ["", "mean", "author:ann", '"mean sales"', "pynb"])
def test_a_search_before_a_time_finds_what_was_saved_before(
    save: Save, find: Find, monkeypatch: pytest.MonkeyPatch, q: str, few: int
) -> None:
    """Stored in time, late, before it was saved, and several in one second."""
    monkeypatch.setattr(postgres, "FEW", few)
    monkeypatch.setattr(sqlite, "FEW", few)
    times = [
        datetime(year, month, 1, tzinfo=UTC) for year in YEARS for month in (1, 12)
    ]
    saves = [(saved_at, STORED) for saved_at in times for _ in range(2)]
    saves += [(s, s + timedelta(hours=20)) for s in times if 1970 < s.year < 9000]
    save(saves)
    for before in [*times[::4], *(saved_at + timedelta(1) for saved_at in times[1::4])]:
        found = find(f"{q} before:{before.isoformat()}", limit=100)
        early = [f"{n:04}.ipynb" for n, (s, _) in enumerate(saves) if s < before]
        assert sorted(paths(found)) == early
        assert (found.total, found.looked_at) == (len(early), 0)


def test_what_was_stored_last_comes_first_on_both_shelves(
    save: Save, find: Find
) -> None:
    saves = [(STORED, STORED + timedelta(hours=n % 5)) for n in range(8)]
    save(saves)
    save(saves, shelf="published")
    found = [hit.notebook for hit in find("before:2024-05-18").hits]
    ordered = sorted(
        found, key=lambda known: (-known.stored_at.timestamp(), known.number)
    )
    assert (found, len(found)) == (ordered, 16)


@pytest.mark.parametrize(
    "more", ["before:2020-06-01", "after:2015-01-01 before:2020-06-01"]
)
def test_a_phrase_before_a_time_is_looked_for_there(
    save: Save, find: Find, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    monkeypatch.setattr(sqlite, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(postgres, "MOST_LOOKED_AT", 3)
    early = datetime(2020, 5, 1, tzinfo=UTC)
    save([(early, early), (early, STORED), *[(STORED, STORED)] * 5])
    found = find(f'"mean sales" {more}')
    assert (paths(found), found.looked_at) == (["0001.ipynb", "0000.ipynb"], 0)
