"""Searches in a catalogue that was made from a store."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bookstore_core.stores import (
    Label,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from bookstore_web.catalogue.answers import Reach
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.hits import FoundPage
from bookstore_web.catalogue.walk import Walk
from harness.sources import PYTHON, notebook_of

Find = Callable[..., FoundPage]
Put = Callable[..., object]


def paths(found: FoundPage) -> list[str]:
    return [hit.notebook.path for hit in found.hits]


def marked(found: FoundPage) -> list[str]:
    passage = found.hits[0].passage
    assert passage is not None
    return [piece.text for piece in passage.pieces if piece.marked]


def test_a_notebook_is_found_by_a_word_in_a_cell(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("# Music", "play('Xylophone', 3)"))
    put("workspace/b.ipynb", notebook_of("play('piano')"))
    walk()
    found = find("xylophone")
    assert paths(found) == ["a.ipynb"]
    assert found.hits[0].passage is not None
    assert found.hits[0].passage.cell == 2
    assert marked(found) == ["Xylophone"]


def test_beginnings_of_words_and_parts_of_names_are_found(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/quarterly_report.ipynb", notebook_of("sum(regional_sales)"))
    walk()
    assert marked(find("region")) == ["regional"]
    assert paths(find("arterly")) == ["quarterly_report.ipynb"]
    assert paths(find("y_rep")) == ["quarterly_report.ipynb"]
    assert paths(find('"regio"')) == []


def test_a_phrase_is_found_as_it_stands(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("# The mean absolute error"))
    put("workspace/b.ipynb", notebook_of("# An absolute mean error"))
    walk()
    assert paths(find('"mean absolute error"')) == ["a.ipynb"]
    assert sorted(paths(find("mean absolute error"))) == ["a.ipynb", "b.ipynb"]
    assert marked(find('"mean absolute error"')) == ["mean absolute error"]


def test_what_a_database_treats_specially_is_only_text(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("a = lambda x: x['near'] AND y -- 100%"))
    walk()
    odd = ("NEAR(", "a AND", "x:x", "(near", "y*", "-- 100%", "near ' or", "{a}^2 near")
    for text in odd:
        assert isinstance(find(text), FoundPage)
    assert paths(find("lambda x: x['near']")) == ["a.ipynb"]
    assert paths(find("100%")) == ["a.ipynb"]


def test_case_and_accents_do_not_matter_and_scripts_without_spaces_work(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("# Größe von Müller", "# 上海销售报告"))
    walk()
    assert marked(find("muller")) == ["Müller"]
    assert marked(find("MÜLLER")) == ["Müller"]
    assert marked(find("销售")) == ["销售"]
    assert paths(find("售销")) == []


def test_filters_choose_among_what_is_found(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/reports/a.ipynb", notebook_of("sales", **PYTHON), author="ann")
    put("workspace/b.ipynb", notebook_of("sales"), author="Jürgen Großmann")
    walk()
    assert paths(find("sales in:reports")) == ["reports/a.ipynb"]
    assert paths(find("sales in:rep")) == []
    assert paths(find("sales author:JURGEN")) == ["b.ipynb"]
    assert paths(find('author:"Jürgen Großmann"')) == ["b.ipynb"]
    assert paths(find("kernel:python")) == ["reports/a.ipynb"]
    assert paths(find("kernel:ython")) == []
    assert sorted(paths(find("after:2024-05-17 sales"))) == [
        "b.ipynb",
        "reports/a.ipynb",
    ]
    assert paths(find("after:2024-05-18 sales")) == []
    assert len(paths(find("before:2024-05-18"))) == 2


def test_a_notebook_is_found_by_a_label_of_a_version(
    put: Put, store: VersionStore, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    put("workspace/b.ipynb", notebook_of("1"))
    version = store.head("workspace/a.ipynb").version_id
    store.set_label(
        "workspace/a.ipynb", version, Label("As sent", labelled_at=utc_now())
    )
    walk()
    assert paths(find('label:"as sent"')) == ["a.ipynb"]
    assert paths(find("label:sent")) == ["a.ipynb"]


def test_a_name_counts_more_than_a_text(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/sales.ipynb", notebook_of("pass"))
    for number in range(5):
        put(f"workspace/{number}.ipynb", notebook_of("sales " * 20))
    walk()
    assert paths(find("sales"))[0] == "sales.ipynb"


def test_pages_go_on_after_the_last_one_shown(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    for number in range(7):
        put(f"workspace/{number}.ipynb", notebook_of("sales"))
    walk()
    first = find("sales", limit=3)
    put("workspace/new.ipynb", notebook_of("sales"))
    walk()
    second = find("sales", limit=3, cursor=first.cursor)
    third = find("sales", limit=3, cursor=second.cursor)
    shown = paths(first) + paths(second) + paths(third)
    assert sorted(shown) == [f"{number}.ipynb" for number in range(7)]
    assert third.cursor is None


SHELVES = {"workspace": "workspace/", "published": "published/"}


def test_only_what_the_asker_may_read_is_found(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/ann/a.ipynb", notebook_of("secret"))
    put("workspace/anna/b.ipynb", notebook_of("secret"))
    put("published/c.ipynb", notebook_of("secret"))
    put("published/@team/d.ipynb", notebook_of("secret"))
    put("published/@other/e.ipynb", notebook_of("secret"))
    walk()
    shown = ("published/", "workspace/ann/", "published/@team/")
    reach = Reach(SHELVES, shown, hidden=("published/@",))
    found = sorted(paths(find("secret", reach=reach)))
    assert found == ["@team/d.ipynb", "ann/a.ipynb", "c.ipynb"]
    assert paths(find("secret", reach=Reach(SHELVES, ()))) == []
    assert paths(find("in:anna", reach=reach)) == []
    assert paths(find("in:@other", reach=reach)) == []


def test_paths_are_those_on_the_shelves_of_the_asker(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/ann/reports/a.ipynb", notebook_of("sales"))
    put("workspace/reports/b.ipynb", notebook_of("sales"))
    walk()
    reach = Reach({"workspace": "workspace/ann/"}, ("workspace/ann/",))
    assert paths(find("sales in:reports", reach=reach)) == ["reports/a.ipynb"]
    assert paths(find("sales", reach=reach, shelf="workspace")) == ["reports/a.ipynb"]


def test_a_time_in_a_filter_has_a_zone(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))  # saved at 09:30 UTC
    walk()
    assert paths(find("after:2024-05-17T09:29")) == ["a.ipynb"]
    assert paths(find("after:2024-05-17T11:29+02:00")) == ["a.ipynb"]
    assert paths(find("after:2024-05-17T09:31")) == []
    assert timedelta(0) < utc_now() - find("in:/").hits[0].notebook.saved_at


@pytest.mark.parametrize("q", ["zzq", "zzqaann", "zzqm202405", "sales zzqkpython3"])
def test_marks_are_not_found_as_words(
    put: Put, walk: Callable[[], object], find: Find, q: str
) -> None:
    put("workspace/a.ipynb", notebook_of("sales", **PYTHON), author="ann")
    walk()
    assert paths(find(q)) == []
    put("workspace/b.ipynb", notebook_of("sales", "zzqaann zzqm202405 zzqkpython3"))
    walk()
    assert paths(find(q)) == ["b.ipynb"]
    assert paths(find("author:ann in:a")) == []


@pytest.mark.parametrize("zone", ["+23:59", "-23:59"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["after", "before"])
def test_a_time_at_the_end_of_all_years_is_a_time(
    put: Put, walk: Callable[[], object], find: Find, name: str, day: str, zone: str
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    walk()
    is_found = (name == "after") == (day == "0001-01-01")
    assert len(paths(find(f"{name}:{day}T12:00{zone}"))) == is_found


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "\u202e", "|\n\x1e"])
def test_odd_characters_in_the_metadata_of_a_version_do_not_stop_a_walk(
    store: VersionStore, walk: Callable[[], object], find: Find, odd: str
) -> None:
    text = f"an{odd}n"
    metadata = VersionMetadata(
        new_save_id(), utc_now(), author=text, title=text, note=text
    )
    store.put("published/a.ipynb", io.BytesIO(b"{}"), size=2, metadata=metadata)
    walk()
    assert paths(find("in:/ before:today")) == []
    assert len(find("after:today").hits) == 1


def test_very_many_long_words_do_not_stop_a_walk(
    put: Put, walk: Callable[[], object], find: Find
) -> None:
    letters = [chr(0xAC00 + number) for number in range(11_000)]
    words = ["".join(letters[n + m] for m in range(20)) for n in range(9_500)]
    put("workspace/a.ipynb", notebook_of(" ".join(words)))
    put("workspace/b.ipynb", notebook_of("xylophone"))
    walk()
    assert paths(find("xylophone")) == ["b.ipynb"]
    assert paths(find(words[0])) == ["a.ipynb"]


@pytest.mark.parametrize("gone", [("4",), ("4", "5"), ("6",)])
@pytest.mark.parametrize("again", [False, True])
def test_a_page_follows_what_was_shown_although_some_of_it_is_gone_or_saved_again(
    put: Put,
    catalogue: Catalogue,
    store: VersionStore,
    find: Find,
    gone: str,
    again: bool,
) -> None:
    walk = Walk(store, catalogue, threads=1)
    keys = [f"workspace/{number}.ipynb" for number in range(7)]
    for key in keys:
        put(key, notebook_of("sales"))
        walk.read_now([key])
    first = find("sales", limit=3)
    assert paths(first) == ["6.ipynb", "5.ipynb", "4.ipynb"]
    for name in gone:
        if again:
            put(f"workspace/{name}.ipynb", notebook_of("sales"))
        else:
            store.mark_deleted(f"workspace/{name}.ipynb")
        walk.read_now([f"workspace/{name}.ipynb"])
    rest = find("sales", limit=9, cursor=first.cursor)
    assert paths(rest) == ["3.ipynb", "2.ipynb", "1.ipynb", "0.ipynb"]


@pytest.mark.parametrize(
    "q",
    [
        "sales after:9999-12-31T12:00-23:59 before:9999-12-31T13:00-23:59",
        "sales before:0001-01-01T12:00+23:59",
        "after:0001-01-01T12:00+23:59 before:0001-01-01T13:00+23:59",
        "in:9 after:9999-12-31T12:00-23:59 before:9999-12-31T13:00-23:59",
    ],
)
def test_times_beyond_all_years_find_nothing(
    put: Put, walk: Callable[[], object], find: Find, q: str
) -> None:
    put("workspace/a.ipynb", notebook_of("sales"))
    walk()
    assert paths(find(q)) == []


def test_what_a_clock_ahead_of_ours_has_saved_is_found(
    store: VersionStore, walk: Callable[[], object], find: Find
) -> None:
    for number, days in enumerate((40, 400)):
        saved_at = utc_now() + timedelta(days)
        metadata = VersionMetadata(new_save_id(), saved_at)
        key = f"workspace/{number}.ipynb"
        store.put(key, io.BytesIO(b"{}"), size=2, metadata=metadata)
    walk()
    assert sorted(paths(find("after:today"))) == ["0.ipynb", "1.ipynb"]
    assert sorted(paths(find("ipynb after:today"))) == ["0.ipynb", "1.ipynb"]


@pytest.mark.parametrize("catalogue_url", ["postgresql"], indirect=True)
def test_a_search_sees_what_there_was_when_it_began(
    put: Put, walk: Callable[[], object], catalogue: Catalogue
) -> None:
    put("workspace/a.ipynb", notebook_of("sales"))
    walk()
    wanted = select(func.count()).select_from(NOTEBOOKS)
    with catalogue.reading() as connection:
        assert connection.execute(wanted).scalar_one() == 1
        catalogue.remove(["workspace/a.ipynb"])
        assert connection.execute(wanted).scalar_one() == 1
