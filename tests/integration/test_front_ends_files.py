"""What our extensions add to lists of files, on the four front ends, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FrontEnd
from harness.notebook_server import TOKEN
from harness.open_notebook import saved
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]


def entry_in_list(page: Page, entry: str, name: str) -> Locator:
    """Select a file of a classic list; return a button or an entry of our menu."""
    menu = page.get_by_role("button", name="Bookstore")
    menu.wait_for()
    page.locator(".list_item", has_text=name).get_by_role("checkbox").check()
    control = page.get_by_role("button", name=entry, exact=True)
    if not control.count():
        menu.click()
    return control.or_(page.get_by_role("link", name=entry))


def entry_in_menu(page: Page, entry: str, name: str) -> Locator:
    """Return an entry of a file's context menu; ours come when loaded."""
    control = page.locator(".lm-Menu-itemLabel", has_text=entry)

    def opened() -> bool:
        page.keyboard.press("Escape")
        page.locator(".jp-DirListing-item", has_text=name).click(button="right")
        return control.count() > 0

    wait_for(opened, what=entry, every=1.0)
    return control


def choose(front: FrontEnd, page: Page, entry: str, name: str) -> Page:
    """Choose an entry about a file, or about its folder; return the page that opens."""
    find = entry_in_list if front.is_classic else entry_in_menu
    control = find(page, entry, name)
    with page.expect_popup() as opened:
        control.click()
    return opened.value


def test_lists_of_files_lead_to_the_history_and_to_what_was_deleted(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config, base_url="/user/ann/") as server:
        for path in ("note.ipynb", "lost.ipynb"):
            server.save(path, saved("1"))
        server.request("DELETE", "api/contents/lost.ipynb")
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        page.goto(f"{server.url}/{front.files}?token={TOKEN}")
        page.get_by_text("note.ipynb").wait_for()
        history = choose(front, page, "History", "note.ipynb")
        expect(history.locator("h1")).to_contain_text("note.ipynb")
        history.close()
        deleted = choose(front, page, "Deleted and Moved Here…", "note.ipynb")
        expect(deleted.locator("main")).to_contain_text("lost.ipynb")
        deleted.close()
        page.close()
