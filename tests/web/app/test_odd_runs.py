"""Odd runs: what others wrote as a run, a marker or a notebook; every page answers."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.history import PUBLISHED
from bookstore_core.runs.markers import digest_of
from bookstore_core.runs.run import Run
from bookstore_core.stores import Version, VersionMetadata, utc_now
from bookstore_core.stores.local.names import key_directory
from bookstore_web.app.standalone import SECRET_HEADER
from harness.library import Library
from harness.web_app import ServerSide

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
PATH, RUNS = "a.ipynb", "runs/a.ipynb"
SCRIPT = "<script>alert(1)</script>"
ODD = f"\x1b[2J\u202e\0{SCRIPT}'\"&"
#: What pages show with the id of a run, and without.
PAGES = (
    f"/bookstore/history?path={PATH}",
    f"/bookstore/history?path={RUNS}",
    f"/bookstore/runs?path={PATH}",
    f"/bookstore/view?path={RUNS}&version_id={{}}",
    f"/bookstore/diff?path={RUNS}&base={{}}&remote=@0",
    f"/bookstore/diff?path={PATH}&run={{0}}+workspace/{RUNS}&run=@0+workspace/{RUNS}",
    f"/api/bookstore/versions?path={RUNS}",
    f"/api/bookstore/version?path={RUNS}&version_id={{}}",
    f"/api/bookstore/runs?path={PATH}",
    f"/api/bookstore/diff?path={RUNS}&base={{}}&remote=@0",
)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


@pytest.fixture
def source(library: Library) -> Version:
    return library.save(PATH, AT)


def executed(**parameters: Any) -> dict[str, Any]:
    """Return a notebook whose metadata has these parameters."""
    metadata = {"papermill": {"parameters": parameters}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": []}


def pages(server: ServerSide, version_id: str) -> str:
    """Return the text of all pages and answers, none of which is an error."""
    texts = []
    for address in PAGES:
        answer = server.get(address.format(version_id))
        assert answer.status_code == 200, (address, answer.text)
        texts.append(answer.text)
    return "\n".join(texts)


def test_nothing_of_a_run_gets_out_of_its_place(
    server: ServerSide, library: Library, source: Version
) -> None:
    for second in range(2):
        run = library.run(
            source,
            AT + timedelta(seconds=10 + second),
            parameters={ODD: ODD, "-x": [{ODD: second}]},
            outcome="failed",
            error=ODD,
        )
    text = pages(server, run.version_id)
    html = "\n".join(part for part in text.split("\n") if '"run"' not in part)
    assert SCRIPT not in html
    assert not re.search("[\x00\x1b\u202e]", text)


def test_ten_thousand_parameters_are_shown_in_part(
    server: ServerSide, library: Library, source: Version
) -> None:
    many = {f"name{number}": number for number in range(10_000)}
    for second in range(2):
        other = executed(**many, last=second, **{f"b{second}": "\ud800" * 300})
        run = library.run(
            source,
            AT + timedelta(seconds=10 + second),
            parameters=many,
            content=other,
        )
    text = pages(server, run.version_id)
    assert "9802 other parameters are not shown" in text
    assert "do not fit into a command" in text
    picks = f"&run={run.version_id}+workspace/{RUNS}&run=@1+workspace/{RUNS}"
    page = server.get(f"/bookstore/diff?path={PATH}{picks}").text
    assert ">last<" in page
    assert ">name1<" not in page


@pytest.mark.parametrize(
    "run",
    [
        *("", "{", "5", "[]", "null", '"x"', "[" * 3000, "{}", "9" * 3000),
        '{"of": 1, "version": "x", "started": "2026-01-01", "seconds": 1}',
        Run("workspace/a.ipynb", "v", AT, 1.0, outcome="completed").dumps() + "x",
        *({"a": 1}, 5, None, True),
    ],
)
def test_what_is_not_the_form_is_shown_as_no_run(
    server: ServerSide, library: Library, source: Version, run: Any
) -> None:
    made = library.run(source, AT + timedelta(seconds=5))
    directory = key_directory(Path(library.store.location), made.key)
    sidecar = directory / f"{made.version_id}.meta.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "run": run}))
    for page in PAGES[:4]:
        answer = server.get(page.format(made.version_id))
        assert answer.status_code == 200
        assert "Completed" not in answer.text
    listed = server.get(f"/api/bookstore/versions?path={RUNS}").json
    assert listed["versions"][0]["run"] is None


@pytest.mark.parametrize(
    "run",
    [
        {"of": "elsewhere/x.ipynb"},
        {"of": "workspace//../x"},
        {"of": "published/" + "x" * 2000},
        {"version": "../../etc/passwd"},
        {"version": "\0"},
        {"of": "\ud800", "version": "\ud800"},
        {"of": ""},
    ],
)
def test_a_run_of_what_there_cannot_be_is_shown_without_a_link_back(
    server: ServerSide, library: Library, source: Version, run: dict[str, str]
) -> None:
    known = {"of": "workspace/a.ipynb", "version": "v", "started": AT.isoformat()}
    form = {**known, "seconds": 1, "outcome": "completed", **run}
    made = library.run(source, AT + timedelta(seconds=5))
    directory = key_directory(Path(library.store.location), made.key)
    sidecar = directory / f"{made.version_id}.meta.json"
    text = json.dumps({**json.loads(sidecar.read_text()), "run": json.dumps(form)})
    sidecar.write_text(text)
    assert "Completed in 1.0 s" in pages(server, made.version_id)


def plant(library: Library, name: str, key: str = f"workspace/{PATH}") -> None:
    """Write a marker with any name."""
    folder = f"workspace/.bookstore/runs/{digest_of(library.settings, key)}"
    metadata = VersionMetadata(save_id="1f", saved_at=utc_now())
    library.store.put(f"{folder}/{name}", BytesIO(), size=0, metadata=metadata)


@pytest.mark.parametrize(
    "name",
    [
        *("x", ",,", "1,2,3", "0,v,-", "0,=2E=2E=2F,-", "0,v,workspace=2F=2E=2E=2Fx"),
        *("0,v,nowhere=2Fx", "0,=00,-", "0,=FF,=FF", "a,b,c,d", "0,v,published=2F"),
    ],
)
def test_a_marker_that_names_nothing_costs_nothing(
    server: ServerSide, library: Library, source: Version, name: str
) -> None:
    plant(library, name)
    library.run(source, AT + timedelta(seconds=5), parameters={"month": 6})
    assert "month=6" in server.get(f"/bookstore/history?path={PATH}").text
    (run,) = server.get(f"/api/bookstore/runs?path={PATH}").json["runs"]
    assert run["run"]["parameters"] == {"month": 6}


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0=", "\u00e9", "WyJrZXlzIiw1XQ=="])
def test_a_cursor_that_nobody_gave_is_refused(
    server: ServerSide, library: Library, source: Version, cursor: str
) -> None:
    library.run(source, AT + timedelta(seconds=5))
    for page in ("/bookstore/runs", "/api/bookstore/runs"):
        answer = server.get(page, query_string={"path": PATH, "cursor": cursor})
        assert answer.status_code == 400


@pytest.fixture
def people(make_client: Callable[..., FlaskClient]) -> Callable[..., Any]:
    """Ask a service as somebody."""
    known = {"auth": "header", "proxy_user_header": "X-User", "proxy_secret": "s"}
    client = make_client(**known)

    def ask(user: str, page: str) -> Any:
        return client.get(page, headers={SECRET_HEADER: "s", "X-User": user})

    return ask


def test_people_see_their_own_runs_of_a_published_notebook_only(
    people: Callable[..., Any], library: Library, tmp_path: Path
) -> None:
    published = library.save("ben/p.ipynb", AT, shelf=PUBLISHED)
    for second, name in enumerate(("ann", "ben"), 1):
        mine = Library(tmp_path / "store")
        mine.settings.workspace_prefix = f"workspace/{name}"
        mine.run(published, AT + timedelta(seconds=second), parameters={"who": name})
    query = "path=ben/p.ipynb&shelf=published"
    for name in ("ann", "ben"):
        (run,) = people(name, f"/api/bookstore/runs?{query}").json["runs"]
        assert run["run"]["parameters"] == {"who": name}
        assert run["path"] == "runs/ben/p.ipynb"
        assert f"who={name}" in people(name, f"/bookstore/history?{query}").text
    assert people("zoe", f"/api/bookstore/runs?{query}").json["runs"] == []


def test_a_marker_of_what_the_reader_may_not_read_shows_nothing(
    people: Callable[..., Any], library: Library
) -> None:
    secret = library.save("ann/a.ipynb", AT)
    library.settings.workspace_prefix = "workspace/ben"
    metadata = VersionMetadata(save_id="1f", saved_at=AT)
    digest = digest_of(library.settings, "workspace/ben/a.ipynb")
    folder = f"workspace/ben/.bookstore/runs/{digest}"
    for place in ("workspace=2F=2E=2E=2Fann=2Fa.ipynb", "published=2F@x=2Fa.ipynb"):
        key = f"{folder}/0,{secret.version_id},{place}"
        library.store.put(key, BytesIO(), size=0, metadata=metadata)
    answer = people("ben", "/api/bookstore/runs?path=a.ipynb")
    assert (answer.status_code, answer.json["runs"]) == (200, [])
