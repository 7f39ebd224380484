"""GET versions and version, PUT label: a notebook's history in the API."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from harness.notebook_server import notebook
from harness.web_app import ServerSide

Put = Callable[..., Version]
LIST = "/api/bookstore/versions"
ONE = "/api/bookstore/version"
LABEL = "/api/bookstore/label"
KEY = "workspace/a.ipynb"


@pytest.fixture
def three(put: Put) -> list[Version]:
    """Three versions of a.ipynb, oldest first."""
    return [put(KEY, notebook(*"123"[:count])) for count in (1, 2, 3)]


def put_moved(store: VersionStore, path: str, moved_from: str) -> Version:
    data = json.dumps(notebook("moved")).encode()
    metadata = VersionMetadata(
        save_id=new_save_id(), saved_at=utc_now(), moved_from=moved_from
    )
    body = io.BytesIO(data)
    return store.put(f"workspace/{path}", body, size=len(data), metadata=metadata)


def get(client: Any, url: str, **query: str) -> Any:
    answer = client.get(url, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def ids_in(page: Any) -> list[str]:
    return [version["version_id"] for version in page["versions"]]


def test_versions_are_listed_newest_first(
    client: FlaskClient, three: list[Version]
) -> None:
    page = get(client, LIST, path="a.ipynb")
    assert page["path"] == "a.ipynb"
    assert ids_in(page) == [version.version_id for version in three[::-1]]
    assert (page["cursor"], page["earlier"]) == (None, None)
    newest, known = page["versions"][0], three[-1]
    assert known.metadata is not None
    assert newest == {
        "version_id": known.version_id,
        "path": "a.ipynb",
        "saved_at": known.metadata.saved_at.isoformat(),
        "stored_at": known.stored_at.isoformat(),
        "author": "ann",
        "size": known.size,
        "sha256": known.metadata.sha256,
        "label": None,
        "moved_from": "",
        "restored_from": "",
        "restored_path": "",
        "title": "",
        "note": "",
        "run": None,
        "is_latest": True,
        "deleted": False,
        "save_id": known.metadata.save_id,
    }


def test_pages_continue_across_a_rename(
    client: FlaskClient, three: list[Version], store: VersionStore
) -> None:
    moved = put_moved(store, "b.ipynb", "a.ipynb")
    found: list[tuple[str, str]] = []
    cursor = ""
    while cursor is not None:
        page = get(client, LIST, path="b.ipynb", limit="1", cursor=cursor)
        found += [(v["path"], v["version_id"]) for v in page["versions"]]
        cursor = page["cursor"]
    older = [("a.ipynb", version.version_id) for version in three[::-1]]
    assert found == [("b.ipynb", moved.version_id), *older]


def test_the_published_shelf_has_a_history_too(client: FlaskClient, put: Put) -> None:
    version = put("published/a.ipynb", notebook("1"))
    page = get(client, LIST, path="a.ipynb", shelf="published")
    assert ids_in(page) == [version.version_id]


def test_a_version_is_returned_with_its_notebook(
    client: FlaskClient, three: list[Version]
) -> None:
    newest = get(client, ONE, path="a.ipynb")
    assert newest["content"] == notebook("1", "2", "3")
    assert newest["reason"] == ""
    for name, cells in ((three[0].version_id, 1), ("@2", 1), ("@1", 2), ("@0", 3)):
        found = get(client, ONE, path="a.ipynb", version_id=name)
        assert len(found["content"]["cells"]) == cells


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello", "text"),
        (b"\xff\x00", "binary"),
        (b'{"cells": []}', "nbformat"),
        (b'{"nbformat":4,"nbformat_minor":4,"cells":[],"metadata":{"a":NaN}}', "NaN"),
        (
            b'{"nbformat":4,"nbformat_minor":4,"cells":[],"metadata":{"a":1e999}}',
            "1e999",
        ),
    ],
)
def test_a_content_that_is_not_a_notebook_can_be_downloaded(
    client: FlaskClient, put: Put, data: bytes, said: str
) -> None:
    put(KEY, data)
    found = get(client, ONE, path="a.ipynb")
    assert found["content"] is None
    assert said in found["reason"]
    answer = client.get(ONE, query_string={"path": "a.ipynb", "download": "1"})
    assert (answer.status_code, answer.data) == (200, data)


def test_deep_nesting_is_reported(client: FlaskClient, put: Put) -> None:
    # At some depths JSON can be read but not written, or written but not read.
    for depth in (400, 900, 970, 990, 2000, 100_000):
        deep = b"[" * depth + b"]" * depth
        put(KEY, b'{"nbformat": 4, "metadata": {"a": %s}}' % deep)
        found = get(client, ONE, path="a.ipynb")
        assert bool(found["content"]) != ("too deeply" in found["reason"])


def test_a_download_is_an_attachment_that_browsers_do_not_render(
    client: FlaskClient, put: Put
) -> None:
    version = put("workspace/sub/ü.ipynb", b"<script>alert(1)</script>")
    query = {"path": "sub/ü.ipynb", "version_id": version.version_id, "download": "1"}
    headers = client.get(ONE, query_string=query).headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert "%C3%BC.ipynb" in headers["Content-Disposition"]
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_name_with_a_lines_end_adds_no_header_to_its_download(
    client: FlaskClient, put: Put
) -> None:
    put("workspace/a\r\nX-Evil: 1.ipynb", b"1")
    query = {"path": "a\r\nX-Evil: 1.ipynb", "download": "1"}
    answer = client.get(ONE, query_string=query)
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert 'filename="a__X-Evil: 1.ipynb"' in answer.headers["Content-Disposition"]


def test_a_version_is_labelled_found_by_it_and_the_label_is_removed(
    server: ServerSide, three: list[Version]
) -> None:
    wish = {"path": "a.ipynb", "version_id": "@1", "name": "before", "comment": "Why."}
    answer = server.put(LABEL, json=wish)
    assert answer.status_code == 200, answer.text
    assert answer.json["version_id"] == three[1].version_id
    assert answer.json["label"]["name"] == "before"
    assert answer.json["label"]["comment"] == "Why."
    assert answer.json["label"]["author"]
    found = get(server, ONE, path="a.ipynb", version_id="before")
    assert found["version_id"] == three[1].version_id
    for q in ("BEFORE", "why"):
        assert ids_in(get(server, LIST, path="a.ipynb", q=q)) == [three[1].version_id]
    answer = server.put(LABEL, json={**wish, "name": ""})
    assert answer.json["label"] is None
    assert ids_in(get(server, LIST, path="a.ipynb", q="before")) == []


def test_two_versions_cannot_have_the_same_label(
    server: ServerSide, three: list[Version]
) -> None:
    wish = {"path": "a.ipynb", "version_id": "@1", "name": "before"}
    assert server.put(LABEL, json=wish).status_code == 200
    answer = server.put(LABEL, json={**wish, "version_id": "@0"})
    assert answer.status_code == 409
    assert three[1].version_id in answer.json["message"]


@pytest.mark.parametrize(
    "wish", [{"name": "x" * 81}, {"name": "@1"}, {"name": "a", "comment": "x" * 501}]
)
def test_an_invalid_label_is_a_400(
    server: ServerSide, three: list[Version], wish: dict[str, str]
) -> None:
    answer = server.put(LABEL, json={"path": "a.ipynb", "version_id": "@0", **wish})
    assert answer.status_code == 400
    assert answer.json["message"]


@pytest.mark.parametrize("url", [LIST, ONE, "/api/bookstore/diff"])
@pytest.mark.parametrize(
    "path", ["", "..", "../b.ipynb", "a//b.ipynb", "a\0b.ipynb", "x" * 1025, "/"]
)
def test_an_invalid_path_is_a_400(client: FlaskClient, url: str, path: str) -> None:
    answer = client.get(url, query_string={"path": path})
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] == "InvalidRequestError"


@pytest.mark.parametrize("url", [LIST, ONE, "/api/bookstore/diff"])
def test_an_unknown_path_is_a_404_that_helps(client: FlaskClient, url: str) -> None:
    answer = client.get(url, query_string={"path": "no/such.ipynb"})
    assert answer.status_code == 404
    assert "no/such.ipynb" in answer.json["message"]
    assert "root directory" in answer.json["message"]


@pytest.mark.parametrize("name", ["nothing", "a label", "@9", "@999999999", "ü\n"])
def test_an_unknown_version_or_label_is_a_404_that_helps(
    server: ServerSide, three: list[Version], name: str
) -> None:
    answers = [
        server.get(ONE, query_string={"path": "a.ipynb", "version_id": name}),
        server.put(LABEL, json={"path": "a.ipynb", "version_id": name, "name": "b"}),
    ]
    for answer in answers:
        assert answer.status_code == 404, answer.text
        assert answer.json["error"] == "VersionNotFoundError"


def test_a_version_removed_from_the_store_meanwhile_is_a_404(
    client: FlaskClient, three: list[Version], settings: BookstoreSettings
) -> None:
    listed = get(client, LIST, path="a.ipynb")["versions"][1]
    for file in Path(settings.local_root).rglob(f"*{listed['version_id']}*"):
        file.unlink()  # as a lifecycle rule does
    query = {"path": "a.ipynb", "version_id": listed["version_id"]}
    answer = client.get(ONE, query_string=query)
    assert answer.status_code == 404
    assert answer.json["error"] == "VersionNotFoundError"
    assert "lifecycle rule" in answer.json["message"]
    assert len(get(client, LIST, path="a.ipynb")["versions"]) == 2


@pytest.mark.parametrize("limit", ["0", "501", "-1", "1e3", " 5", "ten"])
def test_an_invalid_limit_is_a_400(client: FlaskClient, limit: str) -> None:
    answer = client.get(LIST, query_string={"path": "a.ipynb", "limit": limit})
    assert answer.status_code == 400
    assert "between 1 and 500" in answer.json["message"]


def test_a_cursor_of_another_notebook_is_a_400(
    client: FlaskClient, three: list[Version], put: Put
) -> None:
    put("workspace/b.ipynb", notebook("1"))
    cursor = get(client, LIST, path="a.ipynb", limit="1")["cursor"]
    answer = client.get(LIST, query_string={"path": "b.ipynb", "cursor": cursor})
    assert answer.status_code == 400


def test_a_version_over_the_limit_can_be_downloaded(
    make_client: Callable[..., FlaskClient], three: list[Version], put: Put
) -> None:
    client = make_client(max_notebook_size=10)
    answer = client.get(ONE, query_string={"path": "a.ipynb"})
    assert answer.status_code == 413
    assert "download=1" in answer.json["message"]
    put("workspace/a.ipynb", b"0" * 3_000_000)
    answer = client.get(ONE, query_string={"path": "a.ipynb", "download": "1"})
    assert (answer.status_code, answer.content_length) == (200, 3_000_000)
    assert answer.data == b"0" * 3_000_000
    assert answer.headers["Content-Disposition"] == "attachment; filename=a.ipynb"
