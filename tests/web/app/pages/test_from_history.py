"""What the history leads to: a version shown, compared and published."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.library import Library, report
from harness.web_app import ContentsDouble, ServerSide, addresses, words

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


def get(server: Any, page: str, path: str = "a.ipynb", **query: str) -> Any:
    return server.get(f"/bookstore/{page}", query_string={"path": path, **query})


def test_a_version_is_shown_in_a_frame_without_our_origin(
    server: ServerSide, library: Library
) -> None:
    version = library.save("a.ipynb", AT)
    page = get(server, "view", version_id=version.version_id)
    (frame,) = re.findall(r"<iframe [^>]*>", page.text)
    assert "allow-same-origin" not in frame
    (source,) = re.findall(r'src="([^"]*)"', frame)
    content = server.get(html.unescape(source))
    assert content.status_code == 200
    assert "Quarterly report" in content.text


def test_what_is_not_a_notebook_is_shown_as_text_or_can_be_downloaded(
    server: ServerSide, library: Library
) -> None:
    library.save("a.ipynb", AT, content=b"some notes")
    assert "It is shown as text" in words(get(server, "view"))
    library.save("b.ipynb", AT, content=b"\xff\x00")
    page = get(server, "view", "b.ipynb")
    assert "cannot be shown here" in words(page)
    assert any("download=1" in url for url in addresses(page))
    assert "<iframe" not in page.text


def test_a_part_of_a_large_notebook_is_shown_with_a_note(
    server: ServerSide, library: Library
) -> None:
    content = report(1)
    content["cells"][0]["source"] = "x" * 60_000
    library.save("a.ipynb", AT, content=content)
    assert "Not everything is shown here." in words(get(server, "view"))


def test_two_versions_are_compared_by_lines_and_words(
    server: ServerSide, library: Library
) -> None:
    before, after = report(1), report(1)
    before["cells"][1]["source"] = "total = 1\nprint(total)"
    after["cells"][1]["source"] = "total = 2\nprint(total)"
    library.save("a.ipynb", AT, content=before)
    library.save("a.ipynb", AT + timedelta(hours=1), content=after)
    page = get(server, "diff")
    assert page.status_code == 200, page.text
    assert "1 cell changed." in words(page)
    assert "<del>1</del>" in page.text
    assert "<ins>2</ins>" in page.text
    assert "unchanged cell" in words(page)


def test_equal_versions_are_the_same(server: ServerSide, library: Library) -> None:
    library.save("a.ipynb", AT, content=report(1))
    library.save("a.ipynb", AT + timedelta(hours=1), content=report(1))
    assert "The two are the same." in words(get(server, "diff"))


def test_two_that_were_chosen_are_compared_the_older_one_first(
    server: ServerSide, library: Library
) -> None:
    saved = [library.save("a.ipynb", AT + timedelta(hours=hour)) for hour in range(3)]
    query = {"path": "a.ipynb", "pick": [saved[2].version_id, saved[0].version_id]}
    page = server.get("/bookstore/diff", query_string=query)
    text = words(page)
    assert text.index("09:30 UTC") < text.index("11:30 UTC")
    one = {"path": "a.ipynb", "pick": [saved[2].version_id]}
    assert server.get("/bookstore/diff", query_string=one).status_code == 400


def test_a_version_is_compared_with_the_file_as_it_is_now(
    server: ServerSide, library: Library, contents: ContentsDouble
) -> None:
    library.save("a.ipynb", AT, content=report(1))
    contents.files["a.ipynb"] = {
        "type": "notebook",
        "format": "json",
        "content": report(2),
    }
    page = get(server, "diff", base="@0", remote="file")
    assert page.status_code == 200
    assert "The file on your server" in words(page)
    assert 'aria-current="page"' in page.text


def test_publishing_a_version_leads_to_the_link_for_others(
    make_server_side: Callable[..., ServerSide], library: Library
) -> None:
    version = library.save("a.ipynb", AT, content=report(1))
    server = make_server_side({"base_url": "/user/ann/", "origin": "https://hub.test"})
    form = {
        "path": "a.ipynb",
        "version_id": version.version_id,
        "published_path": "guides/a.ipynb",
    }
    answer = server.post("/bookstore/publish", data=form)
    assert answer.status_code == 303, answer.text
    page = server.follow(answer.headers["Location"])
    (given,) = re.findall(r'<input id="given"[^>]*value="([^"]*)"', page.text)
    assert given.startswith("https://hub.test/user/ann/bookstore/clone?")
    clone = server.follow(html.unescape(given))
    assert "Clone a.ipynb" in words(clone)


def test_what_is_not_a_notebook_cannot_be_published(
    server: ServerSide, library: Library
) -> None:
    version = library.save("a.ipynb", AT, content=b"some notes")
    assert "Publish this version" not in words(get(server, "view"))
    form = {
        "path": "a.ipynb",
        "version_id": version.version_id,
        "published_path": "a.ipynb",
    }
    assert server.post("/bookstore/publish", data=form).status_code == 422
