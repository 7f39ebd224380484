"""What the service checks and sets of what a client sends to its store."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.clock import utc_now
from bookstore_core.runs.run import Run
from bookstore_core.stores import VersionStore
from bookstore_core.stores.base import NOTEBOOK_TYPE
from bookstore_core.stores.service.forms import FIELDS_HEADER, pack, unpack
from bookstore_web.app.standalone import SECRET_HEADER

CONTENT = "/api/bookstore/store/content"
KEY = "workspace/a.ipynb"
SAVED_AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


class Clients:
    """Sends requests as the servers of people do, through the proxy."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def ask(self, user: str, method: str, path: str, **options: Any) -> Any:
        headers = {SECRET_HEADER: "s", "X-User": user, **options.pop("headers", {})}
        return self._client.open(path, method=method, headers=headers, **options)

    def call(self, user: str, name: str, **fields: Any) -> Any:
        known = {"workspace": "workspace", "published": "published", **fields}
        return self.ask(user, "POST", f"/api/bookstore/store/{name}", json=known)

    def put(
        self,
        user: str,
        key: str = "workspace/a.ipynb",
        data: bytes = b"{}",
        **more: Any,
    ) -> Any:
        metadata = {
            "save_id": "abc",
            "saved_at": SAVED_AT.isoformat(),
            "sha256": hashlib.sha256(data).hexdigest(),
            **more.pop("metadata", {}),
        }
        fields = {"workspace": "workspace", "published": "published", "key": key}
        fields |= {"metadata": metadata, "content_type": NOTEBOOK_TYPE, **more}
        headers = {FIELDS_HEADER: pack(fields)}
        return self.ask(user, "PUT", CONTENT, data=data, headers=headers)


@pytest.fixture
def clients(make_client: Callable[..., FlaskClient]) -> Clients:
    known = {"auth": "header", "proxy_user_header": "X-User", "proxy_secret": "s"}
    return Clients(make_client(max_notebook_size=1000, **known))


def test_a_save_is_in_the_folder_of_who_asks(
    clients: Clients, store: VersionStore
) -> None:
    saved = clients.put("ann", "workspace/b/a.ipynb")
    assert saved.status_code == 200, saved.text
    assert saved.json["key"] == "workspace/b/a.ipynb"
    assert store.head("workspace/ann/b/a.ipynb").size == 2
    found = clients.call("ann", "walk", prefix="workspace/", limit=9).json["keys"]
    assert [row["key"] for row in found] == ["workspace/b/a.ipynb"]
    assert clients.call("bob", "head", key="workspace/b/a.ipynb").status_code == 404


def test_what_a_server_calls_its_workspace_does_not_matter(
    clients: Clients, store: VersionStore
) -> None:
    for prefix in ("workspace/ann", "mine", "workspace/bob"):
        saved = clients.put("ann", f"{prefix}/a.ipynb", workspace=prefix)
        assert saved.json["key"] == f"{prefix}/a.ipynb"
    assert len(store.list_versions("workspace/ann/a.ipynb").versions) == 3


def test_what_a_run_ran_is_in_the_folder_of_who_asks(
    clients: Clients, store: VersionStore
) -> None:
    run = Run("workspace/a.ipynb", "v1", SAVED_AT, 1.0).dumps()
    saved = clients.put("ann", "workspace/runs/a.ipynb", metadata={"run": run})
    assert Run.loads(saved.json["metadata"]["run"]).of == "workspace/a.ipynb"
    kept = store.head("workspace/ann/runs/a.ipynb").metadata
    assert kept is not None
    assert kept.run is not None
    assert kept.run.of == "workspace/ann/a.ipynb"


def test_the_author_is_who_asks(clients: Clients, store: VersionStore) -> None:
    clients.put("ann", metadata={"author": "bob"})
    known = store.head("workspace/ann/a.ipynb").metadata
    assert known is not None
    assert known.author == "ann"
    label = {"name": "x", "author": "bob", "labelled_at": SAVED_AT.isoformat()}
    version_id = store.head("workspace/ann/a.ipynb").version_id
    fields = {"key": "workspace/a.ipynb", "version_id": version_id, "label": label}
    assert clients.call("ann", "label", **fields).status_code == 200
    given = store.labels("workspace/ann/a.ipynb")[version_id]
    assert given.author == "ann"
    assert given.labelled_at is not None
    assert given.labelled_at > SAVED_AT


def test_no_save_is_later_than_now(clients: Clients, store: VersionStore) -> None:
    later = (utc_now() + timedelta(days=1)).isoformat()
    for told, expected in ((SAVED_AT.isoformat(), SAVED_AT), (later, None)):
        clients.put("ann", metadata={"saved_at": told})
        known = store.head("workspace/ann/a.ipynb").saved_at
        assert known == expected if expected else known <= utc_now()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"key": "workspace/../bob/a.ipynb"}, 400),
        ({"key": "workspace//a.ipynb"}, 400),
        ({"key": "/workspace/a.ipynb"}, 400),
        ({"key": "workspace/./a.ipynb"}, 400),
        ({"key": "workspace/a\0.ipynb"}, 400),
        ({"key": ""}, 400),
        ({"key": 7}, 400),
        ({"key": "workspace/" + "x" * 1020}, 400),
        ({"content_type": "text/html"}, 400),
        ({"metadata": {"sha256": "0" * 64}}, 400),
        ({"metadata": {"save_id": "a b"}}, 400),
        ({"metadata": {"save_id": ""}}, 400),
        ({"metadata": {"saved_at": "soon"}}, 400),
        ({"metadata": {"moved_from": "../bob/a.ipynb"}}, 400),
        ({"metadata": {"title": "x" * 200}}, 400),
        ({"metadata": {"restored_from": "x" * 2000}}, 400),
        ({"workspace": 7}, 400),
        ({"key": "published/ann/a.ipynb", "metadata": {"moved_from": "b"}}, 400),
        ({"key": "published/bob/a.ipynb"}, 403),
        ({"key": "elsewhere/a.ipynb"}, 403),
        ({"data": b"x" * 1001}, 413),
    ],
)
def test_nothing_is_stored_of_a_save_that_is_wrong(
    clients: Clients, store: VersionStore, wrong: dict[str, Any], status: int
) -> None:
    refused = clients.put("ann", **wrong)
    assert refused.status_code == status, refused.text
    assert set(refused.json) == {"message", "error", "cause", "wide"}
    assert list(store.every_key()) == []


@pytest.mark.parametrize("header", ["", "x", "bnVsbA==", "e30=", "\xff"])
def test_malformed_fields_are_refused(clients: Clients, header: str) -> None:
    for method in ("GET", "PUT"):
        refused = clients.ask(
            "ann", method, CONTENT, data=b"", headers={FIELDS_HEADER: header}
        )
        assert refused.status_code == 400, refused.text


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("versions", {"key": "workspace/a", "limit": -1}),
        ("versions", {"key": "workspace/a", "limit": True}),
        ("versions", {"key": "workspace/a"}),
        ("keys", {"prefix": [], "limit": 1}),
        ("walk", {"prefix": "workspace/..", "limit": 1}),
        ("find", {"key": "workspace/a", "save_id": "x", "size": "2"}),
        ("find", {"key": "workspace/a", "save_id": "x", "size": 2, "since": "now"}),
        ("labels", {"key": "workspace/a", "only": "x"}),
        ("labels", {"key": "workspace/a", "only": [1]}),
        ("label", {"key": "workspace/a", "version_id": "x", "label": "y"}),
        ("head", {"key": "workspace/a", "version_id": 1}),
    ],
)
def test_a_malformed_call_is_refused(
    clients: Clients, name: str, fields: dict[str, Any]
) -> None:
    refused = clients.call("ann", name, **fields)
    assert refused.status_code == 400, refused.text


def test_nobody_without_a_name_asks_the_store(clients: Clients) -> None:
    for method, path in (("GET", ""), ("GET", "/content"), ("POST", "/walk")):
        url = f"/api/bookstore/store{path}"
        headers = {FIELDS_HEADER: pack({})}
        refused = clients.ask("", method, url, json={}, headers=headers)
        assert refused.status_code in (401, 403)


def test_another_bucket_is_read_if_the_settings_allow_it(clients: Clients) -> None:
    refused = clients.call("ann", "head", key="workspace/a", bucket="other")
    assert refused.status_code == 403
    own = clients.call("ann", "head", key="workspace/a", bucket="bookstore")
    assert own.status_code == 404


def test_content_is_answered_as_it_is_with_its_version(clients: Clients) -> None:
    saved = clients.put("ann", data=b'{"cells": []}').json
    fields = {"workspace": "workspace", "key": "workspace/a.ipynb"}
    headers = {FIELDS_HEADER: pack(fields)}
    found = clients.ask("ann", "GET", CONTENT, headers=headers)
    assert found.data == b'{"cells": []}'
    form = unpack(found.headers[FIELDS_HEADER])
    assert form["version_id"] == saved["version_id"]
    assert form["metadata"]["author"] == "ann"


def test_a_service_of_published_notebooks_only_takes_no_saves(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(workspace_prefix="")
    refused = client.get("/api/bookstore/store")
    assert refused.status_code == 403
    assert "workspace_prefix" in refused.json["message"]


def test_an_app_behind_a_notebook_server_has_no_such_routes(server: Any) -> None:
    assert server.get("/api/bookstore/store").status_code == 404


def test_versions_that_are_described_are_few_and_well_formed(clients: Clients) -> None:
    row = {"bucket": "b", "key": KEY, "version_id": "v", "size": 2}
    row["stored_at"] = SAVED_AT.isoformat()
    known = clients.put("ann").json
    found = clients.call("ann", "described", versions=[row]).json["versions"]
    assert [one["version_id"] for one in found] == [known["version_id"]]
    for odd in ([row] * 1001, [{**row, "size": "x"}], [1], {}, None):
        assert clients.call("ann", "described", versions=odd).status_code == 400, odd
    row["key"] = "workspace/ben/a.ipynb"
    assert clients.call("ann", "described", versions=[row]).status_code == 200
    row["key"] = "elsewhere/a.ipynb"
    assert clients.call("ann", "described", versions=[row]).status_code == 403
