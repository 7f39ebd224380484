"""Headless Chromium as Debian ships it, and checks of the pages that it shows."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: How many milliseconds `expect` waits; pages are slow on a busy machine.
expect.set_options(timeout=60_000)
#: And how many an action waits, or a page that loads.
SLOWEST = 120_000

#: The folder for screenshots of pages, if people want any: no test looks at them.
SCREENSHOTS = os.environ.get("SCREENSHOTS")
SCHEMES = ("light", "dark")
WIDE, NARROW = 1280, 360
#: axe's names for problems that prevent people from using a page.
GRAVE = {"serious", "critical"}


@contextmanager
def open_browser(*more: str) -> Iterator[Browser]:
    """Start Chromium, with `more` arguments, and close it at the end."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *more]
        )
        yield chromium
        chromium.close()


@contextmanager
def open_page(
    browser: Browser, *, token: str = "", refusals: bool = False
) -> Iterator[Page]:
    """Open a page in Berlin's time zone; fail at the end if its console has errors.

    With a `token` it can access a server without logging in. With `refusals`, responses
    with an error status are expected.
    """
    context = browser.new_context(
        timezone_id="Europe/Berlin",
        locale="en-GB",
        extra_http_headers={"Authorization": f"token {token}"} if token else {},
    )
    page = context.new_page()
    page.set_default_timeout(SLOWEST)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        is_refusal = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not (refusals and is_refusal):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints, complaints


def looks(page: Page) -> Iterator[str]:
    """Show the page light and dark, wide and narrow; yield the name of each look."""
    for scheme in SCHEMES:
        for width in (WIDE, NARROW):
            show(page, scheme=scheme, width=width)
            yield f"{scheme}-{width}"
    show(page)


def take_screenshot(page: Page, name: str) -> None:
    """Save a screenshot if they are wanted: of the beginning if the page has frames.

    Chromium does not lay out frames below the screen.
    """
    if not SCREENSHOTS:
        return
    has_frames = len(page.frames) > 1
    if has_frames:
        size = page.viewport_size or {"width": WIDE, "height": 0}
        page.set_viewport_size({"width": size["width"], "height": 2000})
        page.evaluate("new Promise(done => requestAnimationFrame(() => done()))")
    folder = Path(SCREENSHOTS)
    folder.mkdir(exist_ok=True)
    # Written here because playwright would leave a thread behind that writes.
    picture = page.screenshot(full_page=not has_frames)
    (folder / f"{name}.png").write_bytes(picture)


def show(page: Page, *, scheme: str = "light", width: int = WIDE) -> None:
    """Show the page in a colour scheme, on a screen of this width."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the screen."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def violations(page: Page, *, only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return grave problems found by axe: rule and elements. `only` names the rules."""
    # Frames of versions have an origin of their own, into which axe cannot look.
    options: dict[str, Any] = {"resultTypes": ["violations"], "iframes": False}
    if only:
        options["runOnly"] = list(only)
    found = Axe().run(page, options=options).response["violations"]
    return [
        {"rule": rule["id"], "nodes": [node["html"] for node in rule["nodes"]]}
        for rule in found
        if rule["impact"] in GRAVE
    ]
