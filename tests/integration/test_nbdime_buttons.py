"""nbdime's own extensions, which are there only for who wants them."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from harness.browsing import CHROMIUM
from harness.config_files import settings_lines
from harness.front_ends import FRONT_ENDS, MODERN_CELL, FrontEnd, one_of_each_kind
from harness.notebook_server import NotebookServer
from harness.open_notebook import mark, opened, saved
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]

#: nbdime's buttons, and its commands in the palette of JupyterLab and Notebook 7.
PARTS = "[data-command^=nbdime], [data-jupyter-action^=nbdime]"
#: The commands of the palette.
COMMANDS = ".lm-CommandPalette-item[data-command]"
#: The commands with which a person enables what docs/notebook.md names.
ENABLE = {
    "lab": ("labextension", "enable", "nbdime-jupyterlab", "--level=user"),
    "classic": ("nbextension", "enable", "nbdime/index", "--user"),
}


def open_palette(page: Page) -> None:
    """Press its keys until it is there: a front end that still starts loses them."""

    def is_open() -> bool:
        page.keyboard.press("Control+Shift+c")
        page.wait_for_timeout(1000)
        return page.locator(COMMANDS).count() > 0

    wait_for(is_open, what="the palette", seconds=60)


def parts_of_nbdime(front: FrontEnd, page: Page) -> Locator:
    """Return them, after a look into the palette."""
    if front.cell == MODERN_CELL:
        open_palette(page)
    return page.locator(PARTS)


def enable(front: FrontEnd, server: NotebookServer) -> None:
    verb, *words = ENABLE[front.name]
    command = [str(server.python.parent / f"jupyter-{verb}"), *words]
    subprocess.run(command, env=server.environment, check=True)


def served(server: NotebookServer) -> bool:
    """Whether the server has nbdime's routes."""
    return server.request("GET", "nbdime/difftool").status_code != 404


@one_of_each_kind
def test_front_ends_have_nothing_of_nbdime(
    front: FrontEnd, home: Path, browser: Browser, tmp_path: Path
) -> None:
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with front.server(home, config) as server:
        server.save("note.ipynb", saved("1"))
        with opened(browser, front, server) as page:
            expect(mark(page)).to_be_attached()
            expect(parts_of_nbdime(front, page)).to_have_count(0)
        assert not served(server)


@pytest.mark.parametrize("name", ENABLE)
def test_who_enables_nbdime_has_it(
    name: str, home: Path, browser: Browser, tmp_path: Path
) -> None:
    front = FRONT_ENDS[name]
    config = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    config += 'c.ServerApp.jpserver_extensions["nbdime"] = True\n'
    config += 'c.NotebookApp.nbserver_extensions["nbdime"] = True\n'
    server = front.server(home, config)
    enable(front, server)
    with server:
        server.save("note.ipynb", saved("1"))
        with opened(browser, front, server) as page:
            expect(parts_of_nbdime(front, page).first).to_be_attached()
        # Beside jupyter_server 2, nbdime's server part refuses to serve classic.
        assert served(server) == (name == "lab")
