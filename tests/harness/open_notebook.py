"""What people do with an open notebook in a browser, on any of the front ends."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, TimeoutError

from harness.browsing import GRAVE, SLOWEST
from harness.front_ends import FrontEnd
from harness.notebook_server import NotebookServer, notebook
from harness.waiting import wait_for

#: So that no front end asks for a kernel.
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

#: The parts of a page that are ours.
PARTS = (
    ".bookstore-mark",
    ".bookstore-tool",
    ".bookstore-tip",
    ".bookstore-history",
    ".bookstore-preview",
    ".bookstore-dialog[open]",
    ".bookstore-warning",
)


def saved(source: str) -> dict[str, Any]:
    return notebook(source, kernelspec=KERNEL)


@contextmanager
def opened(
    browser: Browser, front: FrontEnd, server: NotebookServer, path: str = "note.ipynb"
) -> Iterator[Page]:
    """Open a notebook, and wait for our mark, which is there once it is loaded.

    Notebook 7 shows an empty cell before. Fail at the end if a script of ours failed.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(SLOWEST)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.type} {said.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        with page.expect_request(lambda sent: "bookstore/save-state" in sent.url):
            front.open(page, server, path)
        yield page
        wait_for(lambda: kernels_are_idle(server), what="the kernel", every=0.2)
    finally:
        page.close()
    ours = [text for text in complaints if "bookstore" in text.lower()]
    assert not [text for text in ours if text.startswith(("error", "warning"))]


def kernels_are_idle(server: NotebookServer) -> bool:
    kernels = server.request("GET", "api/kernels").json()
    return bool(kernels) and all(k["execution_state"] == "idle" for k in kernels)


def mark(page: Page) -> Locator:
    return page.locator(".bookstore-mark").first


def tool(page: Page, name: str) -> Locator:
    """A button that we add to the toolbar of the notebook in front."""
    return page.get_by_role("button", name=name).locator("visible=true").first


def tip(page: Page) -> Locator:
    """The sentence beside the control that has the pointer or the focus."""
    return page.locator(".bookstore-tip")


def rows(page: Page) -> Locator:
    return page.locator(".bookstore-version")


def grave_problems(page: Page) -> list[dict[str, Any]]:
    """Return axe's serious findings in what we add to the page."""
    found: list[dict[str, Any]] = []
    for part in PARTS:
        if not page.locator(part).locator("visible=true").count():
            continue
        result = Axe().run(page, context=part).response["violations"]
        found += [rule for rule in result if rule["impact"] in GRAVE]
    return [{"rule": rule["id"], "nodes": rule["nodes"]} for rule in found]


def act(
    page: Page, number: int, verb: str, role: Literal["button", "link"] = "button"
) -> None:
    """Click on an action of a version in the list.

    It is there while the pointer is on the row, which may move away from below it.
    """
    row = rows(page).nth(number)

    def clicked() -> bool:
        row.hover()
        with suppress(TimeoutError):
            row.get_by_role(role, name=verb).click(timeout=5_000)
            return True
        return False

    wait_for(clicked, what=verb)


def name_version(page: Page, number: int, name: str) -> None:
    """Name a version of the list."""
    act(page, number, "Name")
    field = page.get_by_role("textbox", name="Name of this version")
    field.fill(name)
    field.press("Enter")
