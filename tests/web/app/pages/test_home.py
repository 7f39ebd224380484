"""The home page: shelves, folders, recently saved notebooks, and the spool."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.report import SpoolReport
from bookstore_core.stores import Version, VersionStore, utc_now
from bookstore_web.app.pages import home
from bookstore_web.app.pages.home import say_spool
from bookstore_web.library import latest
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
NASTY = "\"><script>alert(1)</script>'&{{7*7}}.ipynb"


def links(page: str) -> dict[str, str]:
    """Return the addresses that a page links to, by the text of the link."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {
        html.unescape(re.sub(r"<[^>]*>", "", text)).strip(): html.unescape(url)
        for url, text in found
    }


def test_the_top_shows_folders_and_notebooks_with_their_addresses(
    make_server_side: Callable[..., ServerSide], put: Put
) -> None:
    put("workspace/a.ipynb", b"{}")
    put("workspace/sub/b c.ipynb", b"{}")
    server = make_server_side({"base_url": "/user/ann/"})
    found = links(server.get("/bookstore/").text)
    assert found["a.ipynb"] == "/user/ann/bookstore/history?path=a.ipynb"
    assert found["sub"] == "/user/ann/bookstore/?prefix=sub"
    assert "b c.ipynb" not in found


def test_a_folder_has_crumbs_that_lead_back(server: ServerSide, put: Put) -> None:
    put("workspace/one/two/a.ipynb", b"{}")
    page = server.get("/bookstore/", query_string={"prefix": "one/two"}).text
    assert links(page)["My workspace"] == "/bookstore/"
    assert links(page)["one"] == "/bookstore/?prefix=one"
    assert links(page)["a.ipynb"] == "/bookstore/history?path=one%2Ftwo%2Fa.ipynb"


def test_a_search_finds_notebooks_in_all_folders(server: ServerSide, put: Put) -> None:
    put("workspace/one/Report.ipynb", b"{}")
    put("workspace/other.ipynb", b"{}")
    page = server.get("/bookstore/", query_string={"q": "report"}).text
    assert "one/Report.ipynb" in links(page)
    assert "other.ipynb" not in links(page)


def test_a_search_that_finds_nothing_says_so(server: ServerSide, put: Put) -> None:
    put("workspace/a.ipynb", b"{}")
    page = server.get("/bookstore/", query_string={"q": "zzz"}).text
    assert "Nothing was found for “zzz”." in html.unescape(page)


def test_an_empty_store_says_what_to_do(server: ServerSide) -> None:
    page = server.get("/bookstore/")
    assert page.status_code == 200
    assert "No versions yet" in page.text
    shelf = server.get("/bookstore/", query_string={"shelf": "published"})
    assert "Nothing is published yet" in shelf.text


def test_the_published_shelf_leads_to_what_can_be_cloned(
    server: ServerSide, put: Put
) -> None:
    put("published/guide.ipynb", b"{}")
    page = server.get("/bookstore/", query_string={"shelf": "published"}).text
    url = links(page)["guide.ipynb"]
    assert url == "/bookstore/view?path=guide.ipynb&shelf=published"
    assert "not on your server" not in page


def test_a_shelf_that_is_not_set_up_is_not_shown(
    make_client: Callable[..., FlaskClient], put: Put
) -> None:
    put("published/guide.ipynb", b"{}")
    page = make_client(workspace_prefix="").get("/bookstore/").text
    assert "guide.ipynb" in links(page)
    assert "My workspace" not in page


def test_recently_saved_notebooks_are_shown_above_a_long_shelf(
    server: ServerSide, put: Put
) -> None:
    for name in "abcdefg":
        put(f"workspace/sub/{name}.ipynb", b"{}")
    page = server.get("/bookstore/").text
    assert page.index("Recently saved") < page.index("sub/g.ipynb")
    assert "sub/a.ipynb" not in page


def test_a_shelf_that_is_too_long_to_be_scanned_unasked_has_a_link(
    server: ServerSide, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "PAGE", 2)
    monkeypatch.setattr(home, "SHORT_SCAN", 4)
    for name in "abcdefg":
        put(f"workspace/sub/{name}.ipynb", b"{}")
    page = server.get("/bookstore/").text
    assert "sub/g.ipynb" not in page
    assert "sub/g.ipynb" in server.get(links(page)["Recently saved"]).text


def test_a_notebook_that_is_gone_from_the_server_can_be_restored(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    put("workspace/here.ipynb", b"{}")
    put("workspace/gone.ipynb", b"{}")
    contents.files["here.ipynb"] = {"type": "notebook"}
    page = server.get("/bookstore/").text
    assert page.count("not on your server") == 1
    url = "/bookstore/restore?path=gone.ipynb&version_id=%400"
    assert links(page)["Restore"] == url


@pytest.mark.parametrize("late", [False, True])
def test_a_notebook_that_was_moved_leads_to_where_it_is(
    server: ServerSide, put: Put, late: bool
) -> None:
    put("workspace/old.ipynb", b"{}")
    put("workspace/older.ipynb", b"{}")
    put(note_key("workspace/old.ipynb"), write_note("new/name.ipynb"))
    if late:  # it had arrived there, which was stored only now
        put(note_key("workspace/old.ipynb"), b"")
    page = server.get("/bookstore/").text
    url = links(page)["new/name.ipynb"]
    assert url == "/bookstore/history?path=new%2Fname.ipynb"
    assert page.count("not on your server") == 1


def test_the_page_shows_where_versions_are_kept(server: ServerSide, put: Put) -> None:
    page = server.get("/bookstore/").text
    assert "s3://bookstore/published" in page
    assert "s3://bookstore/workspace" in page


def test_without_a_store_the_page_shows_what_to_set(
    make_client: Callable[..., FlaskClient],
) -> None:
    page = make_client(storage="s3", s3_bucket="").get("/bookstore/")
    assert page.status_code == 200
    assert "No store is configured" in page.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"shelf": "attic"}, 400),
        ({"prefix": "../etc"}, 400),
        ({"prefix": "a\0b"}, 400),
        ({"cursor": "nonsense", "q": "a"}, 400),
        ({"prefix": "no/such/folder"}, 404),
        ({"prefix": "x" * 2000}, 400),
    ],
)
def test_a_bad_address_is_answered_with_a_sentence(
    server: ServerSide, put: Put, query: dict[str, str], status: int
) -> None:
    put("workspace/a.ipynb", b"{}")
    page = server.get("/bookstore/", query_string=query)
    assert page.status_code == status
    assert 'role="alert"' in page.text


def test_names_never_become_markup(server: ServerSide, put: Put) -> None:
    put(f"workspace/{NASTY}", b"{}")
    page = server.get("/bookstore/", query_string={"q": "alert"})
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "{{7*7}}" in page.text


def test_a_store_that_is_gone_is_not_shown_as_empty(
    server: ServerSide, store: VersionStore, put: Put
) -> None:
    put("workspace/a.ipynb", b"{}")
    Path(store.location).rename(Path(store.location).with_name("away"))
    for address in ("/bookstore/", "/bookstore/history?path=a.ipynb"):
        answer = server.get(address)
        assert answer.status_code == 503
        assert "cannot be read" in answer.text
        assert "jupyter bookstore init" in answer.text
        assert "No versions yet" not in answer.text
        assert "All saves are" not in answer.text
    for address in ("versions?path=a.ipynb", "notebooks"):
        answer = server.get(f"/api/bookstore/{address}")
        assert (answer.status_code, answer.json["error"]) == (503, "StoreMissingError")
    state = server.get("/api/bookstore").json
    assert (state["store"]["ok"], state["spool"]["ok"]) == (False, False)
    assert not Path(store.location).exists()


def test_a_standalone_page_does_not_mention_a_server(
    client: FlaskClient, put: Put
) -> None:
    put("workspace/a.ipynb", b"{}")
    page = client.get("/bookstore/").text
    assert "not on your server" not in page
    assert "Back to Jupyter" not in page


@pytest.mark.parametrize(
    ("report", "state", "words"),
    [
        (SpoolReport(), "good", "No saves are waiting for upload."),
        (
            SpoolReport(last_success=utc_now()),
            "good",
            "All saves are uploaded to the store.",
        ),
        (
            SpoolReport(pending=1, oldest_age_seconds=5.0),
            "busy",
            "1 save is waiting for upload (the oldest for 5 seconds).",
        ),
        (
            SpoolReport(pending=2, in_flight=1, oldest_age_seconds=120.0),
            "busy",
            "3 saves are waiting for upload",
        ),
        (SpoolReport(problems=("The disk is full.",)), "bad", "The disk is full."),
    ],
)
def test_the_spool_is_described_in_one_line(
    report: SpoolReport, state: str, words: str
) -> None:
    line = say_spool(report)
    assert line.state == state
    assert words in line.sentence


def test_a_failure_says_when_it_is_tried_again_and_lets_one_try_now(
    make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "save").write_bytes(b"")
    later = (utc_now() + timedelta(minutes=4)).isoformat(timespec="seconds")
    failing = DrainStatus(last_error="It is down.", refused=True, next_attempt=later)
    failing.write(str(tmp_path))
    page = make_server_side(spool_dir=str(tmp_path)).get("/bookstore/").text
    assert "The next attempt is at <time" in page
    assert f'datetime="{later}"' in page
    assert ">Try now</button>" in page
    replace(failing, next_attempt="2001-01-01T00:00:00+00:00").write(str(tmp_path))
    page = make_server_side(spool_dir=str(tmp_path)).get("/bookstore/").text
    assert "next attempt" not in page
    assert ">Try now</button>" in page


def test_no_error_is_said_twice() -> None:
    report = SpoolReport(
        problems=("Versions do not arrive: It is down.", "It is down.")
    )
    assert say_spool(report).sentence == "Versions do not arrive: It is down."


def test_without_a_notebook_server_nothing_can_be_tried(
    make_client: Callable[..., FlaskClient],
) -> None:
    assert make_client().post("/bookstore/drain").status_code in (403, 503)


def test_a_spool_that_cannot_be_read_is_reported(
    make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.write_text("a file where a directory should be")
    page: Any = make_server_side(spool_dir=str(spool)).get("/bookstore/")
    assert page.status_code == 200
    assert 'class="spool bad"' in page.text


def test_the_page_of_a_server_says_that_saves_are_not_archived(
    make_server_side: Callable[..., ServerSide], make_client: Callable[..., FlaskClient]
) -> None:
    page = make_server_side(workspace_prefix="").get("/bookstore/").text
    assert "saves are not archived" in page
    alone = make_client(workspace_prefix="").get("/bookstore/").text
    assert "saves are not archived" not in alone
