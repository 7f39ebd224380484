"""PUT /api/bookstore/publish: what is accepted, refused and returned."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.stores import VersionStore
from harness.web_app import ServerSide

Notebook = dict[str, Any]


def model(notebook: Any) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": notebook}


@pytest.mark.parametrize("name", ["published", "publish"])
def test_a_published_notebook_is_a_version_below_the_prefix(
    client: FlaskClient, store: VersionStore, notebook: Notebook, name: str
) -> None:
    answer = client.put(f"/api/bookstore/{name}/a/b.ipynb", json=model(notebook))
    assert answer.status_code == 200, answer.text
    assert answer.json["s3_path"] == "s3://bookstore/published/a/b.ipynb"
    version = store.head("published/a/b.ipynb", answer.json["versionID"])
    assert version.size > 0


def test_publishing_again_makes_another_version(
    client: FlaskClient, store: VersionStore, notebook: Notebook
) -> None:
    ids = [
        client.put("/api/bookstore/publish/b.ipynb", json=model(notebook)).json[
            "versionID"
        ]
        for _ in range(2)
    ]
    listed = store.list_versions("published/b.ipynb").versions
    assert [version.version_id for version in listed] == ids[::-1]


def test_a_version_records_its_author_and_source(
    make_server_side: Callable[..., ServerSide],
    store: VersionStore,
    notebook: Notebook,
) -> None:
    server = make_server_side({"user": "Ann Müller"})
    server.put("/api/bookstore/publish/a/ü.ipynb", json=model(notebook))
    with store.open("published/a/ü.ipynb") as opened:
        data = opened.read(10**6)
    known = opened.version.metadata
    assert known is not None
    assert known.author == "Ann Müller"
    assert known.source_path == "a/ü.ipynb"
    assert known.sha256 == hashlib.sha256(data).hexdigest()


def test_no_published_cell_claims_trust(
    client: FlaskClient, store: VersionStore, notebook: Notebook
) -> None:
    client.put("/api/bookstore/publish/a.ipynb", json=model(notebook))
    with store.open("published/a.ipynb") as opened:
        cells = json.loads(opened.read(10**6))["cells"]
    assert [cell["metadata"] for cell in cells] == [{}, {}]


@pytest.mark.parametrize(
    ("context", "start"),
    [
        ({}, "http://hub.test/bookstore/clone?"),
        ({"base_url": "/user/ann/"}, "http://hub.test/user/ann/bookstore/clone?"),
        (
            {"base_url": "/user/a%20b/", "origin": "https://hub.test:444"},
            "https://hub.test:444/user/a%20b/bookstore/clone?",
        ),
    ],
)
def test_the_returned_url_opens_the_page_of_that_version(
    make_server_side: Callable[..., ServerSide],
    notebook: Notebook,
    context: dict[str, str],
    start: str,
) -> None:
    server = make_server_side(context)
    path = "/api/bookstore/publish/a %23&+ü.ipynb"
    answer = server.put(path, json=model(notebook)).json
    assert answer["url"].startswith(start)
    assert answer["public"] is False  # it is on the notebook server itself
    page = server.follow(answer["url"])
    assert page.status_code == 200
    assert answer["versionID"] in page.text
    assert "a #&amp;+ü.ipynb" in page.text


def test_title_and_note_are_kept_with_the_version(
    client: FlaskClient, store: VersionStore, notebook: Notebook
) -> None:
    written = {"title": "Übersicht <b>", "note": "For all.\r\nSecond line."}
    url = "/api/bookstore/published/a.ipynb"
    assert client.put(url, json=model(notebook) | written).status_code == 200
    known = store.head("published/a.ipynb").metadata
    assert known is not None
    assert (known.title, known.note) == ("Übersicht <b>", "For all.\nSecond line.")
    shelf = {"shelf": "published"}
    [row] = client.get("/api/bookstore/notebooks", query_string=shelf).json["notebooks"]
    query = {"path": "a.ipynb", **shelf}
    answer = client.get("/api/bookstore/versions", query_string=query)
    [version] = answer.json["versions"]
    for found in (row, version):
        assert (found["title"], found["note"]) == (known.title, known.note)
    page = client.get("/bookstore/view", query_string=query)
    assert "Übersicht &lt;b&gt;" in page.text


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"title": 5}, "title must be text"),
        ({"note": ["a"]}, "note must be text"),
        ({"title": "\ud800"}, "title cannot be written as UTF-8"),
        ({"note": "a\0b"}, "note contains a NUL"),
        ({"title": "x" * 121}, "the limit is 120"),
        ({"note": "x" * 501}, "the limit is 500"),
        ({"note": "🙂" * 251}, "the limit is 1000"),
    ],
)
def test_a_title_or_note_that_cannot_be_kept_is_a_400(
    client: FlaskClient,
    store: VersionStore,
    notebook: Notebook,
    written: dict[str, Any],
    sentence: str,
) -> None:
    url = "/api/bookstore/publish/a.ipynb"
    answer = client.put(url, json=model(notebook) | written)
    assert answer.status_code == 400
    assert sentence in answer.json["message"]
    assert store.list_versions("published/a.ipynb").versions == ()


def test_standalone_the_url_is_that_of_the_request(
    client: FlaskClient, notebook: Notebook
) -> None:
    answer = client.put(
        "/api/bookstore/publish/a.ipynb",
        json=model(notebook),
        base_url="https://books.example/shelf",
    )
    assert answer.json["url"].startswith("https://books.example/shelf/bookstore/clone?")


def test_a_model_without_type_is_a_notebook_if_it_contains_one(
    client: FlaskClient, notebook: Notebook
) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", json={"content": notebook})
    assert answer.status_code == 200


def test_a_v3_notebook_is_published_unchanged(
    client: FlaskClient, store: VersionStore
) -> None:
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    old["worksheets"] = []  # type: ignore[assignment]
    answer = client.put("/api/bookstore/publish/a.ipynb", json=model(old))
    assert answer.status_code == 200, answer.text
    with store.open("published/a.ipynb") as opened:
        assert json.loads(opened.read(10**6)) == old


@pytest.mark.parametrize(
    "path",
    [
        "published",
        "published/",
        "publish",
        "publish/",
        "publish//",
        "publish/a//b.ipynb",
        "publish/a/../b.ipynb",
        "publish/./a.ipynb",
        "publish/a%00.ipynb",
        "publish/a/.bookstore/moved/b.ipynb",
        "publish/" + "x" * 1100 + ".ipynb",
    ],
)
def test_an_invalid_path_is_a_400(
    client: FlaskClient, notebook: Notebook, path: str
) -> None:
    answer = client.put(f"/api/bookstore/{path}", json=model(notebook))
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] == "InvalidRequestError"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"\xff\xfe",
        '{"type": "notebook"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"type": "notebook"}',
        b'{"type": "notebook", "content": NaN}',
        b'{"type": "notebook", "content": -Infinity}',
        b'{"type": "notebook", "content": 1e999}',
        b'{"type": "notebook", "content": ' + b"9" * 5000 + b"}",
        b'{"type": "notebook", "content": {}, "content": {}}',
        b'{"type": "notebook", "content": {"a": 1, "a": 2}}',
        b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"content": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_is_not_a_json_object_is_a_400(
    client: FlaskClient, body: bytes
) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", data=body)
    assert answer.status_code == 400, answer.text
    assert answer.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "file", "format": "text", "content": "x"},
        {"type": "directory", "content": []},
        {"type": ["notebook"], "content": {}},
        {"type": 5},
        {"content": {"some": "thing"}},
        {"content": "text"},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []},
        {"type": "\ud800"},
    ],
    ids=repr,
)
def test_a_model_of_another_type_is_a_415(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", data=json.dumps(body))
    assert answer.status_code == 415, answer.text


def test_a_path_without_the_notebook_suffix_is_a_415(
    client: FlaskClient, notebook: Notebook
) -> None:
    answer = client.put("/api/bookstore/publish/a.txt", json=model(notebook))
    assert answer.status_code == 415
    assert ".ipynb" in answer.json["message"]


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [],
        "",
        "text",
        5,
        {"nbformat": 4},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": []},
        {"nbformat": 5, "nbformat_minor": 0, "metadata": {}, "cells": []},
        {"nbformat": 4.0, "nbformat_minor": 0, "metadata": {}, "cells": []},
        {"nbformat": "4", "nbformat_minor": 0, "metadata": {}, "cells": []},
        {"nbformat": True, "nbformat_minor": 0, "metadata": {}, "cells": []},
        {"nbformat": 4, "nbformat_minor": 10**30, "metadata": {}, "cells": {}},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": "\ud800"}, "cells": []},
    ],
    ids=lambda content: repr(content)[:60],
)
def test_a_notebook_that_is_empty_or_invalid_is_a_422(
    client: FlaskClient, content: object
) -> None:
    body = json.dumps(model(content))
    answer = client.put("/api/bookstore/publish/a.ipynb", data=body)
    assert answer.status_code == 422, answer.text
    assert answer.json["error"] == "InvalidNotebookError"


def test_a_422_states_where_the_notebook_is_invalid(
    client: FlaskClient, notebook: Notebook
) -> None:
    del notebook["cells"][1]["source"]
    answer = client.put("/api/bookstore/publish/a.ipynb", json=model(notebook))
    assert answer.status_code == 422
    assert "cells/1" in answer.json["message"]
    assert "source" in answer.json["message"]


@pytest.mark.parametrize("depth", [*range(100, 1000, 50), 2000, 100_000])
def test_deep_nesting_is_never_a_500(client: FlaskClient, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    body = (
        b'{"type": "notebook", "content": {"nbformat": 4, "nbformat_minor": 5,'
        b'"cells": [], "metadata": {"x": ' + deep + b"}}}"
    )
    answer = client.put("/api/bookstore/publish/a.ipynb", data=body)
    assert answer.status_code in {200, 400, 422}, answer.text


def test_a_notebook_over_the_limit_is_a_413(
    make_client: Callable[..., FlaskClient], notebook: Notebook
) -> None:
    client = make_client(max_notebook_size=200)
    answer = client.put("/api/bookstore/publish/a.ipynb", json=model(notebook))
    assert answer.status_code == 413
    assert "200" in answer.json["message"]


def test_a_body_far_over_the_limit_is_a_413(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(max_notebook_size=200)
    answer = client.put("/api/bookstore/publish/a.ipynb", data=b" " * 200_000)
    assert answer.status_code == 413
    assert answer.json["error"] == "RequestEntityTooLarge"


def test_a_body_in_chunks_far_over_the_limit_is_a_413(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(max_notebook_size=200)
    answer = client.put(
        "/api/bookstore/publish/a.ipynb",
        input_stream=io.BytesIO(b" " * 200_000),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413, answer.text


@pytest.mark.parametrize(
    "traits", [{"published_prefix": ""}, {"storage": "s3", "s3_bucket": ""}]
)
def test_publishing_that_is_off_is_a_404_that_states_what_to_set(
    make_client: Callable[..., FlaskClient], notebook: Notebook, traits: Any
) -> None:
    client = make_client(**traits)
    for answer in (
        client.put("/api/bookstore/publish/a.ipynb", json=model(notebook)),
        client.put("/api/bookstore/published/a.ipynb", data="{"),
        client.delete("/api/bookstore/publish/a.ipynb"),
        client.post("/bookstore/publish", data={"path": "a.ipynb"}),
        client.post("/bookstore/unpublish", data={"path": "a.ipynb"}),
    ):
        assert answer.status_code == 404
        assert "BookstoreSettings" in answer.text


def test_an_empty_model_is_a_400(client: FlaskClient) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", json={})
    assert answer.status_code == 400


def test_a_store_that_is_down_is_a_503_with_retry_after(
    make_client: Callable[..., FlaskClient], notebook: Notebook
) -> None:
    client = make_client(
        storage="s3",
        s3_bucket="books",
        s3_endpoint_url="http://127.0.0.1:9",
        s3_access_key_id="AKIATESTTESTTEST",
        s3_secret_access_key="a-secret-that-is-not-shown",
    )
    answer = client.put("/api/bookstore/publish/a.ipynb", json=model(notebook))
    assert answer.status_code == 503
    assert answer.json["error"] == "StorageUnavailableError"
    assert "Retry-After" in answer.headers
    assert "a-secret-that-is-not-shown" not in answer.text


def test_a_name_with_a_lines_end_can_be_published(
    client: FlaskClient, notebook: Notebook
) -> None:
    answer = client.put("/api/bookstore/publish/a%0Ab.ipynb", json=model(notebook))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("worksheets", [5, [5], [{"cells": 3}]])
def test_a_notebook_of_two_formats_at_once_is_a_422(
    client: FlaskClient, notebook: Notebook, worksheets: object
) -> None:
    both = {**notebook, "worksheets": worksheets}
    answer = client.put("/api/bookstore/publish/a.ipynb", json=model(both))
    assert answer.status_code == 422, answer.text
