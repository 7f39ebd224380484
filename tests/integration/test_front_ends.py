"""Our extensions of JupyterLab, Notebook 7, nbclassic and classic, in a browser."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from core.saving import save
from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FRONT_ENDS, FrontEnd
from harness.library import Library
from harness.open_notebook import (
    act,
    grave_problems,
    mark,
    opened,
    rows,
    saved,
)
from harness.versions import first_source
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]


@pytest.mark.parametrize("name", ["classic", "nbclassic"])
def test_header_shows_the_newest_checkpoint_and_the_menu_shows_seconds(
    name: str, home: Path, browser: Browser, tmp_path: Path
) -> None:
    front, root = FRONT_ENDS[name], str(tmp_path / "store")
    store = open_store(BookstoreSettings(storage="local", local_root=root))
    last_year = datetime.now(UTC) - timedelta(days=400)
    save(store, b"{}", key="workspace/note.ipynb", saved_at=last_year)
    checkpoints = (
        'c.ContentsManager.checkpoints_class = "bookstore.BookstoreCheckpoints"\n'
    )
    config = settings_lines(storage="local", local_root=root) + checkpoints
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("1"))
        listed = partial(server.request, "GET", "api/contents/note.ipynb/checkpoints")
        wait_for(lambda: len(listed().json()) == 2, what="both checkpoints")
        with opened(browser, front, server) as page:
            status = page.locator(".checkpoint_status")
            expect(status).to_contain_text(re.compile("(second|minute)s? ago"))
            page.locator("#filelink").click()
            page.locator("#restore_checkpoint > a").hover()
            entries = page.locator("#restore_checkpoint ul a")
            expect(entries).to_have_count(2)
            expect(entries.first).to_contain_text(re.compile(r":\d\d:\d\d"))


def test_history_is_one_click_away_and_restores_into_the_open_notebook(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    library, ran_at = Library(tmp_path / "store"), datetime(2024, 5, 17, tzinfo=UTC)
    june = library.save("june.ipynb", ran_at)
    library.run(june, ran_at, to="note.ipynb", parameters={"month": 6})
    with front.server(home, config, base_url="/user/ann/") as server:
        for source in ("first", "second"):
            server.save("note.ipynb", saved(source))
        with opened(browser, front, server) as page:
            cell = front.cells(page).first
            expect(cell).to_contain_text("second")
            front.type(page, "# typed\n")
            mark(page).click()
            expect(rows(page)).to_have_count(3)
            rows(page).nth(2).hover()
            assert grave_problems(page) == []
            with page.expect_popup() as popup:
                act(page, 2, "View", "link")
            parameters = popup.value.locator(".parameters-of-run")
            expect(parameters).to_have_text(re.compile(r"month\s*6"))
            popup.value.close()
            act(page, 1, "Restore")
            expect(page.locator(".bookstore-notice")).to_contain_text("is restored")
            expect(cell).to_contain_text("first")
            expect(cell).not_to_contain_text("typed")
            # What was typed is a version, too.
            expect(rows(page)).to_have_count(5)
            # So that the process that compares is not stopped while it starts.
            changes = rows(page).first.locator(".bookstore-changes")
            expect(changes).not_to_be_empty()
            notice = page.locator(".bookstore-notice")
            notice.get_by_role("button", name="Undo").click()
            expect(notice).to_contain_text("Undone")
            expect(cell).to_contain_text("# typed")
    data = (server.root / "note.ipynb").read_bytes()
    assert first_source(data) == "# typed\nsecond"
