"""How long JupyterLab takes until it shows a notebook, plain and with bookstore."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext

from bench.figures import Figure, Kind, Target, figure
from harness.browsing import open_browser
from harness.config_files import extension_lines, settings_lines
from harness.front_ends import FRONT_ENDS
from harness.notebook_server import TOKEN, NotebookServer
from harness.open_notebook import kernels_are_idle, saved
from harness.waiting import wait_for

TARGET = Target(Kind.EXTRA, 100.0)
LAB = FRONT_ENDS["lab"]

#: Records when the page has its first cell, in milliseconds since the navigation.
WATCH = """\
new MutationObserver((_, observer) => {
  if (!document.querySelector("%s")) return;
  window.shownAt = performance.now();
  observer.disconnect();
}).observe(document, { subtree: true, childList: true });
"""

#: Extensions of the page that are there because bookstore is installed.
BROUGHT = ("bookstore", "nbdime-jupyterlab")


def measure_opening(folder: Path, rounds: int) -> Figure:
    """Open a notebook on both servers in turn, each with a browser's warm cache.

    The first round is not measured.
    """
    plain, ours = _plain_server(folder / "plain"), _our_server(folder / "bookstore")
    times: dict[NotebookServer, list[float]] = {plain: [], ours: []}
    with ExitStack() as stack:
        browser = stack.enter_context(open_browser())
        contexts = {}
        for server in (plain, ours):
            stack.enter_context(_running(server))
            (server.root / "note.ipynb").write_text(json.dumps(saved("1")))
            contexts[server] = browser.new_context()
        for server in _in_turn(plain, ours, rounds + 1):
            times[server].append(_open(contexts[server], server))
    name = "JupyterLab, until a notebook is shown"
    return figure(name, "ms", times[plain][1:], times[ours][1:], target=TARGET)


@contextmanager
def _running(server: NotebookServer) -> Iterator[None]:
    """Run a server, and kill it at the end.

    With or without bookstore, jupyter_server sometimes does not end when it is told to,
    because a thread of AnyIO that read a file for the page waits for more work.
    """
    server.start()
    try:
        yield
    finally:
        server.stop(signal.SIGKILL)


def _in_turn(
    one: NotebookServer, other: NotebookServer, rounds: int
) -> Iterator[NotebookServer]:
    """Yield A B, B A, A B, and so on."""
    for turn in range(rounds):
        yield from (one, other) if turn % 2 == 0 else (other, one)


def _our_server(home: Path) -> NotebookServer:
    store = settings_lines(storage="local", local_root=str(home / "store"))
    return LAB.server(home, store)


def _plain_server(home: Path) -> NotebookServer:
    server = LAB.server(home, extension_lines())
    config = home / ".jupyter" / "labconfig" / "page_config.json"
    off = json.loads(config.read_text())["disabledExtensions"]
    off.update(dict.fromkeys(BROUGHT, True))
    config.write_text(json.dumps({"disabledExtensions": off}))
    return server


def _open(context: BrowserContext, server: NotebookServer) -> float:
    """Open the notebook in a new page; return the milliseconds until it is shown."""
    page = context.new_page()
    page.add_init_script(WATCH % LAB.cell)
    page.goto(f"{server.url}/{LAB.tree}/note.ipynb?token={TOKEN}")
    page.wait_for_function("window.shownAt", timeout=120_000)
    taken = float(page.evaluate("window.shownAt"))
    # What this page still does is not measured with the next one.
    wait_for(lambda: kernels_are_idle(server), what="the kernel", every=0.2)
    page.close()
    return taken
