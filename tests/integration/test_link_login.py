"""Links that people share, opened by somebody who has to log in first."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FrontEnd, one_of_each_kind
from harness.notebook_server import TOKEN, NotebookServer
from harness.open_notebook import saved
from harness.versions import spool_is_empty
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

PASSWORD = "the password"
#: The hash of the password, as `jupyter server password` writes it.
HASH = "sha1:0123456789ab:56bedf60c408e595bd477431a8ffcdadce31d453"
NAME = "Übung 1 & 2.ipynb"


def links_to(server: NotebookServer, name: str) -> tuple[str, str]:
    """Return the links to the newest version, and to whichever is the newest."""
    query = {"path": name}
    page = server.request("GET", "api/bookstore/versions", params=query).json()
    query["version_id"] = page["versions"][0]["version_id"]
    links = server.request("GET", "api/bookstore/link", params=query).json()
    return links["url"], links["newest_url"]


@one_of_each_kind
def test_links_open_their_page_after_a_login_by_token_or_password(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    config += f"c.ServerApp.password = c.NotebookApp.password = {HASH!r}\n"
    with front.server(home, config, base_url="/user/ann/") as server:
        server.save(NAME, saved("1"))
        wait_for(lambda: spool_is_empty(home), what="an empty spool")
        links = links_to(server, NAME)
        for link, secret in zip(links, (TOKEN, PASSWORD), strict=True):
            page = browser.new_context().new_page()
            page.goto(link)
            page.locator("#password_input").fill(secret)
            page.locator("#login_submit").click()
            expect(page.locator("h1")).to_contain_text(NAME)
            assert parse_qs(urlsplit(page.url).query) == parse_qs(urlsplit(link).query)
            page.context.close()
