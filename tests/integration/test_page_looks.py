"""How the pages look: no page too wide, no grave problems found by axe.

With SCREENSHOTS, a folder, in the environment, pictures of all pages are in it.
"""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app
from harness.browsing import (
    CHROMIUM,
    WIDE,
    looks,
    open_page,
    overflow,
    take_screenshot,
    violations,
)
from harness.library import DELETED, LONG, OLD, PUBLISHED_PATH, REPORT, SAID, plotted
from harness.notebook_server import TOKEN
from harness.serving import serving
from harness.site import Site, open_site

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

PLOT = "plot.ipynb"

Prepare = Callable[[Page], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site("modern", tmp_path_factory.mktemp("looks")) as running:
        running.library.save("notes.ipynb", running.library.now, content=b"notes\n")
        for colour in ("red", "blue"):
            now = running.library.now
            running.library.save(PLOT, now, content=plotted(colour))
        yield running


def open_first_lines(page: Page) -> None:
    """Open a burst, and the card of a row."""
    page.locator(".saves > summary").first.click()
    page.locator(".more > summary").nth(1).click()


def open_all_folds(page: Page) -> None:
    for summary in page.locator(".asides summary").all():
        summary.click()


def open_folds(page: Page) -> None:
    """Open what is rendered, unchanged or a detail."""
    for fold in page.locator("details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()
    expect(page.locator("iframe").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def preview(page: Page) -> None:
    """Show a version beside the list, and the exact time of its row."""
    page.keyboard.press("j")
    heading = page.frame_locator("#preview iframe").get_by_role("heading").first
    expect(heading).to_be_visible()
    page.get_by_text("Keys", exact=True).click()
    page.keyboard.press("j")


def swipe(page: Page) -> None:
    page.get_by_role("button", name="Swipe").first.click()


def choose_two(page: Page) -> None:
    for place in (0, 1):
        page.locator(".pick").nth(place).check()


def wait_for_the_frame(page: Page) -> None:
    heading = page.frame_locator("iframe").get_by_role("heading").first
    expect(heading).to_be_visible()


def nothing(page: Page) -> None:
    """Do nothing on the page."""


#: Each page: its address, and what is done there before it is checked.
PAGES: dict[str, tuple[str, dict[str, str], Prepare]] = {
    "home": ("", {}, nothing),
    "home-folds": ("", {}, open_all_folds),
    "home-folder": ("", {"prefix": "reports/2026"}, nothing),
    "home-search": ("", {"q": "report"}, nothing),
    "home-nothing-found": ("", {"q": "zzz"}, nothing),
    "published": ("", {"shelf": "published"}, nothing),
    "history": ("history", {"path": REPORT}, nothing),
    "history-opened": ("history", {"path": REPORT}, open_first_lines),
    "history-chosen": ("history", {"path": REPORT}, choose_two),
    "history-preview": ("history", {"path": REPORT}, preview),
    "history-long-name": ("history", {"path": LONG}, nothing),
    "history-deleted": ("history", {"path": DELETED}, nothing),
    "history-moved": ("history", {"path": OLD}, nothing),
    "history-search": ("history", {"path": REPORT, "q": "board"}, nothing),
    "history-restored": (
        "history",
        {"path": REPORT, "done": "restored", "undo": "0" * 64},
        nothing,
    ),
    "view": ("view", {"path": REPORT, "version_id": SAID}, wait_for_the_frame),
    "view-folds": ("view", {"path": REPORT, "version_id": SAID}, open_all_folds),
    "view-text": ("view", {"path": "notes.ipynb"}, nothing),
    "view-published": (
        "view",
        {"path": PUBLISHED_PATH, "shelf": "published", "done": "published"},
        wait_for_the_frame,
    ),
    "diff": ("diff", {"path": REPORT, "base": "@9"}, nothing),
    "diff-opened": ("diff", {"path": REPORT, "base": "@9"}, open_folds),
    "diff-swiped": ("diff", {"path": PLOT}, swipe),
    "diff-equal": ("diff", {"path": PLOT, "base": "@1", "remote": "@1"}, nothing),
    "diff-file": ("diff", {"path": REPORT, "base": SAID, "remote": "file"}, nothing),
    "restore": ("restore", {"path": REPORT, "version_id": SAID}, nothing),
    "clone": (
        "clone",
        {"s3_bucket": "bookstore", "s3_key": f"published/{PUBLISHED_PATH}"},
        nothing,
    ),
}
REFUSED: dict[str, tuple[str, dict[str, str]]] = {
    "error-no-versions": ("history", {"path": "nothing/here.ipynb"}),
    "error-gone": ("view", {"path": REPORT, "version_id": "gone"}),
    "error-missing": ("restore", {}),
    "error-first-version": ("diff", {"path": "notes.ipynb"}),
}


def check_looks(page: Page, name: str) -> None:
    """Check the present page: light and dark, wide and narrow."""
    for look in looks(page):
        assert overflow(page) <= 0, look
        if look == f"light-{WIDE}":
            assert violations(page) == [], look
        if look == f"dark-{WIDE}":  # only colours differ between schemes
            assert violations(page, only=["color-contrast"]) == [], look
        take_screenshot(page, f"{name}-{look}")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_good(site: Site, browser: Browser, name: str) -> None:
    address, query, prepare = PAGES[name]
    with open_page(browser, token=TOKEN) as page:
        page.goto(site.url(address, **query))
        page.wait_for_load_state("networkidle")
        prepare(page)
        check_looks(page, name)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_looks_good(site: Site, browser: Browser, name: str) -> None:
    address, query = REFUSED[name]
    with open_page(browser, token=TOKEN, refusals=True) as page:
        page.goto(site.url(address, **query))
        expect(page.get_by_role("alert")).to_be_visible()
        check_looks(page, name)


def test_an_empty_store_looks_good(browser: Browser, tmp_path: Path) -> None:
    settings = BookstoreSettings(
        storage="local",
        local_root=str(tmp_path / "store"),
        spool_dir=str(tmp_path / "spool"),
    )
    with serving(create_app(settings)) as url, open_page(browser) as page:
        page.goto(f"{url}/bookstore/")
        expect(page.get_by_text("No versions yet")).to_be_visible()
        check_looks(page, "empty-store")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.parametrize("address", ["", "history?path=a.ipynb", "diff?path=a.ipynb"])
def test_a_store_that_is_down_is_reported_soon_with_a_way_to_retry(
    browser: Browser, tmp_path: Path, silent_port: int, address: str
) -> None:
    settings = BookstoreSettings(
        s3_endpoint_url=f"http://127.0.0.1:{silent_port}",
        s3_access_key_id="an-access-key",
        s3_secret_access_key="a-secret-key",
        s3_bucket="notebooks",
        spool_dir=str(tmp_path / "spool"),
    )
    app = create_app(settings)
    with serving(app) as url, open_page(browser, refusals=True) as page:
        started = time.monotonic()
        answer = page.goto(f"{url}/bookstore/{address}")
        # Five seconds are promised; without limits it would take minutes.
        assert time.monotonic() - started < 60
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("alert")).to_be_visible()
        again = page.get_by_role("link", name="Try again")
        assert (again.get_attribute("href") or "").startswith("/bookstore/")
        check_looks(page, f"store-down-{address.partition('?')[0] or 'home'}")
