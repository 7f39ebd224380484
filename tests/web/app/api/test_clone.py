"""POST /api/bookstore/clone: what is cloned, refused and returned."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.stores import Version
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
URL = "/api/bookstore/clone"
SOURCE = {"s3_bucket": "bookstore", "s3_key": "published/a.ipynb"}


@pytest.mark.parametrize("name", ["cloned", "clone"])
def test_cloning_saves_the_notebook_and_returns_its_model(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any, name: str
) -> None:
    version = put("published/a.ipynb", notebook)
    answer = server.post(f"/api/bookstore/{name}", json=SOURCE)
    assert answer.status_code == 200, answer.text
    assert answer.json["path"] == "a.ipynb"
    assert answer.json["type"] == "notebook"
    assert answer.json["s3_path"] == "s3://bookstore/published/a.ipynb"
    assert answer.json["versionID"] == version.version_id
    assert contents.files["a.ipynb"]["type"] == "notebook"


def test_no_cloned_cell_claims_trust(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    put("published/a.ipynb", notebook)
    server.post(URL, json=SOURCE)
    cells = contents.files["a.ipynb"]["content"]["cells"]
    assert [cell["metadata"] for cell in cells] == [{}, {}]


def test_no_cell_of_a_file_with_another_name_claims_trust(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    put("published/a.txt", notebook)
    source = {**SOURCE, "s3_key": "published/a.txt"}
    assert server.post(URL, json=source).status_code == 200
    assert b"trusted" not in contents.bytes_at("a.txt")


def test_a_notebook_with_too_many_values_is_not_sent_to_the_server(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    crowd = {**notebook, "metadata": {"crowd": [{}] * 600_001}}
    put("published/a.ipynb", crowd)
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 413
    assert "more than 600,000 objects" in answer.json["message"]
    assert contents.written == []
    body = {"type": "notebook", "content": crowd}
    assert server.put("/api/bookstore/publish/a.ipynb", json=body).status_code == 413


def test_a_named_version_is_cloned_and_not_the_newest(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    old = put("published/a.ipynb", notebook)
    put("published/a.ipynb", {**notebook, "cells": []})
    answer = server.post(URL, json={**SOURCE, "s3_version_id": old.version_id})
    assert answer.json["versionID"] == old.version_id
    assert len(contents.files["a.ipynb"]["content"]["cells"]) == 2


def test_a_taken_name_is_incremented(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    put("published/a.ipynb", notebook)
    paths = [server.post(URL, json=SOURCE).json["path"] for _ in range(3)]
    assert paths == ["a.ipynb", "a-1.ipynb", "a-2.ipynb"]


@pytest.mark.parametrize(
    ("target_path", "path"),
    [
        (None, "a.ipynb"),
        ("", "a.ipynb"),
        ("/", "a.ipynb"),
        ("b.ipynb", "b.ipynb"),
        ("/b.ipynb", "b.ipynb"),
        ("sub", "sub/a.ipynb"),
        ("sub/", "sub/a.ipynb"),
        ("sub/b.ipynb", "sub/b.ipynb"),
        ("sub/b", "sub/b.ipynb"),
        ("sub/deep er/ü?#%.ipynb", "sub/deep er/ü?#%.ipynb"),
    ],
)
def test_a_target_may_be_a_name_or_a_folder(
    server: ServerSide,
    contents: ContentsDouble,
    put: Put,
    notebook: Any,
    target_path: str | None,
    path: str,
) -> None:
    put("published/a.ipynb", notebook)
    contents.folders |= {"sub", "sub/deep er"}
    answer = server.post(URL, json={**SOURCE, "target_path": target_path})
    assert answer.status_code == 200, answer.text
    assert answer.json["path"] == path
    assert list(contents.files) == [path]


@pytest.mark.parametrize("target_path", ["no/b.ipynb", "no/", "sub/no/b.ipynb"])
def test_a_missing_folder_is_a_404(
    server: ServerSide,
    contents: ContentsDouble,
    put: Put,
    notebook: Any,
    target_path: str,
) -> None:
    put("published/a.ipynb", notebook)
    contents.folders.add("sub")
    answer = server.post(URL, json={**SOURCE, "target_path": target_path})
    assert answer.status_code == 404
    assert "no folder" in answer.json["message"]
    assert contents.written == []


@pytest.mark.parametrize(
    "target_path",
    [
        "../b.ipynb",
        "b\0.ipynb",
        "x" * 2000,
        "x" * 300,
        "\ud800.ipynb",
        5,
        True,
        ["b.ipynb"],
        {"path": "b.ipynb"},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_invalid_target_is_a_400(
    server: ServerSide,
    contents: ContentsDouble,
    put: Put,
    notebook: Any,
    target_path: object,
) -> None:
    put("published/a.ipynb", notebook)
    body = json.dumps({**SOURCE, "target_path": target_path})
    answer = server.post(URL, data=body)
    assert answer.status_code == 400, answer.text
    assert contents.written == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"s3_bucket": "bookstore"},
        {"s3_key": "published/a.ipynb"},
        {"s3_bucket": "", "s3_key": "published/a.ipynb"},
        {"s3_bucket": "bookstore", "s3_key": ""},
        {"s3_bucket": None, "s3_key": "published/a.ipynb"},
        {"s3_bucket": 5, "s3_key": "published/a.ipynb"},
        {"s3_bucket": ["bookstore"], "s3_key": "published/a.ipynb"},
        {"s3_bucket": "bookstore", "s3_key": {"key": "a"}},
        {"s3_bucket": "bookstore", "s3_key": "published/"},
        {"s3_bucket": "bookstore", "s3_key": "a\0.ipynb"},
        {"s3_bucket": "bookstore", "s3_key": "\ud800.ipynb"},
        {"s3_bucket": "bookstore", "s3_key": "x" * 1025},
        {**SOURCE, "s3_version_id": 5},
        {**SOURCE, "s3_version_id": ["v"]},
    ],
    ids=lambda fields: repr(fields)[:60],
)
def test_an_invalid_source_is_a_400(server: ServerSide, fields: dict[str, Any]) -> None:
    answer = server.post(URL, data=json.dumps(fields))
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] == "InvalidRequestError"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 10_000])
def test_a_body_that_is_not_an_object_is_a_400(server: ServerSide, body: bytes) -> None:
    assert server.post(URL, data=body).status_code == 400


def test_a_body_far_larger_than_any_source_is_a_413(server: ServerSide) -> None:
    assert server.post(URL, data=b" " * 100_000).status_code == 413


@pytest.mark.parametrize(
    "fields",
    [
        {"s3_key": "published/nothing.ipynb"},
        {"s3_key": "../../etc/passwd"},
        {"s3_key": "/etc/passwd"},
        {"s3_key": "published"},
        {"s3_key": "published//a.ipynb"},
        {"s3_key": "published/./a.ipynb"},
        {"s3_version_id": "nothing"},
        {"s3_version_id": "../../x"},
        {"s3_version_id": "null"},
        {"s3_version_id": "ü\n"},
        {"s3_version_id": "x" * 5000},
    ],
    ids=lambda fields: repr(fields)[:60],
)
def test_an_unknown_key_or_version_is_a_404(
    server: ServerSide,
    contents: ContentsDouble,
    put: Put,
    notebook: Any,
    fields: dict[str, str],
) -> None:
    put("published/a.ipynb", notebook)
    answer = server.post(URL, json=SOURCE | fields)
    assert answer.status_code in {400, 404}, answer.text
    assert contents.written == []


def test_a_bucket_that_is_not_allowed_is_a_403(
    server: ServerSide, contents: ContentsDouble
) -> None:
    answer = server.post(URL, json={**SOURCE, "s3_bucket": "other"})
    assert answer.status_code == 403
    assert "clone_buckets" in answer.json["message"]
    assert contents.requests == []


@pytest.mark.parametrize("buckets", [["other"], ["*"]])
def test_an_allowed_bucket_without_the_key_is_a_404(
    make_server_side: Callable[..., ServerSide], buckets: list[str]
) -> None:
    server = make_server_side(clone_buckets=buckets)
    answer = server.post(URL, json={**SOURCE, "s3_bucket": "other"})
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("bucket", ["../x", "*", "a b", ".", "-", "x" * 300, "ü"])
def test_an_invalid_bucket_name_is_refused_even_if_any_is_allowed(
    make_server_side: Callable[..., ServerSide], bucket: str
) -> None:
    server = make_server_side(clone_buckets=["*"])
    answer = server.post(URL, json={**SOURCE, "s3_bucket": bucket})
    assert answer.status_code == 400, answer.text


def test_cloning_that_is_off_has_no_route(
    make_server_side: Callable[..., ServerSide],
) -> None:
    server = make_server_side(enable_s3_cloning=False)
    for body in (SOURCE, {}):
        answer = server.post(URL, json=body)
        assert answer.status_code == 404
        assert "enable_s3_cloning" in answer.json["message"]
    for page in ("/bookstore/clone", "/bookstore/clone/content", f"{URL}d"):
        assert server.get(page).status_code == 404


@pytest.mark.parametrize(
    ("target", "path"),
    [("./x.ipynb", "x.ipynb"), (".//x", "x.ipynb"), (".", "a.ipynb")],
)
def test_a_target_may_begin_with_the_current_folder(
    server: ServerSide,
    put: Callable[..., Any],
    notebook: Any,
    target: str,
    path: str,
) -> None:
    put("published/a.ipynb", notebook)
    answer = server.post(URL, json={**SOURCE, "target_path": target})
    assert answer.status_code == 200, answer.text
    assert answer.json["path"] == path


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json",
        b"{}",
        b"[]",
        b"null",
        b'{"nbformat": 4}',
        b"\xff\xfe\x00",
        '{"nbformat": 4}'.encode("utf-16"),
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 5}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": "\\ud800"},'
        b'"cells": []}',
        b"[" * 100_000,
    ],
    ids=lambda data: repr(data[:40]),
)
def test_an_invalid_notebook_is_a_422(
    server: ServerSide, contents: ContentsDouble, put: Put, data: bytes
) -> None:
    put("published/a.ipynb", data)
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 422, answer.text
    assert contents.requests == []


def test_an_object_over_the_limit_is_a_413(
    make_server_side: Callable[..., ServerSide], contents: ContentsDouble, put: Put
) -> None:
    put("published/a.ipynb", b" " * 101)
    server = make_server_side(max_notebook_size=100)
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 413
    assert contents.requests == []


def test_a_text_is_cloned_as_a_file(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("published/Maße.csv", "größe\r\n1\n".encode())
    answer = server.post(URL, json={**SOURCE, "s3_key": "published/Maße.csv"})
    assert answer.json["path"] == "Maße.csv"
    saved = contents.files["Maße.csv"]
    assert (saved["type"], saved["format"]) == ("file", "text")
    assert saved["content"] == "größe\r\n1\n"


def test_binary_data_is_cloned_as_a_file_byte_for_byte(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    data = bytes(range(256))
    put("published/a.bin", data)
    server.post(URL, json={**SOURCE, "s3_key": "published/a.bin"})
    saved = contents.files["a.bin"]
    assert (saved["type"], saved["format"]) == ("file", "base64")
    assert base64.b64decode(saved["content"]) == data


def test_a_file_cannot_become_a_notebook_by_its_new_name(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("published/a.txt", b"{}")
    fields = {"s3_key": "published/a.txt", "target_path": "a.ipynb"}
    answer = server.post(URL, json=SOURCE | fields)
    assert answer.status_code == 400
    assert contents.written == []


def test_a_v3_notebook_is_cloned_as_v4(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    cell = {
        "cell_type": "code",
        "metadata": {"trusted": True},
        "input": "1",
        "outputs": [],
        "language": "python",
    }
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    put("published/a.ipynb", old | {"worksheets": [{"cells": [cell], "metadata": {}}]})
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 200, answer.text
    saved = contents.files["a.ipynb"]["content"]
    assert (saved["nbformat"], saved["cells"][0]["source"]) == (4, "1")
    assert "trusted" not in saved["cells"][0]["metadata"]


def test_standalone_there_is_no_server_to_clone_to(
    client: FlaskClient, put: Put, notebook: Any
) -> None:
    put("published/a.ipynb", notebook)
    answer = client.post(URL, json=SOURCE)
    assert answer.status_code == 503
    assert "your own notebook server" in answer.json["message"]


def test_an_app_without_a_store_states_what_to_set(
    make_server_side: Callable[..., ServerSide],
) -> None:
    server = make_server_side(storage="s3", s3_bucket="", clone_buckets=["bookstore"])
    answer = server.post(URL, json=SOURCE)
    assert answer.status_code == 404
    assert "No store is configured" in answer.json["message"]
