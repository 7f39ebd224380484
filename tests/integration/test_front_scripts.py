"""The scripts of the front ends in a page alone: late answers, focus, copied links."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

import bookstore_web
from harness.browsing import CHROMIUM, open_page

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

FRONT = Path(bookstore_web.__file__).parent / "front"
#: Not secure, so that browsers offer no clipboard, as on many servers.
ORIGIN = "http://front.test"
EMPTY = (
    "<!doctype html><html lang=en><title>front</title>"
    "<link rel=stylesheet href=/shared/style.css><main></main>"
)
COUNT = 30


def serve(route: Route) -> None:
    """Answer a request for a file of ours."""
    path = urlsplit(route.request.url).path
    if path == "/":
        route.fulfill(body=EMPTY, content_type="text/html")
    elif (FRONT / path[1:]).is_file():
        kind = "text/css" if path.endswith(".css") else "text/javascript"
        route.fulfill(body=(FRONT / path[1:]).read_bytes(), content_type=kind)
    else:
        route.fulfill(status=404)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser, refusals=True) as page:
        page.route(f"{ORIGIN}/**", serve)
        page.route("**/save-state?*", lambda route: route.fulfill(json=STORED))
        page.route("**/api/bookstore/diff?*", lambda route: route.fulfill(json=SAME))
        page.goto(f"{ORIGIN}/")
        yield page


STORED = {"state": "stored", "saved_at": None, "since": None, "late": False}
SAME = {"summary": {"sentence": "no changes"}}
LINKS = {"url": f"{ORIGIN}/one", "newest_url": f"{ORIGIN}/newest", "public": True}


def version(number: int, **more: Any) -> dict[str, Any]:
    moment = f"2026-11-{1 + number // 24:02}T{number % 24:02}:00:00+00:00"
    known = {"version_id": f"v{number}", "path": "a.ipynb", "saved_at": moment}
    facts = {"author": "ann", "label": None, "deleted": False, "is_latest": False}
    return {**known, **facts, "moved_from": "", "restored_from": "", **more}


def answer_versions(page: Page, *numbers: int) -> None:
    found = [version(number) for number in numbers]
    body = {"path": "a.ipynb", "versions": found, "cursor": None, "earlier": None}
    page.route("**/versions?*", lambda route: route.fulfill(json=body))


def show_list(page: Page, actions: str = "{}") -> None:
    """Show the list of versions of a notebook."""
    page.evaluate(
        """async (actions) => {
          const { HistoryList } = await import("/shared/history.js");
          const { BookstoreApi } = await import("/shared/api.js");
          const calls = { busy() {}, show() {}, ...(0, eval)(`(${actions})`) };
          window.list = new HistoryList(new BookstoreApi("/"), calls);
          document.querySelector("main").append(list.node);
          list.node.style.height = "400px";
          await list.show("a.ipynb");
        }""",
        actions,
    )


def rows(page: Page) -> Locator:
    return page.locator(".bookstore-version")


def control(page: Page, number: int, name: str) -> Locator:
    """A control of a row, which is there while the row has the focus."""
    rows(page).nth(number).locator(".bookstore-open").focus()
    return rows(page).nth(number).get_by_role("button", name=name)


def test_what_was_done_with_a_row_far_down_is_in_sight(page: Page) -> None:
    answer_versions(page, *reversed(range(COUNT)))
    page.route("**/link?*", lambda route: route.fulfill(json=LINKS))
    show_list(page)
    control(page, COUNT - 1, "Link").click()
    expect(page.get_by_label("Link to this version", exact=True)).to_be_in_viewport()
    expect(page.locator(".bookstore-notice")).to_be_in_viewport(ratio=1)


def test_a_link_is_copied_where_browsers_offer_no_clipboard(page: Page) -> None:
    answer_versions(page, 1)
    page.route("**/link?*", lambda route: route.fulfill(json=LINKS))
    show_list(page)
    control(page, 0, "Link").click()
    expect(page.locator(".bookstore-notice")).to_contain_text("Copied")
    page.evaluate(
        "document.querySelector('main').append(document.createElement('textarea'))"
    )
    page.locator("main > textarea").press("Control+v")
    expect(page.locator("main > textarea")).to_have_value(LINKS["url"])


def test_a_link_that_cannot_be_copied_says_how_to_copy_it(page: Page) -> None:
    answer_versions(page, 1)
    page.route("**/link?*", lambda route: route.fulfill(json=LINKS))
    page.evaluate("document.execCommand = () => false")
    show_list(page)
    control(page, 0, "Link").click()
    button = page.get_by_role("button", name="Copy link to this version")
    expect(button).to_have_text("Copy")
    button.click()
    expect(button).to_have_text("Press Ctrl+C")
    field = page.get_by_label("Link to this version", exact=True)
    expect(field).to_be_focused()


def test_the_focus_stays_on_a_control_when_a_save_arrives(page: Page) -> None:
    answer_versions(page, 2, 1)
    show_list(page)
    control(page, 1, "Restore").focus()
    answer_versions(page, 3, 2, 1)
    page.evaluate("list.refresh()")
    expect(rows(page)).to_have_count(3)
    focused = rows(page).nth(2).get_by_role("button", name="Restore")
    expect(focused).to_be_focused()


def test_the_focus_stays_in_the_list_when_its_button_goes_away(page: Page) -> None:
    answer_versions(page, 1)
    show_list(page)
    page.evaluate("list.notify('Done.', () => list.notify('Undone.'))")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".bookstore-notice")).to_have_text("Undone.")
    expect(page.locator(".bookstore-history")).to_be_focused()


def test_older_versions_take_the_focus_from_their_button(page: Page) -> None:
    def answer(route: Route) -> None:
        older = "cursor=" in route.request.url
        found = [version(1)] if older else [version(3), version(2)]
        known = {"versions": found, "cursor": None if older else "c"}
        route.fulfill(json={"path": "a.ipynb", "earlier": None, **known})

    page.route("**/versions?*", answer)
    show_list(page)
    page.get_by_role("button", name="Older versions").press("Enter")
    expect(rows(page).nth(2).locator(".bookstore-open")).to_be_focused()


def test_a_failure_is_said_of_the_notebook_that_it_is_about(page: Page) -> None:
    answer_versions(page, 1)
    fail = "new Promise((_, reject) => { window.reject = reject; })"
    show_list(page, f"{{ restore: () => {fail} }}")
    control(page, 0, "Restore").click()
    page.evaluate("list.show('b.ipynb')")
    page.evaluate("window.reject(new Error('It is gone.'))")
    notice = page.locator(".bookstore-notice")
    expect(notice).to_have_text("a.ipynb: It is gone.")


def test_links_of_another_notebook_are_not_shown(page: Page) -> None:
    answer_versions(page, 1)
    held: list[Route] = []
    page.route("**/link?*", lambda route: held.append(route))
    show_list(page)
    with page.expect_request("**/link?*"):
        control(page, 0, "Link").click()
    page.evaluate("list.show('b.ipynb')")
    held[0].fulfill(json=LINKS)
    page.wait_for_function("!list.isBusy")
    expect(page.locator(".bookstore-link")).to_have_count(0)


def test_an_answer_that_is_no_json_is_not_waited_for(page: Page) -> None:
    login = "<!doctype html><title>Log in</title>"
    page.route("**/versions?*", lambda route: route.fulfill(body=login))
    show_list(page)
    status = page.locator(".bookstore-status")
    expect(status).to_contain_text("Reload this page")
    expect(status.get_by_role("button", name="Try again")).to_be_visible()


def test_the_focus_stays_in_the_question_whether_to_unpublish(page: Page) -> None:
    answer_versions(page, 1)
    links = {**LINKS, "mine": True}
    page.route("**/link?*", lambda route: route.fulfill(json=links))
    page.evaluate(
        """async () => {
          const { showPublish } = await import("/shared/publish.js");
          const { BookstoreApi } = await import("/shared/api.js");
          const notebook = { path: "a.ipynb", save() {}, content() {} };
          await showPublish(new BookstoreApi("/"), notebook);
        }"""
    )
    page.get_by_role("button", name="Unpublish…").press("Enter")
    question = page.get_by_role("status").filter(has_text="Keep it")
    expect(question).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unpublish it")).to_be_focused()
    page.get_by_role("button", name="Keep it").press("Enter")
    expect(page.get_by_role("button", name="Unpublish…")).to_be_visible()
    there = page.get_by_role("status").filter(has_text="was published here")
    expect(there).to_be_focused()


def show_preview(page: Page) -> None:
    """Compare a version with what is open, whose save is not done yet."""
    page.route("**/bookstore/view/content?*", lambda route: route.fulfill(body="two"))
    page.evaluate(
        """async ([one]) => {
          const { Preview } = await import("/shared/preview.js");
          const { BookstoreApi } = await import("/shared/api.js");
          const save = () => new Promise((done, reject) => { window.reject = reject; });
          const calls = { path: () => "a.ipynb", save };
          window.preview = new Preview(new BookstoreApi("/"), calls);
          document.querySelector("main").append(preview.node);
          preview.body.append("an older version");
          preview.show(one, true);
        }""",
        [version(1)],
    )


def test_a_preview_shows_nothing_of_another_version_while_it_loads(page: Page) -> None:
    show_preview(page)
    expect(page.locator(".bookstore-frame")).to_have_text("Loading…")


def test_a_save_that_fails_late_does_not_replace_another_version(page: Page) -> None:
    show_preview(page)
    page.evaluate("one => preview.show(one)", version(2))
    shown = page.frame_locator(".bookstore-frame iframe").locator("body")
    expect(shown).to_have_text("two")
    page.evaluate("window.reject(new Error('It is not saved.'))")
    page.evaluate("Promise.resolve()")
    expect(shown).to_have_text("two")
    expect(page.get_by_text("It is not saved.")).to_have_count(0)


def test_a_mark_of_a_closed_notebook_asks_no_more(page: Page) -> None:
    held: list[Route] = []
    page.route("**/save-state?*", lambda route: held.append(route))
    page.clock.install()
    with page.expect_request("**/save-state?*"):
        page.evaluate(
            """async () => {
              const { SaveMark } = await import("/shared/mark.js");
              const { BookstoreApi } = await import("/shared/api.js");
              window.said = [];
              const notify = (text) => said.push(text);
              const calls = { notify, arrived() {}, open() {} };
              window.mark = new SaveMark(new BookstoreApi("/"), () => "a.ipynb", calls);
              window.asked = mark.ask();
            }"""
        )
    page.evaluate("mark.dispose()")
    late = {"state": "waiting", "late": True, "reason": "It is away."}
    held[0].fulfill(json={**STORED, **late})
    page.evaluate("asked")
    page.clock.run_for(60_000)
    assert len(held) == 1
    assert page.evaluate("said") == []


def test_actions_of_rows_are_there_where_nothing_can_be_pointed_at(
    browser: Browser,
) -> None:
    context = browser.new_context(has_touch=True, is_mobile=True)
    page = context.new_page()
    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    answer_versions(page, 2, 1)
    show_list(page)
    for number in range(2):
        restore = rows(page).nth(number).get_by_role("button", name="Restore")
        expect(restore).to_be_visible()


def test_a_history_that_cannot_be_loaded_says_so_and_is_tried_again(page: Page) -> None:
    page.route("**/lab/panel.js", lambda route: route.abort())
    page.evaluate(
        """async () => {
          const { Sidebar } = await import("/lab/sidebar.js");
          const { BookstoreApi } = await import("/shared/api.js");
          class Widget {
            node = document.querySelector("main");
            title = {};
            isVisible = true;
          }
          const app = { shell: { add() {} } };
          const front = { app, api: new BookstoreApi("/"), widgets: { Widget } };
          window.sidebar = new Sidebar(front, { current: null });
          await sidebar.follow();
        }"""
    )
    said = page.get_by_role("alert")
    expect(said).to_contain_text("could not be loaded")
    page.unroute("**/lab/panel.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Open a notebook to see its versions.")).to_be_visible()


def test_a_dialog_that_cannot_be_loaded_is_said(page: Page) -> None:
    page.route("**/shared/publish.js", lambda route: route.abort())
    said = page.evaluate(
        """async () => {
          const { addCommands } = await import("/lab/commands.js");
          const known = {}, said = [];
          const commands = {
            addCommand: (name, given) => { known[name] = given; },
            addKeyBinding() {},
          };
          const app = { commands, contextMenu: { addItem() {} } };
          const apputils = { Notification: { error: (text) => said.push(text) } };
          const documents = { current: {} };
          addCommands({ app, apputils }, { documents });
          await known["bookstore:publish"].execute();
          return said;
        }"""
    )
    assert len(said) == 1
    assert "could not be loaded" in said[0]
