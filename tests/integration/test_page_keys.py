"""The pages by keyboard: versions in focus, cards that close, everything by Tab."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.browsing import CHROMIUM, open_page
from harness.library import REPORT
from harness.notebook_server import notebook
from harness.site import Site, open_site
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

#: The lines of the list; the versions of a burst are inside a line.
LINES = ".day > .versions > .entry"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site("modern", tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with open_page(browser) as opened:
        site.log_in(opened)
        yield opened


def test_versions_are_chosen_and_opened_by_keys(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    focused = page.locator("a.when:focus")
    page.keyboard.press("j")
    first = focused.get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".pick:checked")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    assert focused.get_attribute("href") == first
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    assert focused.get_attribute("href") == first
    page.keyboard.press("Enter")
    page.wait_for_url("**/view?*")
    page.goto(site.url("history", path=REPORT))
    page.get_by_role("searchbox").fill("")
    page.keyboard.press("j")  # typed
    expect(page.get_by_role("searchbox")).to_have_value("j")
    page.get_by_text("Keys", exact=True).click()
    page.get_by_label("Use the keys J, K and X").uncheck()
    page.reload()
    page.keyboard.press("j")
    expect(focused).to_have_count(0)


def test_the_version_in_focus_is_shown_beside_the_list_on_wide_screens(
    site: Site, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.clock.install()
    page.goto(site.url("history", path=REPORT))
    expect(page.get_by_text("Rest the pointer on a version")).to_be_visible()
    assert not any("view/content" in url for url in asked)
    page.keyboard.press("j")
    preview = page.get_by_role("region", name="Preview")
    heading = preview.frame_locator("iframe").get_by_role("heading").first
    expect(heading).to_have_text("Quarterly report")
    shown = "[...frames.values()].map((known) => known.element.isConnected)"
    wait_for(lambda: page.evaluate(shown) == [True], what="the first frame")
    before = preview.locator("iframe").get_attribute("src")
    page.locator(f"{LINES} > .body .facts").nth(2).hover(position={"x": 25, "y": 9})
    expect(preview.locator("iframe")).not_to_have_attribute("src", before or "")
    wait_for(lambda: True in page.evaluate(shown), what="the next frame")
    page.clock.run_for(6_000)  # the one that is gone is forgotten
    assert page.evaluate(shown) == [True]
    asked.clear()
    page.set_viewport_size({"width": 800, "height": 900})
    expect(preview).to_be_hidden()
    page.keyboard.press("j")
    page.locator(f"{LINES} > .body .facts").nth(0).hover(position={"x": 25, "y": 9})
    page.wait_for_timeout(1000)
    assert not any("view/content" in url for url in asked)


def test_escape_and_a_click_elsewhere_close_a_card(site: Site, page: Page) -> None:
    page.goto(site.url("history", path="welcome.ipynb"))
    more = page.locator(".more").first
    more.locator("summary").click()
    more.get_by_label("Comment").press("Escape")
    expect(more).not_to_have_attribute("open", "")
    expect(more.locator("summary")).to_be_focused()
    more.locator("summary").click()
    page.get_by_role("heading", level=1).click()
    expect(more).not_to_have_attribute("open", "")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus, and an outline."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").strip() == name:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none"
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


def test_a_notebook_is_found_restored_and_undone_by_keyboard_alone(
    site: Site, page: Page
) -> None:
    path = "keyboard.ipynb"
    for number, source in enumerate(("first", "second"), 1):
        site.server.save(path, notebook(source))
        site.wait_for_versions(path, number)
    page.goto(site.url())
    tab_to(page, "Back to Jupyter")
    page.keyboard.press("Tab")
    page.keyboard.type("keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=keyboard")
    tab_to(page, path)
    page.keyboard.press("Enter")
    page.wait_for_url("**/history?*")
    tab_to(page, "Restore")  # of the first version: the newest one has none
    page.keyboard.press("Enter")
    page.wait_for_url("**/restore?*")
    tab_to(page, "Restore")
    page.keyboard.press("Enter")
    page.wait_for_url("**/history?*done=restored*")
    site.wait_for_versions(path, 3)
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/history?*done=undone*")
    file = site.server.root / path
    assert json.loads(file.read_text())["cells"][0]["source"] == ["second"]
