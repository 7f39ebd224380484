"""Versions seen and compared in the notebook, on the four front ends, in a browser."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FrontEnd, one_of_each_kind, other_of_each_kind
from harness.open_notebook import act, grave_problems, opened, rows, saved, tool
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

HOSTILE = (
    "<script>parent.document.title = 'taken'</script>"
    "<img src=x onerror=\"parent.document.title = 'taken'\">"
    "<b>harmless</b>"
)


def hostile(source: str) -> dict[str, Any]:
    model = saved(source)
    output = {"output_type": "display_data", "metadata": {}}
    model["cells"][0]["outputs"] = [{**output, "data": {"text/html": HOSTILE}}]
    output["data"] = {"text/plain": "long\n" * 41_000 + "the end of it"}
    long = {**model["cells"][0], "id": "long", "outputs": [output]}
    model["cells"].append(long)
    return model


def open_version(page: Page, number: int) -> None:
    rows(page).nth(number).locator(".bookstore-open").click()


def frame_of(page: Page) -> Frame:
    """Return the frame of the preview, once it has content."""
    element = page.locator(".bookstore-frame iframe")

    def loaded() -> bool:
        frame = element.element_handle().content_frame()
        return frame is not None and "/bookstore/" in frame.url

    wait_for(loaded, what="the preview")
    frame = element.element_handle().content_frame()
    assert frame is not None
    return frame


def check_that_it_follows_the_theme(page: Page) -> None:
    """Set the theme as JupyterLab does, and take it back."""
    page.emulate_media(color_scheme="null")  # what is emulated holds for frames, too
    theme = "(light) => { document.body.dataset.jpThemeLight = light; }"
    is_dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    for light in ("false", "true"):
        page.evaluate(theme, light)
        wait_for(
            lambda dark=light == "false": frame_of(page).evaluate(is_dark) is dark,
            what="the colours of the preview",
        )


def sent(page: Page, call: str) -> list[str]:
    """Return the addresses of what is sent to the server from now on, for one call."""
    found: list[str] = []
    page.on("request", lambda asked: call in asked.url and found.append(asked.url))
    return found


@one_of_each_kind
def test_a_version_is_seen_compared_and_restored_from_its_preview(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config, base_url="/user/ann/") as server:
        for model in (hostile("first"), saved("second"), saved("third")):
            server.save("note.ipynb", model)
        with opened(browser, front, server) as page:
            title = page.title()
            tool(page, "History of this notebook").click()
            expect(rows(page)).to_have_count(3)
            open_version(page, 2)
            shown = page.locator(".bookstore-frame iframe").content_frame
            expect(shown.locator("main")).to_contain_text("harmless")
            # What is too long for the beginning comes when it is scrolled to.
            shown.locator(".later").scroll_into_view_if_needed()
            expect(shown.locator("main")).to_contain_text("the end of it")
            # Nothing of the notebook runs with our origin.
            assert frame_of(page).evaluate("self.origin") == "null"
            assert page.title() == title
            check_that_it_follows_the_theme(page)
            chosen = page.locator(".bookstore-open[aria-current]")
            expect(chosen).to_have_count(1)
            assert grave_problems(page) == []
            for key, source in (("k", "second"), ("ArrowUp", "third"), ("j", "second")):
                page.keyboard.press(key)
                expect(shown.locator("main")).to_contain_text(source)
            page.keyboard.press("Escape")
            expect(page.locator(".bookstore-preview")).to_be_hidden()
            expect(chosen).to_have_count(0)
            open_version(page, 1)
            page.get_by_role("button", name="Older", exact=True).click()
            expect(shown.locator("main")).to_contain_text("first")
            page.get_by_role("button", name="Compare with what is open").click()
            expect(shown.locator("h1")).to_have_text("What changed")
            expect(shown.locator(".crumbs")).to_be_hidden()
            # The page would restore below what is open.
            expect(shown.get_by_role("link", name="Restore")).to_have_count(0)
            restores = sent(page, "restore")
            preview = page.locator(".bookstore-preview")
            preview.get_by_role("button", name="Restore", exact=True).dblclick()
            notice = page.locator(".bookstore-notice")
            expect(notice).to_contain_text("is restored")
            expect(front.cells(page).first).to_contain_text("first")
            expect(notice.get_by_role("button", name="Undo")).to_be_enabled()
            assert len(restores) == 1


@other_of_each_kind
def test_what_is_typed_is_saved_before_it_is_compared(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("first"))
        with opened(browser, front, server) as page:
            front.type(page, "# typed\n")
            tool(page, "History of this notebook").click()
            expect(rows(page)).to_have_count(1)
            act(page, 0, "Compare")
            shown = page.locator(".bookstore-frame iframe").content_frame
            expect(shown.locator("main")).to_contain_text("# typed")
            # It is a version as well.
            expect(rows(page)).to_have_count(2)
