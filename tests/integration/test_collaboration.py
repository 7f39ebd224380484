"""Our extension in JupyterLab with notebooks that several people edit at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import COLLABORATION
from harness.notebook_server import NotebookServer
from harness.open_notebook import act, mark, name_version, opened, rows, saved
from harness.versions import first_source
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]


@pytest.fixture(params=[1, 0], ids=["polling", "not polling"])
def poll(request: pytest.FixtureRequest) -> float:
    """Seconds after which the server looks for changes of the file; 0 for never."""
    return float(request.param)


@pytest.fixture
def server(home: Path, tmp_path: Path, poll: float) -> Iterator[NotebookServer]:
    """A server with two versions of a notebook."""
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    config += f"c.YDocExtension.file_poll_interval = {poll}\n"
    with COLLABORATION.server(home, config) as server:
        for source in ("first", "second"):
            server.save("note.ipynb", saved(source))
        yield server


def archived(tmp_path: Path) -> list[str]:
    """Return the first cells of the notebook's versions, oldest first."""
    folder = tmp_path / "store/bookstore/workspace/note.ipynb.versions"
    return [first_source(file.read_bytes()) for file in sorted(folder.glob("*.ipynb"))]


def show_history(page: Page) -> None:
    mark(page).click()
    expect(rows(page).nth(1)).to_be_visible()


def restore_the_oldest(page: Page) -> Locator:
    """Restore the version at the end of the list; return what is said about it."""
    act(page, rows(page).count() - 1, "Restore")
    notice = page.locator(".bookstore-notice")
    expect(notice).to_contain_text("is restored")
    return notice


def shows(page: Page, source: str, *, never: str) -> None:
    cell = COLLABORATION.cells(page).first
    expect(cell).to_contain_text(source)
    expect(cell).not_to_contain_text(never)


@pytest.mark.parametrize("poll", [1])
def test_saves_of_the_room_are_archived_and_the_mark_says_so(
    server: NotebookServer, browser: Browser, tmp_path: Path
) -> None:
    with opened(browser, COLLABORATION, server) as page:
        expect(mark(page)).to_have_text("Archived")
        show_history(page)
        before = rows(page).count()
        # Nobody saves: the room does.
        COLLABORATION.type(page, "# typed\n")
        wait_for(lambda: "# typed\nsecond" in archived(tmp_path), what="a version")
        expect(rows(page).nth(before)).to_be_visible()
        expect(mark(page)).to_have_text("Archived")


def test_restore_is_shown_to_all_and_stays(
    server: NotebookServer, browser: Browser, tmp_path: Path
) -> None:
    with (
        opened(browser, COLLABORATION, server) as other,
        opened(browser, COLLABORATION, server) as page,
    ):
        shows(other, "second", never="first")
        COLLABORATION.type(page, "# typed\n")
        show_history(page)
        notice = restore_the_oldest(page)
        for one in (page, other):
            shows(one, "first", never="typed")
        COLLABORATION.type(other, "# more\n")
        wait_for(lambda: archived(tmp_path)[-1] == "# more\nfirst", what="a version")
        # What was typed before is a version, too, and none of it comes back. The room
        # may save again what is restored, and what a slow browser has typed so far.
        versions = archived(tmp_path)
        restored = versions[versions.index("# typed\nsecond") + 1 :]
        assert restored[0] == "first"
        steps = ["# more\n"[:typed] + "first" for typed in range(8)]
        assert restored == sorted(restored, key=steps.index)
        notice.get_by_role("button", name="Undo").click()
        expect(notice).to_contain_text("Undone")
        for one in (page, other):
            shows(one, "# typed", never="first")


@pytest.mark.parametrize("poll", [0])
def test_nobody_is_asked_about_a_changed_file_after_a_restore(
    server: NotebookServer, browser: Browser, tmp_path: Path
) -> None:
    with (
        opened(browser, COLLABORATION, server) as other,
        opened(browser, COLLABORATION, server) as page,
    ):
        show_history(page)
        restore_the_oldest(page)
        for one in (page, other):
            shows(one, "first", never="second")
        for number, one in enumerate((other, page)):
            COLLABORATION.type(one, f"# {number}\n")
            one.keyboard.press("Control+s")
            wait_for(
                lambda n=number: archived(tmp_path)[-1].startswith(f"# {n}\n"),
                what="the save",
            )
            expect(one.locator(".jp-Dialog")).to_have_count(0)


@pytest.mark.parametrize("poll", [1])
def test_names_and_renames_are_as_in_notebooks_of_one_person(
    server: NotebookServer, browser: Browser
) -> None:
    with opened(browser, COLLABORATION, server) as page:
        show_history(page)
        name_version(page, rows(page).count() - 1, "the first")
        expect(rows(page).last).to_contain_text("the first")
        COLLABORATION.choose(page, "Rename Notebook")
        page.locator(".jp-Dialog input").fill("renamed.ipynb")
        page.locator(".jp-Dialog .jp-mod-accept").click()
        panel = page.locator(".bookstore-history")
        expect(panel).to_contain_text("renamed.ipynb")
        expect(rows(page).last).to_contain_text("the first")
        COLLABORATION.type(page, "# typed\n")
        restore_the_oldest(page)
        shows(page, "first", never="typed")
    assert first_source((server.root / "renamed.ipynb").read_bytes()) == "first"
