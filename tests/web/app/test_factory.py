"""The app as a whole: access, base URLs, errors, headers."""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from bookstore_core.errors import (
    BookstoreError,
    StorageUnavailableError,
    VersionNotFoundError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_web import create_app
from bookstore_web.app.failures import STATUS, status_of
from bookstore_web.wire import CONTEXT_HEADER, Launch, RequestContext
from harness.notebook_server import notebook
from harness.web_app import SECRET, ServerSide


def tree(kind: type[BookstoreError]) -> Iterator[type[BookstoreError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_importing_the_package_imports_neither_flask_nor_tornado() -> None:
    names = "{'flask', 'tornado', 'werkzeug', 'jinja2'}"
    assert run(f"import sys, bookstore_web; print({names} & set(sys.modules))") == (
        "set()"
    )


def test_the_app_does_not_import_tornado_or_a_notebook_server() -> None:
    names = "{'tornado', 'jupyter_server', 'notebook', 'botocore'}"
    code = f"import sys, bookstore_web.app.factory; print({names} & set(sys.modules))"
    assert run(code) == "set()"


def test_home_and_history_import_nothing_that_renders_or_compares(
    settings: BookstoreSettings, put: Callable[..., Version]
) -> None:
    put("workspace/a.ipynb", notebook("1"))
    code = f"""
import sys
from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app
settings = BookstoreSettings(storage="local", local_root={settings.local_root!r})
client = create_app(settings).test_client()
for page in ("", "history?path=a.ipynb"):
    assert client.get(f"/bookstore/{{page}}").status_code == 200
print({{"nbconvert", "nbdime", "nbformat", "jsonschema", "pygments", "mistune",
    "prometheus_client", "apispec", "sqlalchemy", "asyncio"}} & set(sys.modules))
"""
    assert run(code) == "set()"


def test_an_app_that_reads_notebooks_compiles_no_grammars() -> None:
    code = "import bookstore_web.slim as s, sys; s.leave_out(); import nbformat"
    assert run(f"{code}; print('lark' in sys.modules)") == "False"


def test_every_error_but_the_base_class_has_a_status() -> None:
    without = [
        kind
        for kind in tree(BookstoreError)
        if kind is not BookstoreError and status_of(kind("x")) == STATUS[BookstoreError]
    ]
    assert without == []


def test_a_class_without_a_row_has_the_status_of_its_parent() -> None:
    assert status_of(VersionNotFoundError("x")) == 404


def test_an_unknown_address_below_api_is_answered_in_json(client: FlaskClient) -> None:
    answer = client.get("/api/bookstore/nothing")
    assert answer.status_code == 404
    assert answer.json == {
        "error": "NotFound",
        "message": "There is nothing at this address.",
    }


def test_an_unknown_address_elsewhere_is_answered_by_a_page(
    client: FlaskClient,
) -> None:
    answer = client.get("/bookstore/nothing")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "There is nothing at this address." in answer.text


def test_a_method_that_is_not_allowed_names_those_that_are(client: FlaskClient) -> None:
    answer = client.delete("/api/bookstore/clone")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.json["error"] == "MethodNotAllowed"


@pytest.mark.parametrize("path", ["/api/bookstore/x", "/bookstore/x"])
def test_an_unexpected_error_is_logged_and_its_details_are_not_shown(
    settings: BookstoreSettings, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    app = create_app(settings)
    app.add_url_rule(path, view_func=lambda: {}["a detail"])
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get(path)
    assert answer.status_code == 500
    assert "a detail" not in answer.text
    assert "KeyError: 'a detail'" in caplog.text


def test_a_temporary_error_has_a_retry_after_header(
    settings: BookstoreSettings,
) -> None:
    def fail() -> None:
        raise StorageUnavailableError("The store is away.")

    app = create_app(settings)
    app.add_url_rule("/api/bookstore/x", view_func=fail)
    answer = app.test_client().get("/api/bookstore/x")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json["error"] == "StorageUnavailableError"


@pytest.mark.parametrize("path", ["/bookstore/", "/api/bookstore/healthz", "/nothing"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_pages_contain_no_inline_script_or_style(client: FlaskClient) -> None:
    page = client.get("/bookstore/").text
    assert not re.search(r"<script(?![^>]* src=)", page)
    assert "<style" not in page
    assert "style=" not in page


def test_the_style_sheet_may_be_cached(client: FlaskClient) -> None:
    answer = client.get("/bookstore/static/bookstore.css", buffered=True)
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    assert "max-age" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        "[]",
        "{}",
        '{"secret": 5}',
        '{"secret": "\\ud800"}',
        '{"secret": "wrong"}',
        '{"secret": "wrong", "base_url": "/", "more": 1}',
        "[" * 100_000,
    ],
)
def test_a_client_without_the_secret_is_refused(
    launch: Launch, header: str | None
) -> None:
    client = create_app(launch=launch).test_client()
    headers = {} if header is None else {CONTEXT_HEADER: header}
    for path in ("/api/bookstore/healthz", "/bookstore/", "/bookstore/static/x.css"):
        assert client.get(path, headers=headers).status_code == 403


def test_a_client_with_the_secret_is_answered(launch: Launch) -> None:
    client = create_app(launch=launch).test_client()
    headers = {CONTEXT_HEADER: RequestContext(secret=SECRET).to_header()}
    assert client.get("/api/bookstore/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("base_url", "written"),
    [
        ("/", "/"),
        ("/user/ann/", "/user/ann/"),
        ("/user/ann%20b%40c/", "/user/ann%20b%40c/"),
        ("/user/%C3%BC/", "/user/%C3%BC/"),
    ],
)
def test_pages_link_below_the_base_url(
    make_server_side: Callable[..., ServerSide], base_url: str, written: str
) -> None:
    server = make_server_side({"base_url": base_url})
    page = server.get("/bookstore/")
    assert page.status_code == 200
    assert f'href="{written}bookstore/static/bookstore.css' in page.text
    assert server.get("/bookstore/static/bookstore.css").status_code == 200


def test_standalone_pages_link_below_the_script_name(client: FlaskClient) -> None:
    page = client.get("/bookstore/", environ_overrides={"SCRIPT_NAME": "/shelf b"})
    assert 'href="/shelf%20b/bookstore/static/bookstore.css' in page.text


def test_a_path_that_is_not_utf8_is_refused(client: FlaskClient) -> None:
    path = "/api/bookstore/publish/\xff.ipynb"
    answer = client.put("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 400
    assert "UTF-8" in answer.json["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://[bad"},
        {"Origin": "http://localhost:99999999"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_standalone_app_refuses_requests_from_another_site(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", headers=headers, json={})
    assert answer.status_code == 403
    assert client.get("/bookstore/", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost", "http://localhost:80"])
def test_a_standalone_app_accepts_requests_from_its_own_pages(
    client: FlaskClient, origin: str
) -> None:
    answer = client.put("/api/bookstore/publish/a.ipynb", headers={"Origin": origin})
    assert answer.status_code == 400


def test_options_and_head_are_answered(client: FlaskClient) -> None:
    assert client.options("/api/bookstore/clone").status_code == 200
    head = client.head("/api/bookstore/healthz")
    assert (head.status_code, head.data) == (200, b"")


@pytest.mark.parametrize("path", ["/bookstore/", "/bookstore/nothing"])
def test_every_page_has_an_icon_which_browsers_keep(
    make_server_side: Callable[..., ServerSide], path: str
) -> None:
    server = make_server_side({"base_url": "/user/ann/"})
    page = server.get(path)
    icons = re.findall(r'<link rel="icon" href="/user/ann(/[^"?]*)', page.text)
    assert [icon.rpartition(".")[2] for icon in icons] == ["ico", "svg"]
    for icon in icons:
        answer = server.get(icon)
        assert answer.status_code == 200
        assert answer.mimetype.startswith("image/")
        assert answer.cache_control.max_age
