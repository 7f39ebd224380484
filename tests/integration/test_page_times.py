"""Times on the pages: in the reader's zone with JavaScript, in UTC without."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from playwright.sync_api import Browser

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


def test_scripts_and_pages_say_the_same_moment_in_the_same_words(
    address: str, browser: Browser
) -> None:
    with browser.new_context(timezone_id="UTC", locale="en-GB") as context:
        page = context.new_page()
        page.goto(address)
        script = page.locator("script[src*='times.js']").get_attribute("src") or ""
        said = page.evaluate(
            """async ([url, texts, now]) => {
                const { sayMoment } = await import(url);
                return texts.map((text) => sayMoment(text, new Date(now)));
            }""",
            [
                re.sub(r"static/.*", "front/shared/times.js", script),
                list(MOMENTS),
                NOW.isoformat(),
            ],
        )
    assert dict(zip(MOMENTS, said, strict=True)) == MOMENTS


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
