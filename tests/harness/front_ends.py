"""The four front ends of notebooks, each on its own server, opened in a browser."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from harness.config_files import extension_lines
from harness.notebook_server import TOKEN, Generation, NotebookServer

#: The page's part of jupyter-collaboration.
SHARING = {"@jupyter/collaboration-extension", "@jupyter/docprovider-extension"}
#: Extensions of the test environment whose server parts are switched off, and news.
NOT_WANTED = {
    "jupyterlab-jupytext",
    "@jupyterlab/apputils-extension:announcements",
}


@dataclass(frozen=True)
class FrontEnd:
    """A front end: its server, how to find a cell, and two addresses.

    `tree` is followed by the path of a notebook; `files` is the list of files.
    """

    name: str
    generation: Generation
    program: str
    tree: str
    cell: str
    files: str
    #: Whether documents are shared by all who have them open (jupyter-collaboration).
    shared: bool = False

    def server(self, home: Path, config: str, base_url: str = "/") -> NotebookServer:
        """Return its server, not started."""
        folder = home / ".jupyter" / "labconfig"
        folder.mkdir(parents=True)
        (folder / "page_config.json").write_text(json.dumps(self.page_config))
        server = NotebookServer(
            self.generation,
            home,
            config=self.extensions + config,
            program=self.program,
            base_url=base_url,
        )
        server.may_hang = self.generation == "modern"
        return server

    @property
    def page_config(self) -> dict[str, Any]:
        """Which of the environment's extensions are off in the page."""
        off = {name for name in SHARING if not self.shared} | NOT_WANTED
        return {"disabledExtensions": dict.fromkeys(sorted(off), True)}

    @property
    def extensions(self) -> str:
        """The config lines that enable the extensions of the server."""
        shared = ("jupyter_server_ydoc",) if self.shared else ()
        return extension_lines("bookstore_archiver", "bookstore_web", *shared)

    @property
    def is_classic(self) -> bool:
        """Whether its pages are those of Notebook 6."""
        return self.cell == CLASSIC_CELL

    def open(self, page: Page, server: NotebookServer, path: str) -> None:
        """Open a notebook, and wait for its first cell."""
        page.goto(f"{server.url}/{self.tree}/{path}?token={TOKEN}")
        self.cells(page).first.wait_for()

    def cells(self, page: Page) -> Locator:
        """The editors of the code cells."""
        return page.locator(self.cell)

    def choose(self, page: Page, entry: str) -> None:
        """Choose an entry of the File menu."""
        if self.is_classic:
            page.locator("#filelink").click()
            page.locator("#file_menu a", has_text=entry).click()
        else:
            page.locator(".lm-MenuBar-itemLabel", has_text="File").click()
            page.locator(".lm-Menu-itemLabel", has_text=entry).click()

    def type(self, page: Page, text: str) -> None:
        """Type at the start of the first cell."""
        self.cells(page).first.click()
        page.keyboard.press("Control+Home")
        page.keyboard.type(text)


MODERN_CELL = ".jp-CodeCell .cm-content"
CLASSIC_CELL = ".code_cell .CodeMirror"
FRONT_ENDS = {
    front.name: front
    for front in (
        FrontEnd("lab", "modern", "lab", "lab/tree", MODERN_CELL, "lab"),
        FrontEnd("notebook", "modern", "notebook", "notebooks", MODERN_CELL, "tree"),
        FrontEnd(
            "nbclassic",
            "modern",
            "nbclassic",
            "nbclassic/notebooks",
            CLASSIC_CELL,
            "nbclassic/tree",
        ),
        FrontEnd("classic", "classic", "notebook", "notebooks", CLASSIC_CELL, "tree"),
    )
}

#: For what JupyterLab and Notebook 7 have in common, and nbclassic and classic.
one_of_each_kind = pytest.mark.parametrize("front", ["lab", "classic"], indirect=True)
#: The same with the other two, so that tests of one thing are on all four together.
other_of_each_kind = pytest.mark.parametrize(
    "front", ["notebook", "nbclassic"], indirect=True
)

#: JupyterLab with documents that several people edit at the same time.
COLLABORATION = FrontEnd(
    "collaboration", "modern", "lab", "lab/tree", MODERN_CELL, "lab", shared=True
)
