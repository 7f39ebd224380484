"""What our extensions ask for while a front end starts and nobody clicks."""

import json
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.fault_proxy import FaultProxy
from harness.front_ends import FRONT_ENDS, FrontEnd, one_of_each_kind
from harness.notebook_server import NotebookServer
from harness.open_notebook import kernels_are_idle, mark, opened, rows, saved
from harness.s3_server import S3Server, s3_traits
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

#: The most files of ours that a start may load, with the entry and the style.
MOST_FILES = 16
#: Modules that are loaded at the first click.
LATER = {"panel.js", "dialog.js", "history.js", "preview.js", "publish.js", "links.js"}


def gunicorns(server: NotebookServer) -> list[psutil.Process]:
    assert server.process is not None
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "gunicorn" in " ".join(child.cmdline())]


def open_and_wait(front: FrontEnd, page: Page, server: NotebookServer) -> None:
    """Open the notebook, and wait until nothing more is requested."""
    front.open(page, server, "note.ipynb")
    expect(mark(page)).to_be_attached()
    wait_for(lambda: kernels_are_idle(server), what="the kernel", every=0.2)
    page.wait_for_load_state("networkidle")


@one_of_each_kind
def test_a_start_asks_the_server_once_and_never_the_store(
    front: FrontEnd, home: Path, browser: Browser, s3_server: S3Server, bucket: str
) -> None:
    asked: Counter[str] = Counter()

    def note(request: Request) -> None:
        path = urlsplit(request.url).path
        if "bookstore" in path:
            asked[path] += 1

    with FaultProxy(s3_server.url) as store:
        config = settings_lines(**s3_traits(store.url, bucket))
        with front.server(home, config) as server:
            (server.root / "note.ipynb").write_text(json.dumps(saved("1")))
            page = browser.new_page()
            page.on("request", note)
            open_and_wait(front, page, server)
            page.close()
            assert store.requests == []
            assert gunicorns(server) == []
    state = [path for path in asked if "/api/" in path]
    assert state == ["/api/bookstore/save-state"]
    assert set(asked.values()) == {1}, asked
    assert len(asked) - 1 <= MOST_FILES, sorted(asked)
    assert not LATER & {path.rpartition("/")[2] for path in asked}


def test_the_icon_at_the_side_shows_the_history(
    home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with FRONT_ENDS["lab"].server(home, config) as server:
        server.save("note.ipynb", saved("1"))
        with opened(browser, FRONT_ENDS["lab"], server) as page:
            page.get_by_role("tab", name="History of this notebook").click()
            expect(rows(page)).to_have_count(1)
