"""What people do on the pages, in a browser, behind servers of both generations."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from harness.browsing import CHROMIUM, open_page
from harness.library import DELETED, OLD, REPORT, SAID, WHY, day, plotted, report
from harness.notebook_server import GENERATIONS, notebook
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


#: For what notebook servers of the two generations might do differently.
on_both = pytest.mark.parametrize("site", GENERATIONS, indirect=True, scope="module")


@pytest.fixture(scope="module", params=["modern"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with open_site(request.param, tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with open_page(browser) as opened:
        site.log_in(opened)
        yield opened


def link(page: Page | Locator, name: str) -> None:
    """Follow the first link of this name."""
    page.get_by_role("link", name=name, exact=True).first.click()


def press(page: Page | Locator, name: str) -> None:
    """Press the button of this name."""
    page.get_by_role("button", name=name, exact=True).click()


def test_from_home_to_the_versions_of_a_notebook(site: Site, page: Page) -> None:
    page.get_by_role("searchbox", name="Find a notebook").fill("quarterly")
    page.keyboard.press("Enter")
    link(page, REPORT)
    expect(page.get_by_role("heading", level=1)).to_have_text("Quarterly report.ipynb")
    saved = f"{day(1, 17):%A}, {day(1, 17).day} {day(1, 17):%B %Y}"
    # From 23:00 UTC on, that is the day before yesterday in Berlin.
    said = re.compile(f"^(Yesterday|{saved})$")
    expect(page.get_by_role("heading", level=2).first).to_have_text(said)
    # 17:00 in UTC, in Berlin's local time, and the exact time as a title.
    time = page.locator(".entry time").first
    assert time.inner_text() in {"18:00", "19:00"}
    title = time.get_attribute("title") or ""
    assert title.endswith((", 18:00:00", ", 19:00:00"))
    expect(page.get_by_text(SAID)).to_be_visible()
    expect(page.get_by_text(WHY)).to_be_visible()


def test_older_versions_are_added_to_the_page_and_chosen_ones_stay_chosen(
    site: Site, page: Page
) -> None:
    page.goto(site.url("history", path=REPORT))
    page.locator(".pick").first.check()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Older versions").dblclick()
    expect(page.get_by_text(f"Renamed or moved from {OLD}")).to_be_visible()
    expect(page.locator(".entry a.when:focus")).to_have_count(1)
    expect(page.get_by_role("link", name="Older versions")).to_have_count(0)
    expect(page.locator(".pick").first).to_be_checked()
    # The day of which both pages have a part is shown once.
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert len(headings) == len(set(headings))
    assert sum("cursor=" in url for url in asked) == 1
    page.locator(".pick").last.check()
    press(page, "Compare")
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed")


def test_a_burst_opens_and_says_what_changed_in_each(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    burst = page.locator(".entry.burst").first
    expect(burst.locator(".entry")).to_have_count(12)
    expect(burst.locator(".entry").first).not_to_be_visible()
    burst.locator("summary", has_text="12 saves").click()
    for entry in (burst.locator(".entry").first, burst.locator(".entry").last):
        entry.scroll_into_view_if_needed()
        expect(entry.locator(".changes")).not_to_be_empty()


def test_what_changed_is_requested_for_visible_rows_only(
    site: Site, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 400})
    page.goto(site.url("history", path=REPORT))
    expect(page.locator(".entry .changes").first).not_to_be_empty()
    page.wait_for_load_state("networkidle")
    changes = [url for url in asked if "/api/bookstore/diff" in url]
    assert 1 <= len(changes) < page.locator("[data-changes]").count()


def test_view_a_version(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    link(page, "View")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Quarterly report")).to_be_visible()
    expect(frame.locator("img").first).to_be_visible()


def test_a_day_of_the_strip_leads_to_its_versions(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    strip = page.get_by_role("navigation", name="Days with saves")
    expect(strip.get_by_role("link")).to_have_count(5)
    name = f"{day(2, 9):%A}, {day(2, 9).day} {day(2, 9):%B %Y}"
    strip.get_by_role("link", name=f"{name}: 19 saves").click()
    heading = page.get_by_role("heading", name=name)
    expect(heading).to_be_in_viewport()
    expect(page.locator(".day", has=heading).locator(":focus")).to_have_count(1)
    strip.get_by_role("link").first.press("Enter")  # a day on another page
    page.wait_for_url("**cursor=**")
    expect(page.get_by_role("link", name="Newest versions")).to_be_visible()
    expect(page.locator(".day:target")).to_be_visible()


def test_a_row_is_one_target_whose_text_can_be_selected(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    facts = page.locator(f"{LINES} > .body .facts").nth(1)
    box = facts.bounding_box()
    assert box
    page.mouse.move(box["x"] + 25, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 9)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").strip()
    page.wait_for_timeout(300)
    assert "/history" in page.url
    left = {"x": 25, "y": 9}
    page.locator(f"{LINES} > .body .facts").first.click(position=left)
    page.wait_for_url("**/view?*")


def test_compare_two_that_are_chosen(site: Site, page: Page) -> None:
    page.goto(site.url("history", path=REPORT))
    button = page.get_by_role("button", name="Compare", exact=True)
    expect(button).to_be_disabled()
    boxes = page.locator(f"{LINES} > .pick")
    boxes.nth(0).check()
    boxes.nth(1).check()
    boxes.nth(2).check()
    expect(boxes.nth(0)).not_to_be_checked()  # only the last two stay chosen
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed")
    expect(page.locator(".cell").first).to_be_visible()
    expect(page.locator("ins").first).to_have_css("text-decoration-line", "underline")
    expect(page.locator(".output-text ins").first).to_be_visible()
    assert page.frames == [page.main_frame]
    page.get_by_text("unchanged cell").first.click()
    shown = page.frame_locator("iframe").first
    expect(shown.locator("main")).not_to_be_empty()


@on_both
def test_restore_in_place_and_undo_it(site: Site, page: Page) -> None:
    path = "restored.ipynb"
    file = site.server.root / path
    for number, source in enumerate(("first", "second"), 1):
        site.server.save(path, notebook(source))
        site.wait_for_versions(path, number)
    # A state that no server has saved must not be lost either.
    unsaved = json.dumps(notebook("written by something else"))
    file.write_text(unsaved)
    page.goto(site.url("history", path=path))
    page.locator(".entry").last.get_by_role("link", name="Restore", exact=True).click()
    expect(page.get_by_text("is kept as a version first")).to_be_visible()
    press(page, "Restore")
    expect(page.get_by_role("status").first).to_contain_text("is restored")
    assert json.loads(file.read_text())["cells"][0]["source"] == ["first"]
    site.wait_for_versions(path, 4)
    press(page, "Undo")
    expect(page.get_by_role("status").first).to_contain_text("Undone")
    restored = json.loads(file.read_text())["cells"][0]["source"]
    assert restored == ["written by something else"]
    site.wait_for_versions(path, 5)
    page.reload()
    expect(page.get_by_text("Restored from")).to_have_count(2)


def test_a_second_click_sends_nothing_more(site: Site, page: Page) -> None:
    page.goto(site.url("restore", path=REPORT, version_id="@1"))
    asked: list[str] = []
    page.route("**/bookstore/restore", lambda route: asked.append(route.request.method))
    button = page.get_by_role("button", name="Restore", exact=True).bounding_box()
    assert button
    for _ in range(3):
        page.mouse.click(button["x"] + 9, button["y"] + 9)
        page.wait_for_timeout(200)
    assert asked == ["POST"]


@on_both
def test_restore_as_a_copy_leaves_the_original(site: Site, page: Page) -> None:
    before = (site.server.root / REPORT).read_bytes()
    page.goto(site.url("history", path=REPORT))
    entry = page.locator(LINES).nth(1)
    entry.get_by_text("More", exact=True).first.click()
    link(entry, "Restore as a copy")
    page.get_by_label("Path of the copy").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("A copy is at")
    copy = page.get_by_role("link", name="Open Quarterly report-1.ipynb")
    expect(copy).to_be_visible()
    assert (site.server.root / REPORT).read_bytes() == before
    assert (site.server.root / REPORT).with_name("Quarterly report-1.ipynb").is_file()


@on_both
def test_give_a_version_a_name_find_it_and_remove_it(site: Site, page: Page) -> None:
    page.goto(site.url("history", path="welcome.ipynb"))
    entry = page.locator(".entry").first
    entry.locator("summary", has_text="Name").click()
    entry.get_by_label("Name this version").fill("Zwischenstand")
    entry.get_by_label("Comment").fill("halfway")
    press(entry, "Save name")
    expect(page.get_by_role("status").first).to_have_text("The name is saved.")
    page.get_by_role("searchbox", name="Find a named version").fill("HALF")
    press(page, "Find")
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator(".chip")).to_have_text("Zwischenstand")
    page.locator("summary", has_text="Name").click()
    press(page, "Remove name")
    expect(page.get_by_role("status").first).to_contain_text("The name is removed.")
    expect(page.locator(".chip")).to_have_count(0)


@on_both
def test_publish_a_version_and_clone_it(site: Site, page: Page) -> None:
    opened: list[str] = []

    def hold(route: Route) -> None:
        # If the copy were really opened, it would start a kernel.
        answer = route.fetch(max_redirects=0)
        opened.append(answer.headers["location"])
        route.fulfill(body="opened")

    page.goto(site.url("view", path="welcome.ipynb"))
    page.get_by_text("Publish this version").click()
    path = page.get_by_label("Path of the published notebook")
    path.fill("shared/welcome.ipynb")
    press(page, "Publish")
    expect(page.get_by_role("status").first).to_contain_text("Published.")
    given = page.get_by_label("Link to share").input_value()
    assert given.startswith(site.url("clone", s3_bucket="bookstore"))
    page.goto(given)
    page.route("**/bookstore/clone", hold)
    press(page, "Clone and open")
    expect(page.get_by_text("opened")).to_be_visible()
    assert opened == [f"{site.server.base_url}notebooks/welcome-1.ipynb"]
    assert (site.server.root / "welcome-1.ipynb").is_file()
    page.goto(site.url(shelf="published"))
    link(page, "shared")
    # By its name or its heading: whether the catalogue has read it is not known.
    shared = page.locator("main a[href*='shared%2Fwelcome.ipynb']")
    expect(shared.first).to_be_visible()


@on_both
def test_publish_with_a_title_and_take_it_off_the_shelf_again(
    site: Site, page: Page
) -> None:
    shelf = site.url(shelf="published", prefix="cards")
    page.goto(site.url("view", path="welcome.ipynb"))
    page.get_by_text("Publish this version").click()
    page.get_by_label("Title", exact=True).fill("Welcome <all>")
    page.get_by_label("Note", exact=True).fill("Read this first.\nThen that.")
    page.get_by_label("Path of the published notebook").fill("cards/a.ipynb")
    press(page, "Publish")
    expect(page.get_by_role("status").first).to_contain_text("Published.")
    page.goto(shelf)
    expect(page.locator(".book .note")).to_have_text("Read this first.")
    picture = page.locator(".book img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    page.get_by_role("link", name="Welcome <all>").click()
    page.get_by_text("Unpublish", exact=True).click()
    press(page, "Unpublish a.ipynb")
    expect(page.get_by_role("status").first).to_contain_text("a.ipynb is unpublished.")
    expect(page.locator(".entry").first).to_contain_text("unpublished by")
    query = {"s3_bucket": "bookstore", "s3_key": "published/cards/a.ipynb"}
    clone = site.server.request("GET", "bookstore/clone", params=query)
    assert "a.ipynb was unpublished by" in clone.text
    page.goto(site.url("history", path="cards/a.ipynb", shelf="published"))
    page.locator("a.when").first.click()
    page.get_by_text("Publish this version again").click()
    expect(page.get_by_label("Title")).to_have_value("Welcome <all>")
    press(page, "Publish")
    page.goto(shelf)
    expect(page.get_by_role("link", name="Welcome <all>")).to_be_visible()


@on_both
def test_a_deleted_notebook_is_found_and_restored(site: Site, page: Page) -> None:
    page.goto(site.url())
    deleted = page.locator(".item", has_text=DELETED).last
    expect(deleted).to_contain_text("not on your server")
    link(deleted, "Restore")
    press(page, "Restore")
    expect(page.get_by_role("status").first).to_contain_text("was created again")
    assert (site.server.root / DELETED).is_file()


def test_a_renamed_notebook_keeps_its_history(site: Site, page: Page) -> None:
    site.server.save("before.ipynb", notebook("one"))
    site.wait_for_versions("before.ipynb", 1)
    renamed = site.server.request(
        "PATCH", "api/contents/before.ipynb", json={"path": "after.ipynb"}
    )
    assert renamed.ok, renamed.text
    site.wait_for_versions("after.ipynb", 1)
    moved = page.locator(".item", has_text="before.ipynb").last
    there = moved.get_by_role("link", name="after.ipynb", exact=True)

    def is_shown() -> bool:
        page.goto(site.url())
        return there.count() > 0

    # A listing of the shelf is shown again for a second.
    wait_for(is_shown, what="where the notebook is now", every=0.5)
    link(moved, "after.ipynb")
    expect(page.get_by_text("Renamed or moved from before.ipynb")).to_be_visible()
    expect(page.locator(".entry")).to_have_count(2)


@on_both
def test_the_file_as_it_is_now_is_compared(site: Site, page: Page) -> None:
    path = "changed.ipynb"
    site.server.save(path, report(1))
    site.wait_for_versions(path, 1)
    (site.server.root / path).write_text(json.dumps(report(2)))
    page.goto(site.url("history", path=path))
    link(page, "Compare the newest version with the current file")
    expect(page.get_by_text("The file on your server")).to_be_visible()
    expect(page.locator(".cell").first).to_be_visible()


def test_images_are_compared_by_swiping_and_laid_over_each_other(
    site: Site, page: Page
) -> None:
    path = f"plots of {site.server.base_url.strip('/').replace('/', ' ')}.ipynb"
    for hours, colour in enumerate(("red", "blue"), 1):
        at = site.library.now + timedelta(hours=hours)
        site.library.save(path, at, content=plotted(colour))
    page.goto(site.url("diff", path=path))
    before, after = page.locator(".pictures img").all()
    expect(before).to_be_in_viewport()
    assert before.bounding_box() != after.bounding_box()
    share = page.get_by_role("slider", name="How much of the image after is shown")
    expect(share).to_be_hidden()
    press(page, "Swipe")
    share.fill("25")
    expect(share).to_have_attribute("aria-valuetext", "25 % after")
    expect(after).to_have_css("clip-path", "inset(0px 75% 0px 0px)")
    assert before.bounding_box() == after.bounding_box()
    press(page, "Overlay")
    share.press("ArrowRight")
    expect(after).to_have_css("opacity", "0.26")
    press(page, "Side by side")
    expect(after).to_have_css("opacity", "1")
