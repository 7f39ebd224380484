"""GET /api/bookstore/thumbnail: inert, kept by browsers, one read for each version."""

from collections.abc import Callable
from typing import Any

import pytest

from bookstore_core.stores import Version
from bookstore_web.app.api import thumbnail
from harness.web_app import ServerSide
from web.rendering.test_pictures import encoded, notebook, png

URL = "/api/bookstore/thumbnail"
KEY = "published/a.ipynb"
SHELF = "/bookstore/?shelf=published"
Put = Callable[..., Version]


def ask(server: ServerSide, version: str, **headers: str) -> Any:
    query = {"path": "a.ipynb", "shelf": "published", "version_id": version}
    return server.get(URL, query_string=query, headers=headers)


def test_the_first_image_is_sent_as_an_inert_image_that_is_kept(
    server: ServerSide, put: Put
) -> None:
    version = put(KEY, notebook({"image/png": encoded(png())}))
    answer = ask(server, version.version_id)
    assert (answer.status_code, answer.data) == (200, png())
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox; default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "immutable" in answer.headers["Cache-Control"]
    again = ask(server, version.version_id, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_version_is_read_once(
    server: ServerSide, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = put(KEY, notebook())
    first = ask(server, version.version_id)
    monkeypatch.setattr(thumbnail, "_read", None)
    assert ask(server, version.version_id).data == first.data


def test_a_name_that_may_mean_another_version_is_not_kept(
    server: ServerSide, put: Put
) -> None:
    put(KEY, notebook())
    answer = ask(server, "@0")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def test_what_does_not_exist_is_a_404_that_is_not_kept(
    server: ServerSide, put: Put
) -> None:
    put(KEY, notebook())
    answer = ask(server, "nope")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_very_large_notebook_is_not_read(
    server: ServerSide, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail, "MOST_READ", 10)
    version = put(KEY, notebook({"image/png": encoded(png())}))
    answer = ask(server, version.version_id)
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert b"a.ipynb" in answer.data


def test_a_card_shows_what_a_reader_wants_to_know(
    server: ServerSide, put: Put, notebook: dict[str, Any]
) -> None:
    url = "/api/bookstore/published/sub/sales.ipynb"
    written = {"title": "<b>Sales</b>", "note": "First line.\nSecond line."}
    made = server.put(url, json={"content": notebook, **written}).json
    page = server.get(f"{SHELF}&prefix=sub").text
    assert "&lt;b&gt;Sales&lt;/b&gt;" in page
    assert "First line." in page
    assert "Second line." not in page
    assert f"version_id={made['versionID']}" in page
    assert 'loading="lazy"' in page


def test_a_card_without_a_title_has_the_name_of_the_file(
    server: ServerSide, put: Put
) -> None:
    put("published/sub/sales.ipynb", notebook(), author="")
    assert (
        '<span class="title">sales.ipynb</span>'
        in server.get(f"{SHELF}&prefix=sub").text
    )
    found = server.get(f"{SHELF}&q=sales").text
    assert '<span class="path">sub/<mark>sales</mark>.ipynb</span>' in found
