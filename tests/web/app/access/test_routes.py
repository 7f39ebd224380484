"""Every route of a service, with every kind of caller: what no line allows is refused.

The lines say who may, with what answer; all others must be refused, must not see a word
of the notebooks, and must change nothing.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.stores import Label, VersionStore
from bookstore_web.app.access.entry import Entry
from bookstore_web.app.access.hub_entry import TOKEN_COOKIE
from harness.fake_hub import FakeHub
from harness.service_routes import (
    CALLERS,
    LINES,
    MINE,
    MODELS,
    NOBODY,
    OURS,
    OWN,
    PUBLIC,
    REFUSALS,
    TEAM,
    TOKENS,
    Line,
)

pytest.importorskip("jupyterhub")

PREFIX = "/services/bookstore"
SECRET = "xylophone"


@pytest.fixture
def service(
    make_service: Callable[..., FlaskClient], tmp_path: Path, notebook: Any
) -> FlaskClient:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "f.ipynb").write_text(json.dumps(notebook))
    return make_service(fs_cloning_basedir=str(mounted), events_token="of S3")


@pytest.fixture
def ids(store: VersionStore, put: Any, notebook: Any) -> dict[str, str]:
    """Two versions of a notebook in three places; the id of the newest by its key."""
    found = {}
    notebook["cells"][0]["source"] = f"'{SECRET}'"
    authors = {MINE: "ann", PUBLIC: "ann", OURS: "zoe"}
    for key, author in authors.items():
        first = put(key, {**notebook, "cells": []}, author=author)
        store.set_label(key, first.version_id, Label(f"{SECRET} label"))
        found[key] = put(key, notebook, author=author).version_id
    return found


def test_the_routes_of_the_login_have_lines(service: FlaskClient) -> None:
    rules = service.application.url_map.iter_rules()
    login = {f"GET {r.endpoint}" for r in rules if r.endpoint.startswith("hub.")}
    assert login == {name for name in LINES if name.startswith("GET hub.")}


def as_caller(client: FlaskClient, hub: FakeHub, name: str) -> dict[str, str]:
    """Make the client that of a caller; return the headers of their requests."""
    entry: Any = client.application.extensions["bookstore.hub"]
    assert isinstance(entry, Entry)
    client.delete_cookie(TOKEN_COOKIE, path=f"{PREFIX}/")
    if name == NOBODY:
        return {}
    token = hub.give(f"token-of-{name}", **MODELS[name])
    if name in TOKENS:
        return {"Authorization": f"token {token}"}
    signed = entry._tokens.dumps(token)
    client.set_cookie(TOKEN_COOKIE, signed, path=f"{PREFIX}/")
    return {}


def state_of(store: VersionStore) -> dict[str, Any]:
    """Return all that is in the store, to see whether it was changed."""
    return {
        key: (store.list_versions(key).versions, store.labels(key))
        for key in store.every_key()
    }


def sent(client: FlaskClient, name: str, wanted: Line, headers: Any) -> Any:
    method = name.partition(" ")[0]
    given = {**wanted.options, "headers": {**wanted.options.get("headers", {})}}
    given["headers"] |= headers
    return client.open(PREFIX + wanted.path, method=method, buffered=True, **given)


def expected(wanted: Line) -> tuple[int, ...]:
    return (200, 503) if "search" in wanted.path else (wanted.status,)


def with_ids(wanted: Line, ids: dict[str, str]) -> Line:
    """Fill in the id of a version that the line names by its key."""
    given = wanted.options.get("json", {})
    if given.get("version_id") not in ids:
        return wanted
    named = {**given, "version_id": ids[given["version_id"]]}
    return replace(wanted, options={**wanted.options, "json": named})


@pytest.mark.parametrize("name", LINES)
def test_a_route_is_for_those_whom_its_lines_allow(
    name: str,
    service: FlaskClient,
    hub: FakeHub,
    store: VersionStore,
    ids: dict[str, str],
) -> None:
    lines = [with_ids(wanted, ids) for wanted in LINES[name]]
    before = state_of(store)
    for wanted in lines:
        for caller in [caller for caller in CALLERS if caller not in wanted.who]:
            headers = as_caller(service, hub, caller)
            answer = sent(service, name, wanted, headers)
            assert answer.status_code in REFUSALS, (caller, wanted, answer.text)
            assert SECRET not in answer.text
            if name.startswith("GET "):
                head = sent(service, name.replace("GET", "HEAD"), wanted, headers)
                assert (head.status_code, head.text) == (answer.status_code, "")
    assert state_of(store) == before
    for wanted in lines:
        for caller in sorted(wanted.who, key=CALLERS.index):
            answer = sent(service, name, wanted, as_caller(service, hub, caller))
            assert answer.status_code in expected(wanted), (caller, answer.text)
            if wanted.once:
                break


def test_a_search_finds_what_the_caller_may_read(
    service: FlaskClient, hub: FakeHub, ids: dict[str, str]
) -> None:
    public, ours = "published: ann/p.ipynb", "published: @team/t.ipynb"
    expected = {
        **{caller: [public, "workspace: a.ipynb"] for caller in OWN},
        **{"other": [public], "service": [public]},
        **{caller: [ours, public] for caller in TEAM},
    }
    for caller in MODELS:
        headers = as_caller(service, hub, caller)
        url = f"{PREFIX}/api/bookstore/search?q={SECRET}"
        found = service.get(url, headers=headers).json["notebooks"]
        names = sorted(f"{known['shelf']}: {known['path']}" for known in found)
        assert names == expected[caller], caller
