"""Runs on pages: what ran, how it ended, its parameters, and how to run it again."""

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.stores import Version
from harness.library import Library
from harness.web_app import ContentsDouble, ServerSide

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
PATH, RUNS = "reports/june.ipynb", "runs/reports/june.ipynb"
ERROR = "ZeroDivisionError: division by zero"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


@pytest.fixture
def source(library: Library) -> Version:
    return library.save(PATH, AT)


def get(server: ServerSide, page: str, status: int = 200, **query: Any) -> str:
    """Return the text of a page, without tags and double spaces."""
    answer = server.get(f"/bookstore/{page}", query_string=query)
    assert answer.status_code == status, answer.text
    text = re.sub(r"<[^>]*>", "", answer.text)
    return re.sub(r"\s+", " ", html.unescape(text))


def links(server: ServerSide, page: str, **query: Any) -> list[str]:
    answer = server.get(f"/bookstore/{page}", query_string=query)
    return [html.unescape(link) for link in re.findall('href="([^"]*)"', answer.text)]


def failed_notebook() -> dict[str, Any]:
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "In [1] failed"},
        {
            **{"cell_type": "code", "metadata": {}, "source": "1 / 0"},
            **{"execution_count": 1, "outputs": [error]},
        },
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def test_the_page_of_a_run_says_what_ran_and_how_it_ended(
    server: ServerSide, library: Library, source: Version
) -> None:
    run = library.run(source, AT + HOUR, parameters={"month": 6, "region": "north"})
    page = get(server, "view", path=RUNS, version_id=run.version_id)
    assert "Run of" in page
    assert "Completed in 12 s" in page
    assert f"A run of {PATH}, the version of" in page
    assert "month 6 region north" in page
    given = f"reports/june.ipynb {source.version_id} -p month 6 -p region north"
    assert f"jupyter bookstore run {given}" in page
    back = links(server, "view", path=RUNS, version_id=run.version_id)
    assert [link for link in back if source.version_id in link]


def test_the_page_of_a_failed_run_shows_the_cell_that_failed(
    server: ServerSide, library: Library, source: Version
) -> None:
    run = library.run(
        source, AT + HOUR, outcome="failed", error=ERROR, content=failed_notebook()
    )
    query = {"path": RUNS, "version_id": run.version_id}
    assert f"Failed after 12 s: {ERROR}" in get(server, "view", **query)
    assert "#failed-cell" in links(server, "view", **query)
    page = server.get("/bookstore/view", query_string=query).text
    (frame,) = re.findall('title="The cell that failed" src="([^"]*)"', page)
    assert "1 / 0" in re.sub("<[^>]*>", "", server.get(html.unescape(frame)).text)


def test_no_file_is_expected_of_a_run(
    server: ServerSide, library: Library, source: Version, contents: ContentsDouble
) -> None:
    contents.files[PATH] = {"type": "notebook"}
    run = library.run(source, AT + HOUR)
    query = {"path": RUNS, "version_id": run.version_id}
    view, history = get(server, "view", **query), get(server, "history", path=RUNS)
    for page in (get(server, "", prefix="runs/reports"), history):
        assert "results of runs" in page
        assert "deleted" not in page
    for page in (view, history, get(server, "restore", **query)):
        wrongs = ("Open in Jupyter", "current file", "outside Jupyter", "Compare first")
        for wrong in wrongs:
            assert wrong not in page
    assert "Restore" in view


@pytest.mark.parametrize("query", [{"prefix": "results"}, {"q": "june"}])
def test_results_that_are_kept_elsewhere_are_not_called_missing(
    server: ServerSide,
    library: Library,
    source: Version,
    contents: ContentsDouble,
    query: dict[str, str],
) -> None:
    contents.files[PATH] = {"type": "notebook"}
    library.run(source, AT + HOUR, to="results/june.ipynb")
    page = get(server, "", **query)
    assert "results of runs" in page
    assert "not on your server" not in page
    found = server.get("/api/bookstore/notebooks", query_string=query).json
    shown = {known["path"]: known["is_result"] for known in found["notebooks"]}
    assert shown["results/june.ipynb"]


def test_a_deleted_notebook_in_a_folder_called_runs_is_no_result(
    server: ServerSide, library: Library, source: Version, contents: ContentsDouble
) -> None:
    contents.files[PATH] = {"type": "notebook"}
    library.run(source, AT + HOUR)
    library.save("runs/mine.ipynb", AT + 2 * HOUR)
    page = get(server, "", prefix="runs")
    assert "results of runs" not in page
    assert "not on your server Restore" in page


def test_a_run_whose_version_is_gone_still_says_its_name(
    server: ServerSide, library: Library, source: Version
) -> None:
    run = library.run(source, AT + HOUR, version="20240517T093000.000000Z-00000000")
    page = get(server, "view", path=RUNS, version_id=run.version_id)
    assert f"A run of {PATH}." in page


def test_a_history_of_runs_has_a_row_for_each_with_its_outcome(
    server: ServerSide, library: Library, source: Version
) -> None:
    for month in range(4, 8):
        at = AT + month * timedelta(minutes=1)
        library.run(source, at, parameters={"month": month}, seconds=0.5)
    page = get(server, "history", path=RUNS)
    rows = re.findall(r"Completed in 0.5 s month=(\d)", page)
    assert rows == ["7", "6", "5", "4"]
    assert "saves" not in page  # they are no burst


def test_a_history_shows_the_newest_runs_wherever_they_are_kept(
    server: ServerSide, library: Library, source: Version
) -> None:
    for month in range(1, 6):
        to = "elsewhere/kept.ipynb" if month == 5 else ""
        library.run(source, AT + month * HOUR, parameters={"month": month}, to=to)
    page = get(server, "history", path=PATH)
    assert re.findall(r"month=(\d)", page) == ["5", "4", "3"]
    assert "All runs" in page
    assert "elsewhere%2Fkept.ipynb" in " ".join(links(server, "history", path=PATH))


def test_a_history_without_runs_does_not_speak_of_them(
    server: ServerSide, source: Version
) -> None:
    assert "Runs" not in get(server, "history", path=PATH)
    assert "no runs of yours" in get(server, "runs", path=PATH)


def test_the_list_of_runs_has_pages(
    server: ServerSide,
    library: Library,
    source: Version,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookstore_web.app.pages.runs.PAGE", 2)
    for month in range(1, 4):
        library.run(source, AT + month * HOUR, parameters={"month": month})
    query = {"path": PATH}
    assert re.findall(r"month=(\d)", get(server, "runs", **query)) == ["3", "2"]
    (older,) = [link for link in links(server, "runs", **query) if "cursor=" in link]
    assert re.findall(r"month=(\d)", server.get(older).text) == ["1"]


def test_runs_of_one_minute_are_told_apart_by_their_seconds(
    server: ServerSide, library: Library, source: Version
) -> None:
    for seconds in (3600, 3607, 7200):
        library.run(source, AT + timedelta(seconds=seconds))
    page = get(server, "runs", path=PATH)
    assert re.findall(r"View (\S+) UTC", page) == ["11:30", "10:30:07", "10:30:00"]


def test_comparing_two_runs_says_which_parameters_differ(
    server: ServerSide, library: Library, source: Version
) -> None:
    first = library.run(source, AT + HOUR, parameters={"month": 6, "a": 1, "b": "x"})
    second = library.run(
        source, AT + 2 * HOUR, parameters={"month": 7, "a": 1.0, "c": None}
    )
    picks = [f"{run.version_id} workspace/{RUNS}" for run in (second, first)]
    page = get(server, "diff", path=PATH, run=picks)
    assert "month 6 7 a 1 1.0 c not given null b x not given" in page
    page = get(server, "diff", path=RUNS, pick=[second.version_id, first.version_id])
    assert "Parameters that differ" in page


def test_runs_that_are_kept_in_two_notebooks_are_compared(
    server: ServerSide, library: Library, source: Version
) -> None:
    first = library.run(source, AT + HOUR, parameters={"month": 6})
    second = library.run(source, AT + 2 * HOUR, to="k.ipynb", parameters={"month": 6})
    picks = [
        f"{second.version_id} workspace/k.ipynb",
        f"{first.version_id} workspace/{RUNS}",
    ]
    assert "the same parameters" in get(server, "diff", path=PATH, run=picks)
    for link in links(server, "diff", path=PATH, run=picks):
        if "/bookstore/view" in link:
            assert server.get(link, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "picks",
    [
        ["x"],
        ["x", "y"],
        ["a workspace/a.ipynb", "b published/a.ipynb"],
        ["a workspace/a.ipynb", "b workspace/../b"],
        ["a shelf/a.ipynb", "b shelf/b.ipynb"],
    ],
)
def test_runs_that_cannot_be_compared_are_refused(
    server: ServerSide, source: Version, picks: list[str]
) -> None:
    get(server, "diff", 400, path=PATH, run=picks)
