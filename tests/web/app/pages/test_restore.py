"""The page that shows what a restore will do, does it, and undoes it."""

import hashlib
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from harness.library import Library, report
from harness.web_app import ContentsDouble, ServerSide

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
Make = Callable[..., ServerSide]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


@pytest.fixture
def archiving(make_server_side: Make) -> ServerSide:
    """A server whose saves are archived, below a base URL."""
    return make_server_side({"base_url": "/user/ann/", "archives": True})


def put_file(contents: ContentsDouble, path: str, notebook: Any) -> None:
    model = {"type": "notebook", "format": "json", "content": notebook}
    contents.files[path] = model


def fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input [^>]*?name="([^"]*)"[^>]*?value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def ask(server: ServerSide, **query: str) -> Any:
    query = {"path": "a.ipynb", "version_id": "@0", **query}
    return server.get("/bookstore/restore", query_string=query)


def test_the_page_shows_what_will_happen_and_changes_nothing(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT)
    put_file(contents, "a.ipynb", report(7))
    page = ask(archiving)
    assert page.status_code == 200
    assert "is kept as a version first" in page.text
    assert "no other version is changed or removed" in page.text
    assert contents.written == []


def test_what_the_form_sends_restores_and_offers_to_undo(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    put_file(contents, "a.ipynb", report(2))
    before = contents.bytes_at("a.ipynb")
    form = {**fields(ask(archiving).text), "how": "place"}
    answer = archiving.post("/bookstore/restore", data=form)
    assert answer.status_code == 303, answer.text
    assert contents.files["a.ipynb"]["content"]["cells"] == report(1)["cells"]
    saved = json.loads([r for r in contents.requests if r.method == "PUT"][-1].data)
    assert saved["bookstore"]["restored_from"] == version.version_id
    page = archiving.follow(answer.headers["Location"])
    assert "a.ipynb is restored" in html.unescape(page.text)
    assert fields(page.text)["sha256"] == hashlib.sha256(before).hexdigest()


def test_undo_brings_back_what_was_there(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    put_file(contents, "a.ipynb", report(2))
    before = contents.bytes_at("a.ipynb")
    library.save("a.ipynb", AT + timedelta(hours=1), content=before)  # as archived
    form = {"path": "a.ipynb", "version_id": version.version_id, "how": "place"}
    answer = archiving.post("/bookstore/restore", data=form)
    page = archiving.follow(answer.headers["Location"])
    undo = {name: fields(page.text)[name] for name in ("path", "sha256")}
    undone = archiving.post("/bookstore/restore", data=undo)
    assert undone.status_code == 303, undone.text
    assert contents.files["a.ipynb"]["content"]["cells"] == report(2)["cells"]
    assert "Undone" in archiving.follow(undone.headers["Location"]).text


def test_an_undo_that_comes_too_early_can_be_tried_again(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT)
    put_file(contents, "a.ipynb", report(2))
    form = {"path": "a.ipynb", "sha256": "0" * 64}
    page = archiving.post("/bookstore/restore", data=form)
    assert page.status_code == 409
    assert "Try again" in page.text
    assert fields(page.text)["sha256"] == "0" * 64
    assert contents.written == []


def test_a_copy_leaves_the_file_as_it_is_and_is_linked_to(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT, content=report(1))
    put_file(contents, "a.ipynb", report(2))
    form = {**fields(ask(archiving).text), "how": "copy"}
    answer = archiving.post("/bookstore/restore", data=form)
    assert answer.status_code == 303, answer.text
    assert contents.written == ["/user/ann/api/contents/a-1.ipynb"]
    page = archiving.follow(answer.headers["Location"])
    assert "A copy is at a-1.ipynb." in page.text
    assert 'href="/user/ann/notebooks/a-1.ipynb"' in page.text


def test_a_copy_goes_to_the_given_path_or_the_reason_is_shown(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    form = {
        "path": "a.ipynb",
        "version_id": version.version_id,
        "how": "copy",
        "target_path": "nowhere/b.ipynb",
    }
    page = archiving.post("/bookstore/restore", data=form)
    assert page.status_code == 404
    assert "no folder" in page.text
    assert fields(page.text)["target_path"] == "nowhere/b.ipynb"
    contents.folders.add("nowhere")
    assert archiving.post("/bookstore/restore", data=form).status_code == 303
    assert list(contents.files) == ["nowhere/b.ipynb"]


def test_a_deleted_notebook_is_made_again(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("sub/a.ipynb", AT, content=report(1))
    form = fields(ask(archiving, path="sub/a.ipynb").text) | {"how": "place"}
    answer = archiving.post("/bookstore/restore", data=form)
    assert answer.status_code == 303, answer.text
    page = archiving.follow(answer.headers["Location"])
    assert "a.ipynb was created again" in page.text
    assert "Undo" not in page.text


def test_a_server_that_does_not_archive_restores_copies_only(
    make_server_side: Make, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    put_file(contents, "a.ipynb", report(2))
    server = make_server_side()
    page = ask(server).text
    assert 'value="place"' not in page
    assert "does not archive" in page
    form = {"path": "a.ipynb", "version_id": version.version_id}
    refused = server.post("/bookstore/restore", data={**form, "how": "place"})
    assert refused.status_code == 409
    assert contents.written == []
    copied = server.post("/bookstore/restore", data={**form, "how": "copy"})
    assert copied.status_code == 303


def test_a_refused_save_is_shown_on_the_page(
    archiving: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    contents.answer = Response('{"message": "the disk is full"}', 503)
    form = {"path": "a.ipynb", "version_id": version.version_id, "how": "place"}
    page = archiving.post("/bookstore/restore", data=form)
    assert page.status_code == 503
    assert "the disk is full" in page.text
    assert 'role="alert"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        {"done": "nonsense"},
        {"done": "restored", "undo": "nonsense"},
        {"done": "copied", "copy": "../etc"},
        {"done": "copied"},
    ],
)
def test_a_forged_query_offers_nothing(
    archiving: ServerSide, library: Library, query: dict[str, str]
) -> None:
    library.save("a.ipynb", AT)
    page = archiving.get(
        "/bookstore/history", query_string={"path": "a.ipynb", **query}
    )
    assert page.status_code == 200
    assert 'name="sha256"' not in page.text
    assert "A copy is at" not in page.text


def test_a_copys_history_leads_to_the_version_that_it_was_made_from(
    server: ServerSide, library: Library
) -> None:
    version = library.save("a.ipynb", AT)
    origin = {"restored_from": version.version_id, "restored_path": "a.ipynb"}
    library.save("b.ipynb", AT, **origin)
    page = server.get("/bookstore/history", query_string={"path": "b.ipynb"})
    link = re.search(r'href="([^"]*version_path[^"]*)"', page.text)
    assert link
    looked = server.get(html.unescape(link[1]))
    assert looked.headers["Location"].endswith(
        f"/bookstore/view?path=a.ipynb&version_id={version.version_id}"
    )
    assert server.get(looked.headers["Location"]).status_code == 200


def test_a_standalone_app_states_that_it_cannot_restore(
    client: FlaskClient,
) -> None:
    page = client.get("/bookstore/restore?path=a.ipynb&version_id=@0")
    assert page.status_code == 503
    assert "below your own notebook server" in page.text
