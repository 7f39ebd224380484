"""The search box on the home page, and GET /api/bookstore/search."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.spool.feed import Feed
from bookstore_core.stores import (
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from bookstore_web.app.pages import home
from bookstore_web.catalogue.databases import sqlite
from bookstore_web.library import latest
from harness.sources import notebook_of
from harness.waiting import wait_for
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]


def search(server: ServerSide, q: str, **query: str) -> str:
    page = server.get("/bookstore/", query_string={"q": q, **query})
    assert page.status_code == 200
    return re.sub(r"\s+", " ", page.text)


def test_a_word_in_a_cell_is_found_and_marked(server: ServerSide, put: Put) -> None:
    put("workspace/a.ipynb", notebook_of("# Music & <b>more</b>", "play(xylophone)"))
    page = search(server, "xylo")
    assert "play(<mark>xylophone</mark>)" in page
    assert "Music &amp; &lt;b&gt;more&lt;/b&gt;" in page
    assert "Search knows saves up to" in page
    assert 'href="/bookstore/view?path=a.ipynb"' in page


def test_no_title_and_no_source_is_shown_backwards(
    server: ServerSide, store: VersionStore
) -> None:
    data = json.dumps(notebook_of("# Music", "xylophone = '\u202elive'")).encode()
    title = "Report\u202e fdp.exe"
    metadata = VersionMetadata(new_save_id(), utc_now(), title=title, author="\u202ea")
    store.put("published/a.ipynb", io.BytesIO(data), size=len(data), metadata=metadata)
    for query in ({}, {"q": "xylophone"}, {"q": "a.ipynb"}):
        page = server.get("/bookstore/", query_string={"shelf": "published", **query})
        assert "Report\ufffd fdp.exe" in page.text
        assert "\u202e" not in page.text


def test_a_folder_and_a_shelf_are_searched(server: ServerSide, put: Put) -> None:
    put("workspace/one/a.ipynb", notebook_of("xylophone"))
    put("workspace/two/b.ipynb", notebook_of("xylophone"))
    put("published/c.ipynb", notebook_of("xylophone"))
    page = search(server, "xylophone", prefix="one")
    assert "one/a.ipynb" in page
    assert "two/b.ipynb" not in page
    assert "c.ipynb" in search(server, "xylophone", shelf="published")
    assert "Nothing was found" in search(server, "xylophone", prefix="three")


def test_a_deleted_notebook_is_found_and_said_to_be_deleted(
    server: ServerSide, put: Put, contents: ContentsDouble
) -> None:
    put("workspace/a.ipynb", notebook_of("xylophone"))
    assert "not on your server" in search(server, "xylophone")


def test_what_is_published_and_unpublished_here_is_known_at_once(
    server: ServerSide,
) -> None:
    model = {"type": "notebook", "content": notebook_of("xylophone")}
    assert "Nothing was found" in search(server, "xylophone", shelf="published")
    server.put("/api/bookstore/published/a.ipynb", json=model | {"title": "Bars"})
    assert "Bars" in search(server, "xylophone", shelf="published")
    server.open("DELETE", "/api/bookstore/published/a.ipynb")
    assert "Nothing was found" in search(server, "xylophone", shelf="published")


def test_a_label_that_is_given_and_removed_here_is_known_at_once(
    server: ServerSide, put: Put
) -> None:
    version = put("workspace/a.ipynb", notebook_of("xylophone"))
    label = {"path": "a.ipynb", "version_id": version.version_id}
    wait_for(lambda: "a.ipynb" in search(server, "xylophone"), what="the catalogue")
    server.put("/api/bookstore/label", json=label | {"name": "As sent"})
    wait_for(lambda: "a.ipynb" in search(server, "label:sent"), what="the label")
    server.put("/api/bookstore/label", json=label | {"name": ""})
    wait_for(lambda: "a.ipynb" not in search(server, "label:sent"), what="no label")


def test_a_phrase_that_is_not_looked_for_in_all_is_said(
    server: ServerSide, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MOST_LOOKED_AT", 1)
    for name in "ab":
        put(f"workspace/{name}.ipynb", notebook_of("bars of steel"))
    said = "Only the latest 1 notebooks with these words"
    wait_for(lambda: said in search(server, '"of bars"'), what="the sentence")
    query = {"q": '"of bars" in:/'}
    found = server.get("/api/bookstore/search", query_string=query).json
    assert (found["total"], found["looked_at"]) == (0, 1)


def test_a_save_in_the_feed_is_found_at_the_next_search(
    make_server_side: Callable[..., ServerSide], put: Put, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    server = make_server_side(spool_dir=str(spool))
    assert "Nothing was found" in search(server, "xylophone")
    Feed(spool).note("workspace/a.ipynb", put("workspace/a.ipynb", {}).version_id)
    put("workspace/a.ipynb", notebook_of("xylophone"))
    put("workspace/b.ipynb", notebook_of("xylophone"))
    page = search(server, "xylophone")
    assert "a.ipynb" in page
    assert "b.ipynb" not in page  # only the next walk finds it


@pytest.mark.parametrize("q", ["after:soon", "++", "author:", "x" * 600])
def test_a_wrong_search_is_refused_with_a_sentence(server: ServerSide, q: str) -> None:
    for page in ("/bookstore/", "/api/bookstore/search"):
        answer = server.get(page, query_string={"q": q})
        assert answer.status_code == 400
    assert answer.json["error"] == "InvalidRequestError"


def test_without_a_catalogue_paths_are_searched(
    make_server_side: Callable[..., ServerSide], put: Put, tmp_path: Path
) -> None:
    put("workspace/Report.ipynb", notebook_of("xylophone"))
    missing = make_server_side(catalogue_url=f"sqlite:///{tmp_path}/none/x.sqlite")
    page = search(missing, "report")
    assert "Report.ipynb" in page
    assert "Only paths were searched. The catalogue cannot be used now" in page
    answer = missing.get("/api/bookstore/search", query_string={"q": "report"})
    assert answer.status_code == 503


def test_the_api_answers_pages_with_marks(server: ServerSide, put: Put) -> None:
    for name in "abc":
        put(f"workspace/{name}.ipynb", notebook_of("pass", f"xylophone = '{name}'"))
    first = server.get("/api/bookstore/search", query_string={"q": "xylo", "limit": 2})
    found = first.json
    assert (found["total"], found["more"], found["unread"]) == (3, False, 0)
    passage = found["notebooks"][0]["passage"]
    assert (passage["cell"], passage["kind"]) == (2, "code")
    assert passage["pieces"][0] == {"text": "xylophone", "marked": True}
    query = {"q": "xylo", "cursor": found["cursor"], "shelf": "workspace"}
    second = server.get("/api/bookstore/search", query_string=query).json
    names = [known["path"] for known in found["notebooks"] + second["notebooks"]]
    assert sorted(names) == ["a.ipynb", "b.ipynb", "c.ipynb"]
    assert second["cursor"] is None


def test_the_latest_of_any_number_are_those_of_the_catalogue(
    make_server_side: Callable[..., ServerSide],
    put: Put,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latest, "PAGE", 2)
    monkeypatch.setattr(latest, "SCAN", 4)
    monkeypatch.setattr(home, "SHORT_SCAN", 4)
    for name in "abcdefg":
        put(f"workspace/sub/{name}.ipynb", notebook_of("1"))
    server = make_server_side(catalogue_url=f"sqlite:///{tmp_path}/c.sqlite")
    search(server, "anything")  # the catalogue is complete then
    page = server.get("/bookstore/").text
    assert page.index("Recently saved") < page.index("sub/g.ipynb")
    query = {"recent": "1", "limit": 2}
    found = server.get("/api/bookstore/notebooks", query_string=query).json
    names = [known["path"] for known in found["notebooks"]]
    assert names == ["sub/g.ipynb", "sub/f.ipynb"]
    assert not found["truncated"]


def test_what_is_new_this_week_is_shown_above_a_long_shelf(
    server: ServerSide, put: Put
) -> None:
    for number in range(12):
        put(f"published/{number:02}.ipynb", notebook_of("1"))
    page = server.get("/bookstore/", query_string={"shelf": "published"}).text
    above = page.partition("New this week")[2].partition("All notebooks")[0]
    assert above.count('class="book"') == 6
    assert "11.ipynb" in above


def test_pages_without_a_search_load_no_database(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from bookstore_core.settings import BookstoreSettings
        from bookstore_web import create_app
        settings = BookstoreSettings(storage="local", local_root=sys.argv[1])
        client = create_app(settings).test_client()
        assert client.get("/bookstore/").status_code == 200
        client.get("/bookstore/history?path=a.ipynb")
        assert "sqlalchemy" not in sys.modules
    """
    words = [sys.executable, "-c", code, str(tmp_path / "store")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
