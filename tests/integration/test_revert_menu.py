"""File > Revert to Checkpoint, in the classic notebook's own menu, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import TOKEN, NotebookServer, notebook
from harness.open_notebook import kernels_are_idle
from harness.versions import first_source, spool_is_empty
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

CLASS = 'c.ContentsManager.checkpoints_class = "bookstore.BookstoreCheckpoints"\n'


def revert_to_the_oldest(page: Page) -> None:
    page.locator("#filelink").click()
    page.locator("#restore_checkpoint > a").hover()
    items = page.locator("#restore_checkpoint ul li a")
    expect(items).to_have_count(3)
    items.first.click()
    page.locator(".modal-footer .btn-danger").click()


def test_menu_lists_versions_and_reverts_to_one(
    tmp_path: Path, home: Path, browser: Browser
) -> None:
    config = (
        CLASS
        + settings_lines(storage="local", local_root=str(tmp_path / "store"))
        + extension_lines("bookstore_archiver")
    )
    with NotebookServer("classic", home, config=config) as server:
        for source in ("first", "second", "third"):
            server.save("note.ipynb", notebook(source))
        wait_for(lambda: spool_is_empty(home), what="an empty spool")
    with NotebookServer("classic", home, config=config) as server:
        page = browser.new_page()
        page.goto(f"{server.url}/notebooks/note.ipynb?token={TOKEN}")
        cell = page.locator(".code_cell .CodeMirror-code").first
        expect(cell).to_contain_text("third")
        revert_to_the_oldest(page)
        expect(cell).to_contain_text("first")
        assert first_source((server.root / "note.ipynb").read_bytes()) == "first"
        wait_for(lambda: kernels_are_idle(server), what="the kernel", every=0.2)
    folder = tmp_path / "store/bookstore/workspace/note.ipynb.versions"
    kept = [first_source(file.read_bytes()) for file in sorted(folder.glob("*.ipynb"))]
    assert kept == ["first", "second", "third", "first"]
