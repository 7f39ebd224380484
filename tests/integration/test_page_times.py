"""Times and runs in words, of pages and of scripts; times also without JavaScript."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from bookstore_core.runs.run import Run
from bookstore_core.runs.words import say_run
from bookstore_core.stores import utc_now
from bookstore_web import create_app
from harness.browsing import CHROMIUM
from harness.library import Library
from harness.moments import MOMENTS, NOW
from harness.serving import serving

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
    ),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The history of a notebook, in an app without a notebook server."""
    library = Library(tmp_path_factory.mktemp("times") / "store")
    for hours in (24 * 400, 24 * 20, 24 * 3, 26, 3.5):
        library.save("a.ipynb", utc_now() - timedelta(hours=hours))
    with serving(create_app(library.settings)) as url:
        # The process that renders takes some time to start.
        requests.get(f"{url}/bookstore/view?path=a.ipynb", timeout=120)
        yield f"{url}/bookstore/history?path=a.ipynb"


RUNS = [
    Run("workspace/a.ipynb", "1", NOW, seconds, **more).fitting()
    for seconds, more in [
        (0.04, {}),
        (9.96, {"parameters": {"month": 6, "region": "north", "day": "6", "on": [1]}}),
        (119.6, {"parameters": {"x": "y" * 900}}),
        (7300.0, {"outcome": "failed", "error": "ValueError: no month"}),
        (7200.0, {"outcome": "failed", "error": "E", "parameters": {"שם": "שלום"}}),
        (2.0, {"outcome": "failed"}),
    ]
]


def said_by_script(browser: Browser, address: str, call: str, given: Any) -> Any:
    """Return what a script of the front ends says, in a page of ours."""
    with browser.new_context(timezone_id="UTC", locale="en-GB") as context:
        page = context.new_page()
        page.goto(address)
        script = page.locator("script[src*='times.js']").get_attribute("src") or ""
        url = re.sub(r"static/.*", "front/shared/words.js", script)
        return page.evaluate(
            f"async ([url, given]) => {{ const words = await import(url); {call} }}",
            [url, given],
        )


def test_scripts_and_pages_say_the_same_moment_in_the_same_words(
    address: str, browser: Browser
) -> None:
    call = "return given.texts.map((t) => words.sayMoment(t, new Date(given.now)));"
    given = {"texts": list(MOMENTS), "now": NOW.isoformat()}
    said = said_by_script(browser, address, call, given)
    assert dict(zip(MOMENTS, said, strict=True)) == MOMENTS


def test_scripts_and_pages_say_the_same_run_in_the_same_words(
    address: str, browser: Browser
) -> None:
    call = "return given.map((run) => words.sayRun(run));"
    said = said_by_script(browser, address, call, list(map(asdict, RUNS)))
    assert said == [f"run {say_run(run)}" for run in RUNS]


def test_a_page_reads_the_same_without_javascript(
    address: str, browser: Browser
) -> None:
    texts = []
    for javascript in (False, True):
        with browser.new_context(
            timezone_id="UTC", locale="en-GB", java_script_enabled=javascript
        ) as context:
            page = context.new_page()
            page.goto(address.replace("history", "view"))
            texts.append(page.locator("h1").inner_text())
    assert texts[0].removesuffix(" UTC") == texts[1]
    assert texts[1] != "Version of "


def test_a_time_is_in_the_zone_of_the_reader_and_exact_on_hover(
    address: str, browser: Browser
) -> None:
    with browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB") as context:
        page = context.new_page()
        page.goto(address)
        time = page.locator(".entry time").last
        written = time.get_attribute("datetime") or ""
        expected = page.evaluate("text => new Date(text).toLocaleTimeString()", written)
        assert (time.get_attribute("title") or "").endswith(f", {expected}")
