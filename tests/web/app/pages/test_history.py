"""The pages of a notebook's history: list, view, compare, name, publish."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from bookstore_web.wire import Launch
from harness.library import OLD, REPORT, SAID, WHY, Library, day, report
from harness.web_app import ContentsDouble, ServerSide, addresses, words

NASTY = "<script>alert(1)</script>{{7*7}}"
AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


def get(server: Any, page: str, path: str = "a.ipynb", **query: str) -> Any:
    return server.get(f"/bookstore/{page}", query_string={"path": path, **query})


def older_page(page: Any) -> str:
    """Return the address of the link to older versions."""
    (url,) = re.findall(r'<a id="older" href="([^"]*)"', page.text)
    return html.unescape(url)


def test_the_list_shows_author_time_size_and_label(
    server: ServerSide, library: Library
) -> None:
    version = library.save("a.ipynb", AT, author="Ann Müller", content=b" " * 2500)
    library.label("a.ipynb", version, SAID, WHY)
    page = get(server, "history")
    assert page.status_code == 200
    for text in ("09:30 UTC", "Ann Müller", "2.5 kB", SAID, WHY, "Friday, 17 May 2024"):
        assert text in words(page)
    assert 'title="Friday, 17 May 2024, 09:30:00 UTC"' in page.text


def test_a_burst_is_one_line_that_opens(server: ServerSide, library: Library) -> None:
    library.burst("a.ipynb", AT, 12)
    page = get(server, "history")
    assert "12 saves" in words(page)
    assert page.text.count('class="entry burst"') == 1
    assert page.text.count('class="entry"') == 12


def test_no_two_fields_of_a_page_have_one_id(
    server: ServerSide, library: Library
) -> None:
    library.fill()
    ids = re.findall(r' id="([^"]*)"', get(server, "history", REPORT).text)
    assert len(ids) == len(set(ids))


def test_the_list_itself_does_not_request_changes(
    server: ServerSide, library: Library
) -> None:
    first = library.save("a.ipynb", AT)
    second = library.save("a.ipynb", AT + timedelta(hours=1))
    asked = re.findall(r'data-changes="([^"]*)"', get(server, "history").text)
    assert [html.unescape(url) for url in asked] == [
        f"/api/bookstore/diff?path=a.ipynb&base={first.version_id}"
        f"&remote={second.version_id}&summary=1"
    ]
    assert "first version" in words(get(server, "history"))


def test_a_burst_within_a_minute_has_seconds(
    server: ServerSide, library: Library
) -> None:
    for second in (0, 20, 40):
        library.save("a.ipynb", AT + timedelta(seconds=second))
    text = words(get(server, "history"))
    assert f"{AT:%H:%M:%S} \u2013 {AT + timedelta(seconds=40):%H:%M:%S} UTC" in text
    assert "from the first version on" in text


def test_the_last_row_of_a_page_is_compared_with_the_first_of_the_next(
    server: ServerSide, library: Library
) -> None:
    library.fill()
    page = get(server, "history", REPORT)
    asked = re.findall(r'data-changes="([^"]*)"', page.text)
    assert asked
    assert all("base=" in url for url in asked)
    older = older_page(page)
    first = re.search(r'name="pick" value="([^"]*)"', server.get(older).text)
    assert first is not None
    # The last line of this page is a burst, which is compared as one, too.
    assert len([url for url in asked if f"base={first[1]}" in url]) == 2


def test_results_of_a_search_do_not_request_changes(
    server: ServerSide, library: Library
) -> None:
    library.fill()
    page = get(server, "history", REPORT, q="board")
    assert page.text.count('class="entry"') == 1
    assert "data-changes" not in page.text


def test_the_address_that_a_row_requests_returns_a_sentence(
    server: ServerSide, library: Library
) -> None:
    library.save("a.ipynb", AT, content=report(1))
    library.save("a.ipynb", AT + timedelta(hours=1), content=report(2))
    (url,) = re.findall(r'data-changes="([^"]*)"', get(server, "history").text)
    answer = server.get(html.unescape(url))
    assert answer.status_code == 200, answer.text
    assert "cell" in answer.json["summary"]["sentence"]


def bars(page: Any) -> dict[str, str]:
    """Return the days of the strip that have saves, with their addresses."""
    found = re.findall(r'data-day="([^"]*)"[^>]*><a href="([^"]*)"', page.text)
    return {day: html.unescape(url) for day, url in found}


def test_days_with_saves_are_links_to_their_versions(
    server: ServerSide, library: Library
) -> None:
    for ago in (20, 3, 2):
        library.burst("a.ipynb", day(ago, 9), 30)
    page = get(server, "history")
    assert "90 saves on 3 days since" in words(page)
    found = bars(page)
    assert list(found) == [f"{day(ago, 9):%Y-%m-%d}" for ago in (20, 3, 2)]
    newest, oldest = f"{day(2, 9):%Y-%m-%d}", f"{day(20, 9):%Y-%m-%d}"
    assert found[newest] == f"#day-{newest}"
    assert f'id="day-{newest}"' in page.text
    older = server.follow(found[oldest].partition("#")[0])
    assert f'id="day-{oldest}"' in older.text
    assert older.text.count('<li class="entry"') == 30
    # Only the newest page has the strip.
    assert not bars(older)


def test_saves_on_one_day_alone_need_no_strip(
    server: ServerSide, library: Library
) -> None:
    library.burst("a.ipynb", day(2, 9), 3)
    assert not bars(get(server, "history"))


def test_a_deleted_notebook_says_so_and_can_be_restored(
    server: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    version = library.save("a.ipynb", AT)
    page = get(server, "history")
    assert "This notebook is not on your server any more." in words(page)
    assert "Open in Jupyter" not in words(page)
    (url,) = re.findall(r'<a class="button" href="([^"]*)">Restore', page.text)
    assert version.version_id in url
    contents.files["a.ipynb"] = {"type": "notebook", "format": "json", "content": {}}
    assert "deleted" not in words(get(server, "history"))


def test_a_moved_notebook_says_where_it_is_now(
    server: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT)
    library.note_move("a.ipynb", "b.ipynb", AT + timedelta(hours=1))
    page = get(server, "history")
    assert "This notebook is now at b.ipynb." in words(page)
    assert "deleted" not in words(page)
    assert "/notebooks/b.ipynb" in addresses(page)
    assert "/bookstore/history?path=b.ipynb" in addresses(page)


def test_a_server_that_does_not_answer_hides_no_history(
    server: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT)
    contents.answer = Response("no", 500)
    page = get(server, "history")
    assert page.status_code == 200
    assert "deleted" not in words(page)


def test_only_the_first_page_asks_where_the_notebook_is(
    server: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.fill()
    page = get(server, "history", REPORT)
    assert len(contents.requests) == 1
    server.get(older_page(page))
    assert len(contents.requests) == 1


def test_saves_without_changes_are_folded_and_ask_nothing(
    server: ServerSide, library: Library
) -> None:
    for hours in range(5):
        content = report(1 if hours < 4 else 2)
        library.save("a.ipynb", AT + timedelta(hours=hours), content=content)
    page = get(server, "history")
    assert "3 saves without changes" in words(page)
    assert len(re.findall(r'data-changes="', page.text)) == 1
    # Compared with the nearest version that differs, which the page finds.
    compared = [url for url in addresses(page) if "/bookstore/diff" in url]
    assert len([url for url in compared if "base=" not in url]) == 3


def test_an_author_who_made_all_versions_is_named_once(
    server: ServerSide, library: Library
) -> None:
    for hours in range(2):
        library.save("a.ipynb", AT + timedelta(hours=hours), author="ann")
    assert "All of these versions are by ann" in words(get(server, "history"))
    library.save("a.ipynb", AT + timedelta(hours=3), author="bob")
    page = get(server, "history")
    assert "All of these" not in words(page)
    assert "is-by-one" not in page.text


def test_times_within_a_minute_have_seconds(
    server: ServerSide, library: Library
) -> None:
    for seconds in (0, 7, 90):
        library.save("a.ipynb", AT + timedelta(seconds=seconds), author=str(seconds))
    text = words(get(server, "history"))
    for time in ("09:30:00 UTC", "09:30:07 UTC", "09:31 UTC"):
        assert time in text


def test_restore_is_no_action_of_the_newest_version(
    server: ServerSide, library: Library
) -> None:
    for hours in range(2):
        library.save("a.ipynb", AT + timedelta(hours=hours))
    rows = get(server, "history").text.split('<li class="entry"')[1:]
    shown = [
        re.sub(r'<div class="card">.*?</div>', "", row, flags=re.S) for row in rows
    ]
    assert [">Restore</a>" in row for row in shown] == [False, True]


def test_older_versions_follow_on_further_pages(
    server: ServerSide, library: Library
) -> None:
    library.fill()
    page = get(server, "history", REPORT)
    older = older_page(page)
    assert OLD not in words(page)
    following = server.get(older)
    assert f"Renamed or moved from {OLD}" in words(following)
    assert "Newest versions" in words(following)


def test_a_restored_version_links_to_its_origin(
    server: ServerSide, library: Library
) -> None:
    library.fill()
    page = get(server, "history", REPORT)
    assert "Restored from the version of yesterday 16:00 UTC." in words(page)


def test_names_can_be_searched(server: ServerSide, library: Library) -> None:
    library.fill()
    page = get(server, "history", REPORT, q="colours")
    assert SAID in words(page)
    assert page.text.count('class="entry"') == 1
    nothing = get(server, "history", REPORT, q="zzz")
    assert "No version has a name or a comment that contains “zzz”." in words(nothing)


def test_the_form_gives_a_name_and_removes_it(
    make_server_side: Callable[..., ServerSide], library: Library
) -> None:
    version = library.save("a.ipynb", AT)
    server = make_server_side({"base_url": "/user/ann/", "user": "ann"})
    form = {"path": "a.ipynb", "version_id": version.version_id}
    named = server.post("/bookstore/label", data={**form, "name": SAID, "comment": WHY})
    assert named.status_code == 303
    assert named.headers["Location"].startswith("/user/ann/bookstore/history?path=")
    page = server.follow(named.headers["Location"])
    assert SAID in words(page)
    assert "The name is saved." in words(page)
    removed = server.post("/bookstore/label", data={**form, "name": "x", "remove": "1"})
    assert SAID not in words(server.follow(removed.headers["Location"]))


def test_a_name_that_another_version_has_is_refused(
    server: ServerSide, library: Library
) -> None:
    first = library.save("a.ipynb", AT)
    second = library.save("a.ipynb", AT + timedelta(hours=1))
    library.label("a.ipynb", first, SAID)
    form = {"path": "a.ipynb", "version_id": second.version_id, "name": SAID}
    page = server.post("/bookstore/label", data=form)
    assert page.status_code == 409
    assert "Choose another name" in words(page)


@pytest.mark.parametrize("page", ["history", "view", "diff", "restore", "view/content"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing.ipynb", 404),
        ("../a.ipynb", 400),
        ("a\0.ipynb", 400),
        ("x" * 1025, 400),
        ("", 400),
    ],
)
def test_an_impossible_path_is_answered_with_a_sentence(
    server: ServerSide, library: Library, page: str, path: str, status: int
) -> None:
    answer = get(server, page, path, version_id="@0")
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("page", ["view", "restore", "view/content"])
def test_a_missing_version_is_reported(
    server: ServerSide, library: Library, page: str
) -> None:
    library.save("a.ipynb", AT)
    answer = get(server, page, version_id="20200101T000000.000000Z-00000000")
    assert answer.status_code == 404
    assert "a lifecycle rule or somebody has removed it" in words(answer)


def test_nothing_that_others_wrote_becomes_markup(
    server: ServerSide, library: Library
) -> None:
    old, path = f"old {NASTY}.ipynb", f"{NASTY}.ipynb"
    version = library.save(old, AT, author=NASTY, content=report(1))
    library.label(old, version, NASTY, NASTY)
    hostile = report(1)
    hostile["cells"][1]["source"] = NASTY
    hostile["metadata"][NASTY] = NASTY
    library.save(path, AT + timedelta(hours=1), moved_from=old, content=hostile)
    for page in ("history", "view", "diff", "restore"):
        answer = get(server, page, path, version_id="@0", done="copied", copy=NASTY)
        assert answer.status_code == 200
        assert "<script>" not in answer.text, page
        assert "{{7*7}}" in answer.text


def test_a_standalone_app_shows_and_compares(
    client: FlaskClient, library: Library
) -> None:
    library.save("a.ipynb", AT)
    library.save("a.ipynb", AT + timedelta(hours=1))
    for page in ("history", "view", "diff"):
        answer = get(client, page)
        assert answer.status_code == 200, page
        assert not any("restore" in url for url in addresses(answer)), page


def test_every_address_begins_with_the_base_url(
    make_server_side: Callable[..., ServerSide], library: Library, launch: Launch
) -> None:
    library.save("a.ipynb", AT)
    library.save("a.ipynb", AT + timedelta(hours=1))
    server = make_server_side({"base_url": "/user/a%20b/"})
    for page in ("", "history", "view", "diff", "restore"):
        answer = get(server, page, version_id="@0")
        assert answer.status_code == 200, page
        urls = re.findall(r'(?:href|src|action|data-changes)="([^"]*)"', answer.text)
        outside = [
            url for url in urls if not url.startswith(("/user/a%20b/", "data:", "#"))
        ]
        assert not outside, page
