"""Searches that would look at very many notebooks look at the latest, and say so."""

from collections.abc import Callable

import pytest

from bookstore_web.catalogue.answers import Reach
from bookstore_web.catalogue.databases import postgres, sqlite
from bookstore_web.catalogue.hits import FoundPage, found_form, read_found
from harness.sources import notebook_of

Put = Callable[..., object]
Walk = Callable[[], object]
Find = Callable[..., FoundPage]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a phrase looked for in three notebooks, and no filter leave few enough."""
    monkeypatch.setattr(sqlite, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(postgres, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(postgres, "MOST_MATCHING", 1)
    monkeypatch.setattr(postgres, "FEW", 0)
    monkeypatch.setattr(sqlite, "FEW", 0)


@pytest.fixture
def sales(put: Put, walk: Walk) -> None:
    """Notebooks that have two words, in one order; the oldest has another author."""
    put("workspace/old/0.ipynb", notebook_of("mean sales"), author="ann")
    for number in range(1, 5):
        put(f"workspace/{number}.ipynb", notebook_of("sales mean"), author="bob")
    put("workspace/mean.ipynb", notebook_of("mean"), author="bob")
    walk()


def paths(found: FoundPage) -> list[str]:
    return sorted(hit.notebook.path for hit in found.hits)


@pytest.mark.usefixtures("sales")
def test_a_phrase_is_looked_for_in_the_latest_that_have_its_words(find: Find) -> None:
    found = find('"mean sales"')
    assert (paths(found), found.looked_at) == ([], 3)
    assert read_found(found_form(found)).looked_at == 3
    found = find('"sales mean"')
    assert (paths(found), found.looked_at) == (["2.ipynb", "3.ipynb", "4.ipynb"], 3)


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize("more", ["author:ann", "in:old", "after:2024-05-01 in:old"])
def test_a_filter_has_a_phrase_looked_for_further_back(find: Find, more: str) -> None:
    found = find(f'"mean sales" {more}')
    assert (paths(found), found.looked_at) == (["old/0.ipynb"], 0)


@pytest.mark.usefixtures("sales")
def test_a_filter_without_words_in_the_index_leaves_nothing_out(
    put: Put, walk: Walk, find: Find
) -> None:
    found = find("mean before:2024-05-18")
    assert (len(found.hits), found.looked_at) == (6, 0)
    assert paths(find("mean before:2024-05-17")) == []


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize("shown", ["workspace/old/", "workspace/mean.ipynb"])
def test_what_the_asker_may_read_is_found_behind_all_else(
    find: Find, shown: str
) -> None:
    reach = Reach({"workspace": "workspace/"}, (shown,))
    (hit,) = find("mean", reach=reach).hits
    assert hit.notebook.key.startswith(shown)


@pytest.mark.usefixtures("sales")
def test_words_that_are_no_phrase_are_found_in_all(find: Find) -> None:
    found = find("mean sales")
    assert (len(found.hits), found.looked_at) == (5, 0)


@pytest.mark.parametrize("catalogue_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("sales")
def test_parts_of_names_are_looked_for_in_the_latest(
    put: Put, walk: Walk, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("workspace/aeanoa.ipynb", notebook_of("1"), author="ann")
    put("workspace/beanob.ipynb", notebook_of("1"), author="bob")
    walk()
    assert paths(find("eano author:ann")) == ["aeanoa.ipynb"]
    monkeypatch.setattr(sqlite, "MOST_NAMED", 1)
    found = find("eano author:ann")
    assert (paths(found), found.looked_at) == ([], 1)
