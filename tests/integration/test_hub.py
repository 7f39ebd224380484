"""Bookstore on servers that a JupyterHub starts for its users, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FRONT_ENDS, FrontEnd
from harness.hub import PROXY, Hub
from harness.open_notebook import act, mark, rows, saved
from harness.versions import first_source
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
    pytest.mark.skipif(
        PROXY is None,
        reason="the proxy of JupyterHub is not installed "
        "(apt-get install node-configurable-http-proxy)",
    ),
]

NAME, TITLE = "Übung 1.ipynb", "Übung 1"
#: The status of requests whose sender is not believed, and of our own failures.
REFUSALS = (401, 403, 500, 502, 503)


@pytest.fixture(params=["lab", "classic"])
def front(request: pytest.FixtureRequest) -> FrontEnd:
    """The front end of the users' servers."""
    return FRONT_ENDS[request.param]


@pytest.fixture
def config(tmp_path: Path) -> str:
    """The config lines of a store that all users share."""
    return settings_lines(storage="local", local_root=str(tmp_path / "store"))


def save(front: FrontEnd, page: Page, text: str) -> None:
    front.type(page, f"# {text}\n")
    page.keyboard.press("Control+s")
    expect(mark(page)).to_have_text("Archived")


def restore_and_undo(front: FrontEnd, page: Page) -> None:
    mark(page).click()
    expect(rows(page)).to_have_count(2)
    act(page, 1, "Restore")
    notice = page.locator(".bookstore-notice")
    expect(notice).to_contain_text("is restored")
    expect(front.cells(page).first).not_to_contain_text("second")
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text("Undone")
    expect(front.cells(page).first).to_contain_text("second")


def link_to_the_oldest(page: Page) -> str:
    """Return the link that an action of the list gives for its oldest version."""
    act(page, rows(page).count() - 1, "Link")
    link = page.locator(".bookstore-history .bookstore-link input").first
    return link.input_value()


def publish(front: FrontEnd, page: Page) -> list[str]:
    """Publish the open notebook; return the links to this version and the newest."""
    front.choose(page, "Publish and Share")
    dialog = page.get_by_role("dialog", name="Publish this notebook")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(dialog).to_contain_text("It is published.")
    links = dialog.locator(".bookstore-link input")
    expect(links).to_have_count(2)
    return [link.input_value() for link in links.all()]


def look_at_the_pages(hub: Hub, page: Page) -> None:
    """Look at a history and at a version; their scripts and frames are loaded."""
    page.goto(f"{hub.url}/user/ann/bookstore/history?{urlencode({'path': NAME})}")
    expect(page.locator("#timeline")).to_contain_text("1 cell")
    page.locator("a.when").first.click()
    frame = page.frame_locator("iframe").first
    expect(frame.locator("body")).to_contain_text("# first")


@contextmanager
def person(browser: Browser) -> Iterator[Page]:
    """Open a browser without cookies; fail at the end if we refused a request."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status in REFUSALS and "/bookstore" in answer.url:
            refused.append(f"{answer.status} {answer.url}")

    page.on("response", note)
    yield page
    page.context.close()
    assert not refused


def test_links_lead_through_the_login_to_the_server_of_whoever_follows_them(
    front: FrontEnd, config: str, tmp_path: Path, browser: Browser
) -> None:
    with (
        Hub(tmp_path / "hub", front, config) as hub,
        person(browser) as page,
        person(browser) as other,
    ):
        ann, bob = hub.home("ann"), hub.home("bob")
        nbformat.write(nbformat.from_dict(saved("1")), ann / NAME)
        hub.open(page, "ann", NAME)
        save(front, page, "first")
        save(front, page, "second")
        restore_and_undo(front, page)
        older = link_to_the_oldest(page)
        if front.name == "classic":
            page.keyboard.press("Escape")  # the dialog with the history
        pinned, newest = publish(front, page)
        for link in (older, pinned, newest):
            assert link.startswith(f"{hub.url}/hub/user-redirect/bookstore/clone?")
        other.goto(pinned)
        hub.log_in(other, "bob")
        other.wait_for_url(f"{hub.url}/user/bob/bookstore/clone?*", timeout=120_000)
        assert parse_qs(urlsplit(other.url).query) == parse_qs(urlsplit(pinned).query)
        other.get_by_role("button", name="Clone").click()
        wait_for((bob / NAME).is_file, what="the clone", seconds=60)
        assert first_source((bob / NAME).read_bytes()) == "# second\n# first\n1"
        # Whoever is logged in sees the other pages at once.
        for link in (older, newest):
            other.goto(link)
            other.wait_for_url(f"{hub.url}/user/bob/bookstore/clone?*")
            expect(other.locator("h1")).to_contain_text(TITLE)
        look_at_the_pages(hub, page)
