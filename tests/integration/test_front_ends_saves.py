"""What notebooks show of the state of saves, on the four front ends, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.fault_proxy import Fault, FaultProxy
from harness.front_ends import (
    FRONT_ENDS,
    FrontEnd,
    one_of_each_kind,
    other_of_each_kind,
)
from harness.open_notebook import (
    act,
    grave_problems,
    mark,
    opened,
    rows,
    saved,
    tip,
    tool,
)
from harness.s3_server import S3Server, s3_traits

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

HISTORY, PUBLISH = "History of this notebook", "Publish and share this notebook"

#: Where the part of classic with the notebook ends.
SITE_ENDS = "document.querySelector('#site').getBoundingClientRect().bottom"
QUESTION = ".modal-dialog, .jp-Dialog-content"


def warnings(page: Page) -> Locator:
    """The messages about saves, as each front end shows messages."""
    sentence = "Saves are not reaching the store since"
    return page.locator(".bookstore-warning, .Toastify__toast", has_text=sentence)


def change(front: FrontEnd, page: Page) -> None:
    front.type(page, "# changed\n")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.keyboard.press("Control+s")


@other_of_each_kind
def test_mark_says_whether_saves_reach_the_store(
    front: FrontEnd, home: Path, browser: Browser, s3_server: S3Server, bucket: str
) -> None:
    with FaultProxy(s3_server.url) as proxy:
        config = settings_lines(**s3_traits(proxy.url, bucket), late_after=1.0)
        with front.server(home, config) as server:
            server.save("note.ipynb", saved("1"))
            with opened(browser, front, server) as page:
                expect(mark(page)).to_have_text("Archived")
                mark(page).hover()
                expect(tip(page)).to_contain_text("Archived at ")
                proxy.fault = Fault("refuse")
                change(front, page)
                expect(mark(page)).to_have_text("Not in the store")
                mark(page).focus()
                expect(tip(page)).to_contain_text("Not reaching the store since ")
                expect(tip(page)).to_contain_text("cannot be used now")
                # One message for one cause, however many saves.
                expect(warnings(page)).to_have_count(1)
                change(front, page)
                change(front, page)
                assert grave_problems(page) == []
                expect(warnings(page)).to_have_count(1)
                if front.is_classic:  # the notebook ends where the window does
                    assert page.evaluate(SITE_ENDS) <= page.evaluate("innerHeight") + 1
                tool(page, HISTORY).click()
                waits = page.locator(".bookstore-waits")
                expect(waits).to_contain_text("Not reaching the store")
                expect(waits.get_by_role("button", name="Try now")).to_be_visible()
                assert grave_problems(page) == []
                page.keyboard.press("Escape")
                proxy.heal()
                warnings(page).get_by_role("button", name="Try now").click()
                expect(mark(page)).to_have_text("Archived")
                expect(warnings(page)).to_have_count(0)


def test_message_stays_while_a_notebook_waits_and_others_do_not(
    home: Path, browser: Browser, s3_server: S3Server, bucket: str
) -> None:
    front = FRONT_ENDS["lab"]
    with FaultProxy(s3_server.url) as proxy:
        config = settings_lines(**s3_traits(proxy.url, bucket), late_after=1.0)
        with front.server(home, config) as server:
            server.save("note.ipynb", saved("1"))
            server.save("stored.ipynb", saved("1"))
            with opened(browser, front, server) as page:
                expect(mark(page)).to_have_text("Archived")
                proxy.fault = Fault("refuse")
                change(front, page)
                expect(warnings(page)).to_have_count(1)
                warnings(page).evaluate("node => { node.dataset.first = '1' }")
                page.get_by_text("stored.ipynb", exact=True).dblclick()
                other = page.locator(".jp-Toolbar .bookstore-mark", has_text="Archived")
                expect(other).to_have_count(1)
                page.wait_for_timeout(500)  # the time in which a message goes away
                expect(warnings(page)).to_have_attribute("data-first", "1")


@pytest.mark.parametrize(
    ("name", "verb"),
    [("classic", "Restore"), ("notebook", "Compare")],
)
def test_people_can_say_what_to_do_about_a_changed_file_before_anything_is_done(
    name: str, verb: str, home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS[name]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            front.type(page, "# typed\n")
            server.save("note.ipynb", saved("elsewhere"))
            tool(page, HISTORY).click()
            changes = rows(page).first.locator(".bookstore-changes")
            expect(changes).to_have_text("1 cell changed")
            act(page, 1, verb)
            question = page.locator(QUESTION, has_text="changed on disk")
            question.get_by_role("button", name="Cancel").click()
            content = server.read("note.ipynb")["content"]
            assert content["cells"][0]["source"] == "elsewhere"
            expect(front.cells(page).first).to_contain_text("# typed")


@one_of_each_kind
def test_buttons_are_there_with_nothing_configured_and_for_the_keyboard(
    front: FrontEnd, home: Path, browser: Browser
) -> None:
    with front.server(home, "") as server:
        server.save("note.ipynb", saved("1"))
        with opened(browser, front, server) as page:
            history = tool(page, HISTORY)
            expect(history).to_be_visible()
            expect(mark(page)).to_be_hidden()
            history.focus()
            expect(tip(page)).to_contain_text("(Ctrl+Alt+H)")
            expect(tip(page)).to_contain_text("No store is configured")
            assert grave_problems(page) == []
            tool(page, PUBLISH).focus()
            page.keyboard.press("Shift+Tab")
            expect(history).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.locator(".bookstore-history")).to_contain_text(
                "No store is configured"
            )
            expect(rows(page)).to_have_count(0)


def test_state_of_saves_is_shown_where_the_toolbar_is_narrow(
    home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS["lab"]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("1"))
        with opened(browser, front, server) as page:
            status = page.locator("#jp-main-statusbar .bookstore-mark")
            expect(status).to_have_text("Archived")
            tool(page, HISTORY).click()
            rows(page).first.locator(".bookstore-open").click()
            expect(page.locator(".bookstore-preview")).to_be_visible()
            for name in (HISTORY, PUBLISH):
                expect(page.get_by_role("button", name=name).first).to_be_visible()
            status.hover()
            expect(tip(page)).to_contain_text("Archived at ")
            assert grave_problems(page) == []
