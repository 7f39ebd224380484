"""POST /api/bookstore/restore: what it writes, what it refuses, and the undo."""

import hashlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from bookstore_core.origins import MEMBER
from bookstore_core.stores import Version, VersionStore
from harness.notebook_server import notebook
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
URL = "/api/bookstore/restore"
KEY = "workspace/sub/a.ipynb"
PATH = "sub/a.ipynb"


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide]) -> ServerSide:
    """A notebook server whose saves are archived."""
    return make_server_side({"archives": True})


@pytest.fixture
def two(put: Put, contents: ContentsDouble) -> list[Version]:
    """Two versions of a notebook, and another state of it on the server."""
    contents.folders.add("sub")
    contents.files[PATH] = model(notebook("now"))
    return [put(KEY, notebook("old")), put(KEY, notebook("newer"))]


def model(content: Any) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": content}


def restore(server: ServerSide, **wish: Any) -> Any:
    answer = server.post(URL, json={"path": PATH, **wish})
    assert answer.status_code == 200, answer.text
    return answer.json


def sources(saved: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in saved["content"]["cells"]]


def test_a_version_is_written_over_the_notebook(
    server: ServerSide, contents: ContentsDouble, two: list[Version]
) -> None:
    before = contents.bytes_at(PATH)
    answer = restore(server, version_id=two[0].version_id)
    saved = contents.files[PATH]
    assert sources(saved) == ["old"]
    # The archiver removes this member, and archives the old content first.
    assert saved[MEMBER] == {"restored_from": two[0].version_id, "restored_path": ""}
    assert answer["path"] == PATH
    assert answer["restored_from"] == two[0].version_id
    assert answer["restored_path"] == PATH
    assert answer["undo"] == {"sha256": hashlib.sha256(before).hexdigest()}
    assert contents.written == [f"/api/contents/{PATH}"]


def test_any_name_of_a_version_is_accepted(
    server: ServerSide, contents: ContentsDouble, two: list[Version]
) -> None:
    label = {"path": PATH, "version_id": "@1", "name": "first"}
    assert server.put("/api/bookstore/label", json=label).status_code == 200
    for name, source in (("@0", "newer"), ("first", "old")):
        restore(server, version_id=name)
        assert sources(contents.files[PATH]) == [source]


def test_the_previous_content_is_restored_by_its_digest(
    server: ServerSide, contents: ContentsDouble, two: list[Version], put: Put
) -> None:
    before = contents.bytes_at(PATH)
    undo = restore(server, version_id="@1")["undo"]
    # The archiver archives this content; until it is in the store:
    answer = server.post(URL, json={"path": PATH, **undo})
    assert answer.status_code == 409
    assert "try again in a moment" in answer.json["message"]
    kept = put(KEY, before)
    again = restore(server, **undo)
    assert again["restored_from"] == kept.version_id
    assert sources(contents.files[PATH]) == ["now"]
    assert again["undo"]


def test_the_undo_passes_over_a_version_with_a_false_sha256(
    server: ServerSide, contents: ContentsDouble, store: VersionStore, put: Put
) -> None:
    kept = put(KEY, notebook("kept"))
    metadata = store.head(KEY).metadata
    assert metadata is not None
    store.put(KEY, io.BytesIO(b"forged"), size=6, metadata=metadata)
    contents.folders.add("sub")
    assert restore(server, sha256=metadata.sha256)["restored_from"] == kept.version_id
    assert sources(contents.files[PATH]) == ["kept"]


def test_a_version_under_an_older_path_records_that_path(
    server: ServerSide, contents: ContentsDouble, two: list[Version], put: Put
) -> None:
    older = put("workspace/before.ipynb", notebook("older"))
    answer = restore(server, version_id=older.version_id, version_path="before.ipynb")
    assert answer["restored_path"] == "before.ipynb"
    assert contents.files[PATH][MEMBER]["restored_path"] == "before.ipynb"


def test_a_deleted_notebook_is_restored_with_its_folders(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("workspace/gone/deep/a.ipynb", notebook("old"))
    answer = server.post(URL, json={"path": "gone/deep/a.ipynb", "version_id": "@0"})
    assert answer.status_code == 200, answer.text
    assert answer.json["undo"] is None
    assert {"gone", "gone/deep"} <= contents.folders
    assert sources(contents.files["gone/deep/a.ipynb"]) == ["old"]


def test_a_content_that_is_not_a_notebook_is_restored_byte_for_byte(
    server: ServerSide, contents: ContentsDouble, two: list[Version], put: Put
) -> None:
    for data in (b"{ half a noteb", b"\xff\xfe\x00"):
        version = put(KEY, data)
        restore(server, version_id=version.version_id)
        assert contents.files[PATH]["type"] == "file"
        assert contents.bytes_at(PATH) == data


def test_no_restored_cell_claims_trust(
    server: ServerSide, contents: ContentsDouble, two: list[Version], put: Put
) -> None:
    content = notebook("x")
    content["cells"][0]["metadata"]["trusted"] = True
    put(KEY, content)
    restore(server, version_id="@0")
    restore(server, version_id="@0", target_path="")
    for path in (PATH, "sub/a-1.ipynb"):
        assert contents.files[path]["content"]["cells"][0]["metadata"] == {}


def test_no_restored_cell_claims_trust_if_the_notebook_is_invalid(
    server: ServerSide, contents: ContentsDouble, two: list[Version], put: Put
) -> None:
    cells = [{"cell_type": "code", "metadata": {"trusted": True}}, 7]
    put(KEY, {"nbformat": 4, "cells": cells})
    restore(server, version_id="@0")
    restore(server, version_id="@0", target_path="")
    for path in (PATH, "sub/a-1.ipynb"):
        assert b"cell_type" in contents.bytes_at(path)
        assert b"trusted" not in contents.bytes_at(path)


@pytest.mark.parametrize(
    ("target_path", "path"),
    [("", "sub/a-1.ipynb"), ("/", "a.ipynb"), ("b.ipynb", "b.ipynb")],
)
def test_a_copy_does_not_change_the_original(
    server: ServerSide,
    contents: ContentsDouble,
    two: list[Version],
    target_path: str,
    path: str,
) -> None:
    answer = restore(server, version_id="@1", target_path=target_path)
    assert answer["path"] == path
    assert answer["undo"] is None
    assert sources(contents.files[path]) == ["old"]
    assert contents.files[path][MEMBER]["restored_path"] == PATH
    assert sources(contents.files[PATH]) == ["now"]


def test_without_an_archiver_only_copies_are_made(
    make_server_side: Callable[..., ServerSide],
    contents: ContentsDouble,
    two: list[Version],
) -> None:
    server = make_server_side()
    answer = server.post(URL, json={"path": PATH, "version_id": "@1"})
    assert answer.status_code == 409
    assert "bookstore_archiver" in answer.json["message"]
    assert contents.written == []
    restore(server, version_id="@1", target_path="")
    # No archiver removes the member there.
    assert MEMBER not in contents.files["sub/a-1.ipynb"]


def test_a_refusal_of_the_archiver_is_passed_on(
    server: ServerSide, contents: ContentsDouble, two: list[Version]
) -> None:
    asked: list[str] = []

    def refuse(request: Any) -> Response | None:
        asked.append(request.method)
        refusal = {"message": "Nothing was restored: the disk is full."}
        return Response(json.dumps(refusal), 503) if request.method == "PUT" else None

    contents.refuse = refuse
    answer = server.post(URL, json={"path": PATH, "version_id": "@1"})
    assert answer.status_code == 503
    assert "Nothing was restored: the disk is full." in answer.json["message"]
    assert answer.headers["Retry-After"]
    assert asked[-1] == "PUT"


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_file_that_cannot_be_read_is_not_overwritten(
    server: ServerSide, contents: ContentsDouble, two: list[Version], status: int
) -> None:
    contents.answer = Response(json.dumps({"message": "No."}), status)
    answer = server.post(URL, json={"path": PATH, "version_id": "@1"})
    assert answer.status_code == {500: 502}.get(status, status)
    assert contents.written == []


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({}, 400),
        ({"version_id": "@0", "sha256": "0" * 64}, 400),
        ({"version_id": "nothing"}, 404),
        ({"version_id": "@2"}, 404),
        ({"version_id": "@0", "path": "no/such.ipynb"}, 404),
        ({"version_id": "@0", "path": "../a.ipynb"}, 400),
        ({"version_id": "@0", "path": "a\0.ipynb"}, 400),
        ({"version_id": "@0", "path": "x" * 1025}, 400),
        ({"version_id": "@0", "version_path": ".."}, 400),
        ({"version_id": "@0", "path": "sub/a.txt"}, 415),
        ({"version_id": "@0", "target_path": "no/such/"}, 404),
        ({"version_id": "@0", "target_path": "../x.ipynb"}, 400),
        ({"version_id": 5}, 400),
        ({"sha256": "abc"}, 400),
        ({"version_id": "@0", "path": f"{'x' * 250}.ipynb", "version_path": PATH}, 400),
        ({"version_id": "@0", "path": f"{PATH}/b.ipynb", "version_path": PATH}, 409),
        ({"sha256": "0" * 64}, 409),
    ],
)
def test_an_invalid_request_writes_nothing(
    server: ServerSide,
    contents: ContentsDouble,
    two: list[Version],
    wish: dict[str, Any],
    status: int,
) -> None:
    answer = server.post(URL, json={"path": PATH, **wish})
    assert answer.status_code == status, answer.text
    assert answer.json["message"]
    assert contents.written == []


def test_a_standalone_app_restores_nothing(client: FlaskClient, put: Put) -> None:
    put(KEY, notebook("old"))
    answer = client.post(URL, json={"path": PATH, "version_id": "@0"})
    assert answer.status_code == 503
    assert "your own notebook server" in answer.json["message"]


def test_a_version_over_the_limit_is_restored_and_undone(
    make_server_side: Callable[..., ServerSide],
    contents: ContentsDouble,
    two: list[Version],
    put: Put,
) -> None:
    server = make_server_side({"archives": True}, max_notebook_size=10)
    put(KEY, contents.bytes_at(PATH))
    undo = restore(server, version_id=two[0].version_id)["undo"]
    assert sources(contents.files[PATH]) == ["old"]
    restore(server, **undo)
    assert sources(contents.files[PATH]) == ["now"]
