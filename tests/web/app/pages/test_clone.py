"""The clone page: what it shows, what its form does, and that it runs no script."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from bookstore_core.stores import Label, Version, VersionStore
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
QUERY = {"s3_bucket": "bookstore", "s3_key": "published/a.ipynb"}
NASTY = "\"><script>alert(1)</script>'&{{7*7}}.ipynb"


def inputs(page: str) -> dict[str, str]:
    """Return the names of a page's inputs with their values."""
    found = re.findall(r'<input [^>]*?name="([^"]*)"[^>]*?value="([^"]*)"', page)
    return {html.unescape(name): html.unescape(value) for name, value in found}


@pytest.mark.parametrize("path", ["/api/bookstore/cloned", "/bookstore/clone"])
def test_the_page_shows_source_version_size_time_and_author(
    server: ServerSide, put: Put, path: str
) -> None:
    version = put("published/a.ipynb", b" " * 2500, author="Ann Müller")
    page = server.get(path, query_string=QUERY)
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    for text in (
        "s3://bookstore/published/a.ipynb",
        version.version_id,
        "2.5 kB",
        "17 May 2024 09:30 UTC",
        "Ann Müller",
        "Clone and open",
    ):
        assert text in page.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("jupyter_config.py", "a configuration file. It is copied as it is. Programs"),
        ("jupyter_server_config.json", "a configuration file"),
        (".bashrc", "a configuration file"),
        ("Makefile", "a configuration file"),
        ("tool.PY", "a Python program"),
        ("page.html", "a web page, perhaps with scripts"),
        ("data.csv", "a file of the type .csv"),
        ("LICENSE", "a file without a type"),
        ("<b>.<i>", "a file of the type .&lt;i&gt;"),
    ],
)
def test_the_page_says_what_a_file_is_that_is_no_notebook(
    server: ServerSide, put: Put, name: str, words: str
) -> None:
    put(f"published/{name}", b"1")
    query = QUERY | {"s3_key": f"published/{name}"}
    page = server.get("/bookstore/clone", query_string=query).text
    assert f"This is not a notebook but {words}" in page


def test_the_page_of_a_notebook_does_not(server: ServerSide, put: Put) -> None:
    put("published/a.ipynb", b"1")
    page = server.get("/bookstore/clone", query_string=QUERY).text
    assert "not a notebook" not in page


def test_the_page_distinguishes_the_newest_from_a_given_version(
    server: ServerSide, put: Put
) -> None:
    old = put("published/a.ipynb", b"1")
    put("published/a.ipynb", b"22")
    newest = server.get("/bookstore/clone", query_string=QUERY).text
    assert ", the newest" in newest
    assert "s3_version_id" not in inputs(newest)
    named = QUERY | {"s3_version_id": old.version_id}
    page = server.get("/bookstore/clone", query_string=named).text
    assert ", the newest" not in page
    assert inputs(page)["s3_version_id"] == old.version_id


def test_the_page_shows_where_the_copy_will_go(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("published/a.ipynb", b"{}")
    page = server.get("/bookstore/clone", query_string=QUERY).text
    assert inputs(page)["target_path"] == "a.ipynb"
    contents.files["a.ipynb"] = {"type": "notebook"}
    page = server.get("/bookstore/clone", query_string=QUERY).text
    assert inputs(page)["target_path"] == "a-1.ipynb"
    assert "is already taken" in page


def test_looking_changes_nothing(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("published/a.ipynb", b"{}")
    server.get("/bookstore/clone", query_string=QUERY)
    assert {request.method for request in contents.requests} == {"GET"}


def test_the_page_shows_the_label_of_the_version(
    server: ServerSide, put: Put, store: VersionStore
) -> None:
    version = put("published/a.ipynb", b"{}")
    label = Label("as agreed", "with all the numbers")
    store.set_label("published/a.ipynb", version.version_id, label)
    page = server.get("/bookstore/clone", query_string=QUERY).text
    assert "as agreed" in page
    assert "with all the numbers" in page


def test_the_form_carries_the_xsrf_token_and_goes_below_the_base_url(
    make_server_side: Callable[..., ServerSide], put: Put
) -> None:
    put("published/a.ipynb", b"{}")
    server = make_server_side({"base_url": "/user/a%20b/", "xsrf_token": "tok|en"})
    page = server.get("/bookstore/clone", query_string=QUERY).text
    assert inputs(page)["_xsrf"] == "tok|en"
    assert 'action="/user/a%20b/bookstore/clone"' in page


def test_what_the_form_sends_clones_and_opens_the_copy(
    make_server_side: Callable[..., ServerSide],
    contents: ContentsDouble,
    put: Put,
    notebook: Any,
) -> None:
    put("published/a.ipynb", notebook)
    server = make_server_side({"base_url": "/user/ann/", "ui": "lab"})
    form = inputs(server.get("/bookstore/clone", query_string=QUERY).text)
    answer = server.post("/bookstore/clone", data=form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/user/ann/lab/tree/a.ipynb"
    assert list(contents.files) == ["a.ipynb"]


def test_a_form_with_a_missing_folder_says_so_and_keeps_what_was_typed(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any
) -> None:
    put("published/a.ipynb", notebook)
    form = QUERY | {"target_path": 'no "where"/b.ipynb'}
    page = server.post("/bookstore/clone", data=form)
    assert page.status_code == 404
    assert "no folder" in page.text
    assert inputs(page.text)["target_path"] == 'no "where"/b.ipynb'
    assert contents.written == []


@pytest.mark.parametrize(("status", "expected"), [(302, 403), (403, 403), (500, 502)])
def test_a_refusal_by_the_server_is_shown_on_the_page(
    server: ServerSide, contents: ContentsDouble, put: Put, status: int, expected: int
) -> None:
    put("published/a.ipynb", b"{}")
    contents.answer = Response("{}", status)
    page = server.get("/bookstore/clone", query_string=QUERY)
    assert page.status_code == expected
    assert 'role="alert"' in page.text
    assert "Clone and open" in page.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"s3_bucket": "bookstore"}, 400),
        ({"s3_key": "a.ipynb"}, 400),
        ({"s3_bucket": "", "s3_key": ""}, 400),
        ({"s3_bucket": "other", "s3_key": "a.ipynb"}, 403),
        ({"s3_bucket": "bookstore", "s3_key": "nothing.ipynb"}, 404),
        (QUERY | {"s3_version_id": "nothing"}, 404),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_cannot_be_cloned_is_a_page_with_the_reason(
    server: ServerSide, put: Put, query: dict[str, str], status: int, method: str
) -> None:
    put("published/a.ipynb", b"{}")
    fields = {"query_string": query} if method == "GET" else {"data": query}
    page = server.open(method, "/bookstore/clone", **fields)
    assert page.status_code == status
    assert page.mimetype == "text/html"
    assert 'role="alert"' in page.text


def test_the_form_refuses_an_invalid_notebook(server: ServerSide, put: Put) -> None:
    put("published/a.ipynb", b"{}")
    assert server.post("/bookstore/clone", data=QUERY).status_code == 422


def test_a_version_over_the_limit_is_refused_before_it_is_offered(
    make_server_side: Callable[..., ServerSide], put: Put
) -> None:
    put("published/a.ipynb", b" " * 11)
    server = make_server_side(max_notebook_size=10)
    page = server.get("/bookstore/clone", query_string=QUERY)
    assert page.status_code == 413
    assert "over the limit" in page.text


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [("text/html,*/*", "text/html"), ("application/json", "application/json")],
)
def test_the_documented_address_answers_errors_as_the_client_wants_them(
    server: ServerSide, accept: str, mimetype: str
) -> None:
    answer = server.get("/api/bookstore/cloned", headers={"Accept": accept})
    assert answer.status_code == 400
    assert answer.mimetype == mimetype


def test_nothing_that_others_wrote_becomes_markup(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put(f"published/{NASTY}", b"{}", author=NASTY)
    contents.files[NASTY] = {"type": "notebook"}
    query = {"s3_bucket": "bookstore", "s3_key": f"published/{NASTY}"}
    page = server.get("/bookstore/clone", query_string=query)
    assert page.status_code == 200, page.text
    assert "<script>" not in page.text
    assert "{{7*7}}" in page.text
    assert inputs(page.text)["s3_key"] == f"published/{NASTY}"


@pytest.mark.parametrize("name", ["s3_bucket", "s3_key", "s3_version_id"])
def test_nothing_in_the_query_becomes_markup(
    server: ServerSide, put: Put, name: str
) -> None:
    put("published/a.ipynb", b"{}")
    page = server.get("/bookstore/clone", query_string=QUERY | {name: NASTY})
    assert page.status_code in {403, 404}
    assert "<script>" not in page.text


def test_standalone_the_page_says_where_to_open_it(
    client: FlaskClient, put: Put
) -> None:
    version = put("published/a.ipynb", b"{}")
    query = QUERY | {"s3_version_id": version.version_id}
    page = client.get("/bookstore/clone", query_string=query)
    assert page.status_code == 200
    assert "your own notebook server" in page.text
    assert f"s3_version_id={version.version_id}" in page.text
    assert "<form" not in page.text


def test_standalone_the_form_is_refused(
    client: FlaskClient, put: Put, notebook: Any
) -> None:
    put("published/a.ipynb", notebook)
    assert client.post("/bookstore/clone", data=QUERY).status_code == 503
