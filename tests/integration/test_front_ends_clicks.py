"""How many clicks things take, as docs/notebook.md says, in a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FrontEnd, one_of_each_kind
from harness.open_notebook import act, mark, opened, rows, saved, tool

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

DOCS = Path(__file__).parents[2] / "docs" / "notebook.md"
HISTORY, PUBLISH = "History of this notebook", "Publish and share this notebook"
COUNT = """() => {
  window.clicks = 0;
  const add = (event) => { if (event.isTrusted) window.clicks += 1; };
  window.addEventListener("click", add, true);
}"""


def documented() -> dict[str, int]:
    found = re.findall(r"^\| ([^|]+) \| [^|]+ \| (\d) \|$", DOCS.read_text(), re.M)
    return {what: int(clicks) for what, clicks in found}


def clicks(page: Page) -> int:
    counted: int = page.evaluate("window.clicks")
    return counted


@one_of_each_kind
def test_things_take_as_many_clicks_as_documented(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        for source in ("first", "second"):
            server.save("note.ipynb", saved(source))
        with opened(browser, front, server) as page:
            page.evaluate(COUNT)
            expect(mark(page)).to_have_text("Archived")
            assert clicks(page) == documented()["see the state of saves"] == 0
            tool(page, HISTORY).click()
            expect(rows(page)).to_have_count(2)
            assert clicks(page) == documented()["see the history"] == 1
            act(page, 1, "Restore")
            done = page.locator(".bookstore-notice", has_text="is restored")
            expect(done).to_be_visible()
            assert clicks(page) == documented()["restore a version"] == 2
            page.keyboard.press("Escape")
            dialog = page.get_by_role("dialog", name="Publish this notebook")
            copy = dialog.get_by_role("button", name="Copy link to this version")
            publish = dialog.get_by_role("button", name="Publish", exact=True)
            for what, button, then in (
                ("get a link to what is open", copy, "Copied"),
                ("publish", publish, "It is published."),
            ):
                page.evaluate("window.clicks = 0")
                tool(page, PUBLISH).click()
                button.click()
                expect(dialog).to_contain_text(then)
                assert clicks(page) == documented()[what] == 2
                page.keyboard.press("Escape")
