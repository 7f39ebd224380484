"""Names, renames and several notebooks in the history of the notebook, in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FRONT_ENDS, FrontEnd, other_of_each_kind
from harness.open_notebook import act, grave_problems, opened, rows, saved, tool

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

HISTORY = "History of this notebook"
WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 360, "height": 740}


def rename(front: FrontEnd, page: Page, name: str) -> None:
    """Rename the open notebook as people do."""
    if front.is_classic:
        page.locator("#notebook_name").click()
        page.locator(".modal-dialog input").fill(name.removesuffix(".ipynb"))
        page.locator(".modal-dialog .btn-primary").click()
        return
    front.choose(page, "Rename")
    page.locator(".jp-Dialog input").fill(name)
    page.keyboard.press("Enter")


def choose_dark(page: Page) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")


def is_within(page: Page, part: Locator) -> bool:
    """Return whether a part of the page is on the screen from left to right."""
    box, size = part.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return box["x"] >= 0 and box["x"] + box["width"] <= size["width"]


@other_of_each_kind
def test_a_version_is_named_in_the_list_and_the_list_follows_a_rename(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        for source in ("first", "second"):
            server.save("note.ipynb", saved(source))
        with opened(browser, front, server) as page:
            tool(page, HISTORY).click()
            expect(rows(page)).to_have_count(2)
            changes = rows(page).first.locator(".bookstore-changes")
            expect(changes).to_have_text("1 cell changed")
            act(page, 1, "Name")
            page.get_by_label("Name of this version").fill("before June")
            assert grave_problems(page) == []
            page.keyboard.press("Enter")
            named = rows(page).nth(1)
            expect(named).to_contain_text("before June")
            # A row that loses the focus does not move what is clicked below it.
            rows(page).first.locator(".bookstore-open").focus()
            act(page, 1, "Link")
            expect(page.locator(".bookstore-notice")).to_contain_text("Copied")
            page.keyboard.press("Escape")
            rename(front, page, "july.ipynb")
            tool(page, HISTORY).click()
            heading = page.locator("h2:visible", has_text="july.ipynb")
            expect(heading).to_be_visible()
            expect(rows(page)).to_have_count(3)
            expect(rows(page).first).to_contain_text("newest")
            expect(rows(page).first).to_contain_text("moved from note.ipynb")
            expect(rows(page).nth(1)).not_to_contain_text("newest")


def test_the_panel_follows_the_notebook_in_front(
    home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS["lab"]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        for path, count in (("note.ipynb", 2), ("other.ipynb", 1)):
            for number in range(count):
                server.save(path, saved(f"{path} {number}"))
        with opened(browser, front, server) as page:
            tool(page, HISTORY).click()
            expect(rows(page)).to_have_count(2)
            page.locator(".jp-DirListing-item", has_text="other.ipynb").dblclick()
            heading = page.locator(".bookstore-history h2")
            expect(heading).to_have_text("other.ipynb")
            expect(rows(page)).to_have_count(1)
            page.locator(".lm-TabBar-tabLabel", has_text="note.ipynb").click()
            expect(rows(page)).to_have_count(2)


def test_a_preview_closes_when_another_notebook_is_in_front(
    home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS["lab"]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        for path in ("note.ipynb", "other.ipynb"):
            server.save(path, saved(path))
        with opened(browser, front, server) as page:
            preview = page.locator(".bookstore-preview")
            tool(page, HISTORY).click()
            rows(page).first.locator(".bookstore-open").click()
            expect(preview.locator("h2")).to_contain_text("note.ipynb: ")
            shown = page.locator(".bookstore-frame iframe").content_frame
            expect(shown.locator("main")).to_contain_text("note")
            page.locator(".jp-DirListing-item", has_text="other.ipynb").dblclick()
            expect(preview).to_have_count(0)
            heading = page.locator(".bookstore-history h2", has_text="other.ipynb")
            expect(heading).to_be_visible()
            rows(page).first.locator(".bookstore-open").click()
            expect(preview.locator("h2")).to_contain_text("other.ipynb: ")
            # Also while the history is hidden, which does not follow then.
            page.locator("[data-id=bookstore-history]").click()
            expect(heading).to_be_hidden()
            preview.get_by_role("button", name="Restore", exact=True).click()
            notification = page.locator(".Toastify__toast")
            said = re.compile("is restored|has this content already")
            expect(notification).to_contain_text(said)
            page.locator(".lm-TabBar-tabLabel", has_text="note.ipynb").click()
            expect(preview).to_have_count(0)


@pytest.mark.parametrize("name", ["lab", "notebook"])
def test_what_we_add_is_readable_in_the_dark_and_on_a_narrow_screen(
    name: str, home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS[name]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            choose_dark(page)
            tool(page, HISTORY).click()
            expect(rows(page)).to_have_count(1)
            rows(page).first.locator(".bookstore-open").click()
            shown = page.locator(".bookstore-frame iframe").content_frame
            expect(shown.locator("main")).to_contain_text("first")
            assert grave_problems(page) == []
            page.set_viewport_size(NARROW)
            if name == "notebook":
                assert is_within(page, page.locator("dialog[open]"))
            page.set_viewport_size(WIDE)
            page.get_by_role("button", name="Close the preview").click()
            front.choose(page, "Publish and Share")
            dialog = page.get_by_role("dialog", name="Publish this notebook")
            expect(dialog.locator(".bookstore-link")).to_have_count(2)
            page.set_viewport_size(NARROW)
            assert is_within(page, dialog)
            assert grave_problems(page) == []
