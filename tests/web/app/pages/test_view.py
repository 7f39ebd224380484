"""The page of one version: its title, its actions and its links."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.library import Library
from harness.web_app import ServerSide

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


def get(server: ServerSide, page: str, **query: str) -> Any:
    return server.get(
        f"/bookstore/{page}", query_string={"path": "folder/a.ipynb", **query}
    )


def buttons(page: Any) -> list[tuple[str, str]]:
    """Return the class and the text of each link that looks like a button."""
    return re.findall(r'<a class="(button[^"]*)"[^>]*>([^<]*)', page.text)


def test_restore_is_the_first_action_of_an_older_version_only(
    server: ServerSide, library: Library
) -> None:
    older = library.save("folder/a.ipynb", AT)
    newest = library.save("folder/a.ipynb", AT + timedelta(hours=1))
    page = get(server, "view", version_id=older.version_id)
    assert buttons(page)[0] == ("button", "Restore")
    page = get(server, "view", version_id=newest.version_id)
    assert buttons(page)[0] == ("button", "Open in Jupyter")
    assert "Restore" not in dict(buttons(page)).values()
    assert "This is the newest version." in page.text


def test_restore_of_the_newest_version_states_what_it_is_good_for(
    server: ServerSide, library: Library
) -> None:
    newest = library.save("folder/a.ipynb", AT)
    page = get(server, "restore", version_id=newest.version_id)
    assert "This is the newest version." in page.text


@pytest.mark.parametrize("page", ["history", "view", "diff", "restore"])
def test_the_title_of_a_page_begins_with_the_name_of_the_notebook(
    server: ServerSide, library: Library, page: str
) -> None:
    library.save("folder/a.ipynb", AT)
    library.save("folder/a.ipynb", AT + timedelta(hours=1))
    answer = get(server, page, version_id="@0")
    assert "<title>a.ipynb" in answer.text


def test_a_version_has_links_for_others_to_it_and_to_the_newest(
    make_server_side: Callable[..., ServerSide], library: Library
) -> None:
    version = library.save("folder/a.ipynb", AT)
    server = make_server_side({"base_url": "/user/ann/", "origin": "https://hub.test"})
    page = get(server, "view", version_id=version.version_id)
    given = [
        html.unescape(url)
        for url in re.findall(r'<input id="given.*value="(.*)" r', page.text)
    ]
    assert [url.partition("?")[0] for url in given] == [
        "https://hub.test/user/ann/bookstore/clone"
    ] * 2
    assert [version.version_id in url for url in given] == [True, False]
    assert "people who can reach this notebook server" in page.text
