"""DELETE /api/bookstore/published, and the pages of an unpublished notebook."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from bookstore_core.history.removals import Removals
from bookstore_core.stores import Version, VersionStore
from harness.web_app import ServerSide

URL = "/api/bookstore/published/a/june.ipynb"
KEY = "published/a/june.ipynb"
HERE = {"path": "a/june.ipynb", "shelf": "published"}
CLONE = {"s3_bucket": "bookstore", "s3_key": KEY}
Make = Callable[..., ServerSide]


@pytest.fixture
def published(put: Callable[..., Version], notebook: dict[str, Any]) -> Version:
    return put(KEY, notebook, author="ann")


@pytest.fixture
def ann(make_server_side: Make, published: Version) -> ServerSide:
    return make_server_side({"user": "ann", "xsrf_token": "tok"})


@pytest.fixture
def unpublished(ann: ServerSide) -> ServerSide:
    assert ann.open("DELETE", URL).status_code == 200
    return ann


def shelf_of(server: ServerSide) -> list[str]:
    query = {"shelf": "published", "prefix": ""}
    answer = server.get("/api/bookstore/notebooks", query_string=query)
    return [row["path"] for row in answer.json["notebooks"]] + answer.json["folders"]


def test_the_author_takes_a_notebook_off_the_shelf(ann: ServerSide) -> None:
    assert shelf_of(ann) == ["a"]
    answer = ann.open("DELETE", URL)
    assert answer.status_code == 200, answer.text
    assert answer.json["s3_path"] == f"s3://bookstore/{KEY}"
    assert shelf_of(ann) == []


def test_its_versions_are_kept_and_say_who_unpublished_it(
    unpublished: ServerSide, published: Version
) -> None:
    rows = unpublished.get("/api/bookstore/versions", query_string=HERE).json
    marker, version = rows["versions"]
    assert (marker["deleted"], marker["author"]) == (True, "ann")
    assert version["version_id"] == published.version_id
    page = unpublished.get("/bookstore/history", query_string=HERE)
    assert "unpublished by ann" in page.text


@pytest.mark.parametrize("user", ["ben", "", "Ann"])
def test_nobody_else_can_unpublish_it(
    make_server_side: Make, published: Version, user: str, store: VersionStore
) -> None:
    server = make_server_side({"user": user})
    answer = server.open("DELETE", URL)
    assert answer.status_code == 403
    assert "Only ann can unpublish it." in answer.json["message"]
    assert server.post("/bookstore/unpublish", data=HERE).status_code == 403
    assert store.head(KEY).version_id == published.version_id


def test_without_a_recorded_author_nobody_can(
    make_server_side: Make, put: Callable[..., Version], notebook: dict[str, Any]
) -> None:
    put(KEY, notebook, author="")
    answer = make_server_side({"user": "ann"}).open("DELETE", URL)
    assert answer.status_code == 403
    assert "not recorded who published" in answer.json["message"]


def test_what_is_not_published_is_a_404(unpublished: ServerSide) -> None:
    again = unpublished.open("DELETE", URL)
    assert again.status_code == 404
    assert "june.ipynb was unpublished by ann on" in again.json["message"]
    never = unpublished.open("DELETE", "/api/bookstore/published/never.ipynb")
    assert never.status_code == 404
    assert "is not published" in never.json["message"]


def test_what_somebody_else_had_published_there_is_on_the_shelf_again(
    make_server_side: Make,
    ann: ServerSide,
    notebook: dict[str, Any],
    store: VersionStore,
) -> None:
    ben = make_server_side({"user": "ben"})
    for _ in range(2):
        assert ben.put(URL, json={"content": notebook}).status_code == 200
    answer = ben.open("DELETE", URL).json
    newest = store.head(KEY)
    assert newest.metadata is not None
    assert (answer["versionID"], answer["shown_again"]) == (newest.version_id, True)
    assert newest.metadata.author == "ann"
    assert shelf_of(ann) == ["a"]
    assert ben.open("DELETE", URL).status_code == 403
    # What ben has unpublished does not come back.
    assert ann.open("DELETE", URL).json["shown_again"] is False
    assert shelf_of(ann) == []


@pytest.mark.parametrize(
    "path", ["", "a//b.ipynb", "../a.ipynb", "a/.bookstore/moved/b.ipynb", "x" * 1100]
)
def test_an_invalid_path_is_a_400(ann: ServerSide, path: str) -> None:
    answer = ann.open("DELETE", f"/api/bookstore/published/{path}")
    assert answer.status_code == 400, answer.text


def test_publishing_again_brings_it_back(
    unpublished: ServerSide, notebook: dict[str, Any]
) -> None:
    answer = unpublished.put(URL, json={"content": notebook})
    assert answer.status_code == 200
    assert shelf_of(unpublished) == ["a"]
    assert unpublished.get("/bookstore/view", query_string=HERE).status_code == 200


@pytest.mark.parametrize(
    ("url", "query"),
    [
        ("/bookstore/view", HERE),
        ("/bookstore/clone", CLONE),
        ("/api/bookstore/version", HERE),
        ("/api/bookstore/link", HERE),
    ],
)
def test_links_to_the_newest_say_that_it_was_unpublished(
    unpublished: ServerSide, url: str, query: dict[str, str]
) -> None:
    answer = unpublished.get(url, query_string=query)
    assert answer.status_code == 404
    assert "june.ipynb was unpublished by ann on" in answer.text


@pytest.mark.parametrize(
    ("url", "name", "query"),
    [
        ("/bookstore/view", "version_id", HERE),
        ("/bookstore/clone", "s3_version_id", CLONE),
    ],
)
def test_links_to_a_version_still_open_and_say_so(
    unpublished: ServerSide,
    published: Version,
    url: str,
    name: str,
    query: dict[str, str],
) -> None:
    page = unpublished.get(url, query_string={**query, name: published.version_id})
    assert page.status_code == 200
    assert "june.ipynb was unpublished by ann on" in page.text


def test_a_notebook_that_another_program_deleted_says_what_is_known(
    ann: ServerSide, store: VersionStore
) -> None:
    store.mark_deleted(KEY)
    answer = ann.get("/bookstore/view", query_string=HERE)
    assert answer.status_code == 404
    assert "a/june.ipynb was unpublished on" in answer.text
    page = ann.get("/bookstore/history", query_string=HERE)
    assert "deleted in the store" in page.text
    assert "has been deleted" in ann.get("/bookstore/clone", query_string=CLONE).text


def test_the_author_has_a_button_on_the_page_of_the_newest_version(
    ann: ServerSide, make_server_side: Make
) -> None:
    button = "Unpublish june.ipynb"
    assert button in ann.get("/bookstore/view", query_string=HERE).text
    ben = make_server_side({"user": "ben"})
    assert button not in ben.get("/bookstore/view", query_string=HERE).text


def test_the_links_of_a_version_say_whether_it_is_the_callers(
    ann: ServerSide, make_server_side: Make
) -> None:
    link = f"/api/bookstore/link?{urlencode(HERE)}"
    assert ann.get(link).json["mine"] is True
    assert make_server_side({"user": "ben"}).get(link).json["mine"] is False


def test_the_form_unpublishes_and_says_how_to_bring_it_back(
    ann: ServerSide, published: Version
) -> None:
    answer = ann.post("/bookstore/unpublish", data=HERE)
    assert answer.status_code == 303
    page = ann.follow(f"http://hub.test{answer.headers['Location']}")
    assert "june.ipynb is unpublished. Its versions are kept" in page.text
    query = {**HERE, "version_id": published.version_id}
    version = ann.get("/bookstore/view", query_string=query)
    assert "Publish this version again" in version.text


def test_an_author_that_is_markup_is_shown_as_text(
    make_server_side: Make, store: VersionStore, published: Version
) -> None:
    server = make_server_side()
    Removals(store, server.services.settings).remove(KEY, author="<b>\x1b[2J\n")
    for url in ("/bookstore/view", "/bookstore/history"):
        page = server.get(url, query_string=HERE)
        assert page.status_code < 500
        assert "&lt;b&gt;" in page.text
        assert "<b>" not in page.text
