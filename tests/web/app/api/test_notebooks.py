"""GET /api/bookstore/notebooks: shelves, and which notebooks are on the server."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from bookstore_core.cursors import encode_cursor
from bookstore_core.moved_notes import NOTE_TYPE, note_key, write_note
from bookstore_core.stores import VersionMetadata, VersionStore, new_save_id, utc_now
from bookstore_core.stores.local.store import PASSED
from bookstore_web.library import latest as recent
from bookstore_web.library import library
from bookstore_web.library.latest import KEEP, LatestScans
from bookstore_web.library.library import Library
from bookstore_web.library.presence import MAX_FOLDERS
from core.saving import save
from harness.web_app import ContentsDouble, ServerSide

URL = "/api/bookstore/notebooks"
SURROGATE = encode_cursor("walk", "\ud800")
Put = Callable[..., Any]


def put_all(put: Put, *paths: str) -> None:
    for path in paths:
        put(f"workspace/{path}", b"{}")


def put_note(store: VersionStore, path: str, moved_to: str) -> None:
    data = write_note(moved_to)
    metadata = VersionMetadata(save_id=new_save_id(), saved_at=utc_now())
    store.put(
        note_key(f"workspace/{path}"),
        io.BytesIO(data),
        size=len(data),
        metadata=metadata,
        content_type=NOTE_TYPE,
    )


def paths_in(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [notebook["path"] for notebook in answer.json["notebooks"]]


def test_a_folder_has_its_notebooks_and_its_folders(
    client: FlaskClient, put: Put
) -> None:
    put_all(put, "b.ipynb", "a.ipynb", "sub/c.ipynb", "sub/deep er/ü.ipynb")
    top = client.get(URL)
    assert paths_in(top) == ["a.ipynb", "b.ipynb"]
    assert top.json["folders"] == ["sub"]
    assert top.json["cursor"] is None
    for prefix in ("sub", "sub/", "/sub/"):
        below = client.get(URL, query_string={"prefix": prefix})
        assert paths_in(below) == ["sub/c.ipynb"]
        assert below.json["folders"] == ["sub/deep er"]


def test_each_shelf_has_its_own_notebooks(client: FlaskClient, put: Put) -> None:
    put_all(put, "mine.ipynb")
    put("published/ours.ipynb", b"{}")
    assert paths_in(client.get(URL)) == ["mine.ipynb"]
    answer = client.get(URL, query_string={"shelf": "published"})
    assert paths_in(answer) == ["ours.ipynb"]
    assert answer.json["notebooks"][0]["here"] is None


def test_a_published_notebook_has_what_its_newest_version_records(
    client: FlaskClient, store: VersionStore
) -> None:
    save(store, key="published/a.ipynb", title="First", note="Old.")
    newest = save(store, key="published/a.ipynb", author="ben", title="Sales")
    [found] = client.get(URL, query_string={"shelf": "published"}).json["notebooks"]
    assert (found["author"], found["title"], found["note"]) == ("ben", "Sales", "")
    assert found["version_id"] == newest.version_id


def test_a_notebook_has_the_size_and_time_of_its_newest_version(
    client: FlaskClient, put: Put
) -> None:
    put("workspace/a.ipynb", b"{}")
    newest = put("workspace/a.ipynb", b"{ }")
    assert client.get(URL).json["notebooks"] == [
        {
            "path": "a.ipynb",
            "size": 3,
            "saved_at": newest.stored_at.isoformat(),
            "here": None,
            "moved_to": "",
            "is_result": False,
            **dict.fromkeys(("author", "title", "note", "version_id"), ""),
        }
    ]


def test_an_empty_shelf_is_not_an_error_but_an_unknown_folder_is(
    client: FlaskClient,
) -> None:
    assert paths_in(client.get(URL)) == []
    answer = client.get(URL, query_string={"prefix": "no/such"})
    assert answer.status_code == 404
    assert "no/such" in answer.json["message"]


def test_pages_follow_each_other(client: FlaskClient, put: Put) -> None:
    names = [f"{number}.ipynb" for number in range(5)]
    put_all(put, *names)
    for q in ({}, {"q": "ipynb"}):
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            query = {"limit": "2", "cursor": cursor, **q}
            answer = client.get(URL, query_string=query)
            assert len(paths_in(answer)) <= 2
            found += paths_in(answer)
            cursor = answer.json["cursor"]
        assert found == names


def test_a_search_finds_at_all_levels_and_in_any_case(
    client: FlaskClient, put: Put
) -> None:
    put_all(put, "June.ipynb", "old/JUNE/x.ipynb", "old/may.ipynb", "juni.ipynb")
    found = client.get(URL, query_string={"q": "june"})
    assert paths_in(found) == ["June.ipynb", "old/JUNE/x.ipynb"]
    below = client.get(URL, query_string={"q": "june", "prefix": "old"})
    assert paths_in(below) == ["old/JUNE/x.ipynb"]
    assert paths_in(client.get(URL, query_string={"q": "workspace"})) == []


def test_a_search_of_the_published_shelf_finds_titles(
    client: FlaskClient, notebook: dict[str, Any]
) -> None:
    for path, title in (("a.ipynb", "Sales in June"), ("june.ipynb", ""), ("b", "x")):
        url = f"/api/bookstore/published/{path.removesuffix('.ipynb')}.ipynb"
        body = {"content": notebook, "title": title}
        assert client.put(url, json=body).status_code == 200
    query = {"shelf": "published", "limit": "1", "q": "JUNE"}
    first = client.get(URL, query_string=query)
    assert paths_in(first) == ["a.ipynb"]
    query["cursor"] = first.json["cursor"]
    assert paths_in(client.get(URL, query_string=query)) == ["june.ipynb"]


def test_a_search_stops_after_a_number_of_keys_and_continues(
    store: VersionStore, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(put, *(f"{number}.ipynb" for number in range(2 * PASSED)), "wanted.ipynb")
    monkeypatch.setattr(library, "PAGE", 1)
    monkeypatch.setattr(library, "SCAN", 1)
    shelf = Library(store, "workspace")
    pages = [shelf.search("wanted")]
    while pages[-1].cursor:
        pages.append(shelf.search("wanted", cursor=pages[-1].cursor))
    assert [len(page.notebooks) for page in pages] == [0, 0, 1]


def test_a_prefix_with_a_final_slash_has_keys_with_two(
    store: VersionStore, put: Put
) -> None:
    for path in ("a.ipynb", "sub/b.ipynb"):
        put(f"workspace//{path}", b"{}")
    put("workspace/other.ipynb", b"{}")
    shelf = Library(store, "workspace/")
    top = shelf.folder()
    assert [known.path for known in top.notebooks] == ["a.ipynb"]
    assert top.folders == ("sub",)
    assert [known.path for known in shelf.folder("sub").notebooks] == ["sub/b.ipynb"]
    found = shelf.search("ipynb").notebooks
    assert [known.path for known in found] == ["a.ipynb", "sub/b.ipynb"]
    assert len(shelf.recent(LatestScans()).notebooks) == 2


def test_the_most_recently_saved_notebooks_come_first(
    client: FlaskClient, put: Put
) -> None:
    put_all(put, "a.ipynb", "sub/b.ipynb", "c.ipynb")
    put("workspace/a.ipynb", b"{ }")
    answer = client.get(URL, query_string={"recent": "1", "limit": "2"})
    assert paths_in(answer) == ["a.ipynb", "c.ipynb"]
    assert answer.json["truncated"] is False


def test_the_recent_notebooks_are_cached_for_some_seconds(
    store: VersionStore, put: Put
) -> None:
    now = 0.0
    scans = LatestScans(clock=lambda: now)
    put_all(put, "a.ipynb")
    assert len(scans.below("workspace", store=store).versions) == 1
    put_all(put, "b.ipynb")
    now = KEEP - 1
    assert len(scans.below("workspace", store=store).versions) == 1
    now = KEEP
    assert len(scans.below("workspace", store=store).versions) == 2


def test_a_truncated_scan_is_marked(
    store: VersionStore, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(put, *(f"{number}.ipynb" for number in range(5)))
    monkeypatch.setattr(recent, "PAGE", 2)
    monkeypatch.setattr(recent, "SCAN", 4)
    found = LatestScans().below("workspace", store=store)
    assert found.truncated
    assert len(found.versions) == 4


@pytest.mark.parametrize("has_files", [True, False])
def test_a_notebook_that_is_no_longer_on_the_server_is_marked(
    server: ServerSide, contents: ContentsDouble, put: Put, has_files: bool
) -> None:
    contents.has_files = has_files
    put_all(put, "here.ipynb", "gone.ipynb", "sub/gone too.ipynb")
    contents.files["here.ipynb"] = {"type": "notebook"}
    found = {n["path"]: n["here"] for n in server.get(URL).json["notebooks"]}
    assert found == {"gone.ipynb": False, "here.ipynb": True}
    below = server.get(URL, query_string={"prefix": "sub"})
    assert below.json["notebooks"][0]["here"] is False
    # One request for each page, or one listing of each folder.
    kinds = "/api/bookstore/kinds"
    asked = [request.path for request in contents.requests]
    listed = [kinds, "/api/contents", "/api/contents/sub"]
    assert asked == ([kinds, kinds] if has_files else listed)


def test_a_folder_with_that_name_is_not_a_notebook(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put_all(put, "a.ipynb")
    contents.folders.add("a.ipynb")
    assert server.get(URL).json["notebooks"][0]["here"] is False


def test_a_moved_notebook_has_its_new_path(
    server: ServerSide, contents: ContentsDouble, put: Put, store: VersionStore
) -> None:
    put_all(put, "old.ipynb", "back.ipynb", "gone.ipynb")
    contents.files["back.ipynb"] = {"type": "notebook"}
    put_note(store, "old.ipynb", "sub/new.ipynb")
    put_note(store, "back.ipynb", "sub/other.ipynb")
    found = {n["path"]: n["moved_to"] for n in server.get(URL).json["notebooks"]}
    assert found == {"back.ipynb": "", "gone.ipynb": "", "old.ipynb": "sub/new.ipynb"}


def test_a_deleted_notebook_at_the_old_path_of_another_is_not_shown_as_moved(
    server: ServerSide, put: Put, store: VersionStore
) -> None:
    put_all(put, "old.ipynb")
    put_note(store, "old.ipynb", "sub/new.ipynb")
    save(store, key="workspace/old.ipynb", saved_at=utc_now())
    (found,) = server.get(URL).json["notebooks"]
    assert (found["here"], found["moved_to"]) == (False, "")


def test_a_note_that_arrives_before_the_last_save_counts(
    server: ServerSide, store: VersionStore
) -> None:
    before = utc_now()
    put_note(store, "old.ipynb", "sub/new.ipynb")
    save(store, key="workspace/old.ipynb", saved_at=before)
    (found,) = server.get(URL).json["notebooks"]
    assert (found["here"], found["moved_to"]) == (False, "sub/new.ipynb")


def test_a_server_that_refuses_the_listing_leaves_it_unknown(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put_all(put, "a.ipynb")
    contents.answer = Response(json.dumps({"message": "No."}), 403)
    assert server.get(URL).json["notebooks"][0]["here"] is None


def test_the_number_of_listed_folders_is_limited(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    contents.has_files = False
    paths = [f"{number:03}/a.ipynb" for number in range(MAX_FOLDERS + 5)]
    put_all(put, *paths)
    found = server.get(URL, query_string={"q": "a"}).json["notebooks"]
    assert [notebook["here"] for notebook in found].count(None) == 5
    assert len(contents.requests) == 1 + MAX_FOLDERS


@pytest.mark.parametrize(
    "query",
    [
        {"shelf": "attic"},
        {"shelf": ""},
        {"prefix": "../published"},
        {"prefix": "a//b"},
        {"prefix": "a\0b"},
        {"prefix": "x" * 1025},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "2_0"},
        {"limit": "9" * 5000},
        {"recent": "yes"},
        {"cursor": "nonsense"},
        {"cursor": "nonsense", "q": "a"},
        {"cursor": "WzUsIDVd", "q": "a"},
        {"cursor": "é", "q": "a"},
        {"cursor": encode_cursor("search", [5, 5]), "q": "a"},
        {"cursor": encode_cursor("search", "ab")},
        {"cursor": encode_cursor("keys", "a"), "q": "a"},
        # Not a cursor of any list.
        {"cursor": encode_cursor("keys", "\ud800")},
        {"cursor": encode_cursor("search", [SURROGATE, ""]), "q": "a"},
        {"q": "a\0"},
    ],
)
def test_an_invalid_query_is_a_400(client: FlaskClient, query: dict[str, str]) -> None:
    answer = client.get(URL, query_string=query)
    assert answer.status_code == 400, answer.text
    assert answer.json["error"] == "InvalidRequestError"


def test_a_disabled_shelf_is_reported(
    make_client: Callable[..., FlaskClient],
) -> None:
    client = make_client(published_prefix="")
    answer = client.get(URL, query_string={"shelf": "published"})
    assert answer.status_code == 503
    assert "published_prefix" in answer.json["message"]
