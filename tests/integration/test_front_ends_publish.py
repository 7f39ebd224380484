"""Publishing and sharing from the notebook, on the four front ends, in a browser."""

import os
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from bookstore_core.authors import author
from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import (
    FRONT_ENDS,
    FrontEnd,
    one_of_each_kind,
    other_of_each_kind,
)
from harness.notebook_server import TOKEN, NotebookServer
from harness.open_notebook import act, grave_problems, opened, rows, saved, tool

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

PUBLISH = "Publish and share this notebook"
TITLE, NOTE = "Sales in June", "With the last week."
UNSAVED = "The notebook is not saved"
#: As a kernel changes the notebook that is ready only when a save has been answered.
CHANGED_ONCE = """() => Jupyter.notebook.events.one(
    "notebook_saved.Notebook", () => Jupyter.notebook.set_dirty(true))"""


def copied(page: Page) -> str:
    """Return the text that was copied."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def open_as_another(browser: Browser, link: str) -> Page:
    """Open a link as somebody who must log in first."""
    other = browser.new_context().new_page()
    other.goto(link)
    other.locator("#password_input").fill(TOKEN)
    other.locator("#login_submit").click()
    return other


@one_of_each_kind
def test_publishing_gives_links_and_can_be_taken_back(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            front.type(page, "# typed\n")
            tool(page, PUBLISH).click()
            dialog = page.get_by_role("dialog", name="Publish this notebook")
            expect(dialog.get_by_label("Title")).to_have_value("note")
            dialog.get_by_label("Title").fill(TITLE)
            dialog.get_by_label("Note").fill(NOTE)
            dialog.get_by_role("button", name="Publish", exact=True).click()
            expect(dialog).to_contain_text("It is published.")
            said = f"“Sales in June” was published here by {author()} on "
            expect(dialog).to_contain_text(said)
            assert grave_problems(page) == []
            links = dialog.locator(".bookstore-link input")
            pinned, newest = (link.input_value() for link in links.all())
            for link in (pinned, newest):
                other = open_as_another(browser, link)
                expect(other.locator("h1")).to_be_visible()
                expect(other.locator("main")).to_contain_text("published/note.ipynb")
                other.context.close()
            query = {"path": "note.ipynb", "shelf": "published"}
            listed = server.request("GET", "api/bookstore/versions", params=query)
            newest = listed.json()["versions"][0]
            assert (newest["title"], newest["note"]) == (TITLE, NOTE)
            dialog.get_by_role("button", name="Unpublish").click()
            expect(dialog).to_contain_text("takes the notebook off the published shelf")
            dialog.get_by_role("button", name="Unpublish it").click()
            expect(dialog).to_contain_text("was unpublished by ")
            expect(
                dialog.get_by_role("button", name="Publish", exact=True)
            ).to_be_enabled()
    assert "# typed" in (server.root / "note.ipynb").read_text()


@other_of_each_kind
def test_a_link_to_what_is_open_is_two_clicks_away(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            front.type(page, "# typed\n")
            if front.is_classic:
                page.evaluate(CHANGED_ONCE)
            tool(page, PUBLISH).click()
            dialog = page.get_by_role("dialog", name="Publish this notebook")
            dialog.get_by_role("button", name="Copy link to this version").click()
            assert "s3_version_id=" in copied(page)
            name = "Copy link that always opens the newest"
            dialog.get_by_role("button", name=name).click()
            assert "s3_version_id=" not in copied(page)
            other = open_as_another(browser, copied(page))
            expect(other.locator("h1")).to_contain_text("note.ipynb")
            other.context.close()
            dialog.get_by_role("button", name="Close").click()
            tool(page, "History of this notebook").click()
            # What was typed was saved before the links were made.
            expect(rows(page).nth(1)).to_be_visible()
            act(page, 1, "Link")
            expect(page.locator(".bookstore-notice")).to_contain_text("Copied")
            assert "s3_version_id=" in copied(page)


@one_of_each_kind
def test_a_question_about_the_file_is_answered_before_the_links(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            server.save("note.ipynb", saved("other"))
            touched = time.time() + 60
            os.utime(server.root / "note.ipynb", (touched, touched))
            front.type(page, "# typed\n")
            for answer, said in (("Cancel", UNSAVED), ("Overwrite", "Copy")):
                tool(page, PUBLISH).click()
                page.get_by_role("button", name=answer).locator("visible=true").click()
                dialog = page.get_by_role("dialog", name="Publish this notebook")
                expect(dialog).to_contain_text(said)
                dialog.get_by_role("button", name="Close").click()
    assert "# typed" in (server.root / "note.ipynb").read_text()


def test_what_is_published_there_is_shown_before_it_is_replaced(
    home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS["notebook"]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        model = {"type": "notebook", "content": saved("taken"), "title": TITLE}
        route = "api/bookstore/published/taken.ipynb"
        server.request("PUT", route, json={**model, "note": NOTE})
        with opened(browser, front, server) as page:
            tool(page, PUBLISH).click()
            dialog = page.get_by_role("dialog", name="Publish this notebook")
            path = dialog.get_by_label("Published as")
            send = dialog.locator("button[type=submit]")
            path.fill("taken")
            send.click()
            expect(dialog).to_contain_text("end the path with .ipynb")
            path.fill("taken.ipynb")
            send.dblclick()
            expect(send).to_have_text("Publish again")
            expect(dialog.get_by_label("Title")).to_have_value(TITLE)
            expect(dialog.get_by_label("Note")).to_have_value(NOTE)
            assert versions(server) == 1
            send.dblclick()
            expect(dialog).to_contain_text("It is published.")
            assert versions(server) == 2
            path.fill("free.ipynb")
            expect(dialog).not_to_contain_text("It is published.")


def versions(server: NotebookServer) -> int:
    """Return how many versions of taken.ipynb are published."""
    query = {"path": "taken.ipynb", "shelf": "published"}
    listed = server.request("GET", "api/bookstore/versions", params=query)
    return len(listed.json()["versions"])
