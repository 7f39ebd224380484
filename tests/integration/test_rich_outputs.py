"""What is drawn of a version in a real browser, and what hostile data can do there."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from harness.browsing import CHROMIUM
from harness.notebook_server import GENERATIONS, TOKEN, NotebookServer
from harness.rich_notebook import PLOTLY, VEGA, hostile, sound, taken_names, vega
from harness.shown_versions import (
    Listener,
    code,
    content_url,
    markdown,
    notebook_of,
    open_unchecked_browser,
    page_url,
    showing,
    store_version,
    watch,
)
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

#: As high as the whole notebook, so that all of it is on the screen.
TALL = {"width": 1280, "height": 9000}
SMALL = {"width": 1280, "height": 800}
#: Milliseconds for all to be drawn on a busy machine.
LONG = 60_000
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)

#: For what notebook servers of the two generations might do differently.
on_both = pytest.mark.parametrize("server", GENERATIONS, indirect=True, scope="module")


@pytest.fixture(scope="module", params=["modern"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    with showing(request.param, tmp_path_factory.mktemp("rich")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_unchecked_browser() as started:
        yield started


def log_in(
    browser: Browser, server: NotebookServer, size: Any, **options: Any
) -> BrowserContext:
    """Return a context of a browser with the server's cookie."""
    context = browser.new_context(viewport=size, **options)
    context.set_default_timeout(LONG)
    page = context.new_page()
    page.goto(f"{server.url}/api/status?token={TOKEN}")
    page.close()
    return context


@pytest.fixture
def context(browser: Browser, server: NotebookServer) -> BrowserContext:
    return log_in(browser, server, TALL)


def open_version(
    context: BrowserContext, server: NotebookServer, name: str, content: dict[str, Any]
) -> tuple[Page, FrameLocator]:
    """Open the page of a version; return it and its frame."""
    version = store_version(server, name, content)
    page = context.new_page()
    url = page_url(content_url(server, name, version))
    page.goto(url, wait_until="domcontentloaded")
    return page, page.frame_locator("iframe")


def scripts_in(seen: list[str]) -> set[str]:
    return {url.rpartition("/")[2] for url in seen if "/renderers/" in url}


def check_that_all_is_drawn(frame: FrameLocator) -> None:
    expect(frame.locator("mjx-container")).to_have_count(6)
    expect(frame.locator(".drawn.mermaid img")).to_have_count(2)
    expect(frame.locator(".drawn.plotly .main-svg")).not_to_have_count(0)
    expect(frame.locator(".drawn.plotly .gtitle")).to_have_text("T")
    expect(frame.locator(".drawn.vega-lite svg.marks")).to_have_count(1)
    expect(frame.locator(".drawn.vega svg .mark-rect path")).to_have_count(3)
    expect(frame.locator(".widget-slider")).to_have_count(1)
    expect(frame.locator(".widget-readout")).to_have_text("7")


@on_both
def test_each_kind_is_drawn(server: NotebookServer, context: BrowserContext) -> None:
    _, frame = open_version(context, server, "sound.ipynb", sound())
    check_that_all_is_drawn(frame)
    for text in ("This is a figure", "<Vega", "IntSlider(value=7)"):
        for element in frame.get_by_text(text).all():
            expect(element).to_be_hidden()
    expect(frame.get_by_text("$5, $6")).to_be_visible()
    sentences = frame.locator(".missing").all_inner_texts()
    assert sentences[0] == "[This formula cannot be set: Missing close brace]"
    assert sentences[1].startswith("[This diagram cannot be drawn:")
    assert len(sentences) == 2
    expect(frame.get_by_text("no diagram", exact=True)).to_be_visible()


def test_only_the_scripts_that_are_needed_are_loaded(
    server: NotebookServer, context: BrowserContext
) -> None:
    seen = watch(context)
    _, frame = open_version(
        context, server, "plain.ipynb", notebook_of(markdown("# Plain, for \\$5"))
    )
    expect(frame.get_by_role("heading")).to_be_visible()
    _, frame = open_version(
        context, server, "math.ipynb", notebook_of(markdown("# Math $x$"))
    )
    expect(frame.locator("mjx-container")).to_be_visible()
    assert scripts_in(seen) == {"frame.js", "math.js", "mathjax.js"}


@pytest.mark.parametrize("way", ["off", "missing"])
def test_without_scripts_the_other_forms_are_shown(
    server: NotebookServer, browser: Browser, way: str
) -> None:
    context = log_in(browser, server, TALL, java_script_enabled=way != "off")
    others = re.compile(r"/renderers/\w+/(?!frame)")
    context.route(others, lambda route: route.abort())
    page, frame = open_version(context, server, "sound.ipynb", sound())
    expect(frame.get_by_text("This is a figure of Plotly.")).to_be_visible()
    expect(frame.get_by_text("<Vega object>")).to_be_visible()
    expect(frame.get_by_text("IntSlider(value=7)")).to_be_visible()
    expect(frame.get_by_text("e^{i\\pi} + 1 = 0")).to_be_visible()
    if way == "missing":
        expect(frame.get_by_text("Math is shown as source")).to_have_count(1)
        # Once for each script.
        sentence = frame.get_by_text("cannot be drawn: bookstore")
        expect(sentence).to_have_count(4)
        expect(frame.get_by_text("allow them").first).to_be_hidden()
    else:
        expect(frame.get_by_text("allow them").first).to_be_visible()
        box = page.locator("iframe").bounding_box()
        assert box
        assert box["height"] > 400


def test_the_page_scrolls_as_one_and_links_lead_within_the_notebook(
    server: NotebookServer, browser: Browser
) -> None:
    context = log_in(browser, server, SMALL)
    text = "\n\n".join(["See [the end](#The-end)."] + ["text"] * 200)
    content = notebook_of(markdown(text), markdown("# The end"))
    page, frame = open_version(context, server, "long.ipynb", content)
    expect(frame.get_by_role("link", name="the end")).to_be_attached()
    fits = "e => e.scrollHeight === e.ownerDocument.defaultView.innerHeight"
    inside = next(found for found in page.frames if "/content?" in found.url)
    wait_for(
        lambda: inside.locator("html").evaluate(fits), what="the height of the frame"
    )
    assert page.evaluate("document.documentElement.scrollHeight") > 5000
    frame.get_by_role("link", name="the end").click()
    expect(frame.get_by_role("heading", name="The end")).to_be_in_viewport()
    assert page.evaluate("scrollY") > 3000
    assert len(context.pages) == 1
    page.keyboard.press("Home")
    wait_for(lambda: page.evaluate("scrollY") < 500, what="the keyboard to scroll")


#: Each would take in what follows it, or leave its own style to it.
BROKEN = [
    "<!-- a comment",
    "<textarea>text",
    "<title>title",
    "<b><i>bold <u>",
    "<style>h1 { display: none",
    "<script>let a = '",
    "<script><!--<script>",
    "<plaintext>plain",
    "<xmp>example",
    '<img alt="x',
    "<img alt='x",
    "<p title=x",
    "<svg><title>a",
    "<math><annotation-xml>",
    "<table><tr><td>cell",
    "<select><option>one",
    "<template><p>",
    "<button>press",
    "<a href='#x'>link",
    "</div></div></div></main></body></html>",
    "</applet></x-applet></object>",
    "<noscript><p>none",
    "<details><summary>closed",
    "<frameset><noframes>",
]


def test_html_that_does_not_end_ends_with_its_output(
    server: NotebookServer, context: BrowserContext
) -> None:
    outputs = [code({"text/html": html}) for html in BROKEN]
    texts = [markdown(f"text\n\n{html}") for html in BROKEN]
    pairs = [cell for pair in zip(outputs, texts, strict=True) for cell in pair]
    cells = [each for cell in pairs for each in (cell, markdown("# After"))]
    _, frame = open_version(context, server, "broken.ipynb", notebook_of(*cells))
    after = frame.get_by_role("heading", name="After")
    expect(after).to_have_count(2 * len(BROKEN))
    places = frame.locator("h1").evaluate_all(
        "all => all.map((h) => h.closest('.cell').parentElement.tagName)"
    )
    assert set(places) == {"MAIN"}
    wrong = "all => all.filter((h) => h.closest('b, i, u, a, td, details, svg')).length"
    assert frame.locator("h1").evaluate_all(wrong) == 0
    assert frame.locator("main > .cell").count() == 4 * len(BROKEN)


def test_the_keyboard_reaches_what_is_wider_than_the_page(
    server: NotebookServer, context: BrowserContext
) -> None:
    row = f"<table><tr>{'<td>a cell</td>' * 60}</tr></table>"
    content = notebook_of(code({"text/html": row}), code({"text/html": "<p>x</p>"}))
    _, frame = open_version(context, server, "wide.ipynb", content)
    expect(frame.locator(".output_area[tabindex='0']")).to_have_count(1)


def large(cells: int) -> dict[str, Any]:
    picture = {"image/png": PIXEL + " " * 1_500_000}
    first = markdown("[to the last](#Cell-1199)")
    rest = [markdown(f"# Cell {number}") for number in range(cells - 2)]
    return notebook_of(first, code(picture), *rest)


def test_what_does_not_fit_loads_when_it_is_scrolled_to(
    server: NotebookServer, browser: Browser
) -> None:
    context = log_in(browser, server, SMALL)
    seen = watch(context)
    page, frame = open_version(context, server, "large.ipynb", large(1202))
    expect(frame.locator("img")).to_have_count(1)
    assert not [url for url in seen if "from=" in url]
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(frame.get_by_role("heading", name="Cell 900")).to_be_attached()
    frame.get_by_role("link", name="to the last").click()
    expect(frame.get_by_role("heading", name="Cell 1199")).to_be_in_viewport()
    expect(frame.locator(".later")).to_have_count(0)
    parts = [re.sub(r".*&", "", url) for url in seen if re.search("(cell|from)=", url)]
    assert parts == ["cell=1", "from=500", "from=1000"]


def test_without_scripts_links_lead_to_what_does_not_fit(
    server: NotebookServer, browser: Browser
) -> None:
    context = log_in(browser, server, SMALL, java_script_enabled=False)
    _, frame = open_version(context, server, "large.ipynb", large(602))
    with context.expect_page() as opened:
        frame.get_by_role("link", name="Show the cells from 501 on").click()
    expect(opened.value.get_by_role("heading", name="Cell 599")).to_be_attached()
    with context.expect_page() as opened:
        frame.get_by_role("link", name="Show the output").click()
    expect(opened.value.locator("img")).to_have_count(1)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.stop()


#: A script that would be noticed: in the document, and by what it asks for.
SCRIPT = "document.title='owned';window.owned=1;fetch('{evil}/script')"
STATE_OF_FRAME = """() => [
  window.owned, document.title === 'owned', {}.polluted, {}.prototype,
  [...document.querySelectorAll('a')].some((a) => [...a.attributes].some(
    ({name, value}) => name.endsWith('href') && /^javascript:/i.test(value))),
  (() => { try { return parent.document.title } catch { return 'refused' } })(),
  (() => { try { return document.cookie } catch { return 'refused' } })(),
]"""


def test_hostile_data_run_nothing_and_reach_nothing(
    server: NotebookServer, context: BrowserContext, listener: Listener
) -> None:
    content = hostile(listener.url, SCRIPT.format(evil=listener.url))
    cells, seen = content["cells"], watch(context)
    # The last output takes the names of a document's methods.
    for name, part in (("drawn", cells[:-2] + cells[-1:]), ("forged", cells[-2:])):
        page, frame = open_version(
            context, server, f"{name}.ipynb", content | {"cells": part}
        )
        # A forged place for a part may show the last heading once more.
        last = frame.get_by_role("heading", name="The last heading").first
        expect(last).to_be_attached()
        inside = next(found for found in page.frames if "/content?" in found.url)
        if name == "drawn":
            wait_for(partial(all_tried, page), what="all figures tried")
            state = inside.evaluate(STATE_OF_FRAME)
            assert state == [None, False, None, None, False, "refused", "refused"]
            expect(frame.get_by_text("may take long. Draw it")).to_be_visible()
            for words in ("nothing is loaded from other", "a sequence is too long"):
                expect(frame.get_by_text(words).first).to_be_visible()
        assert inside.evaluate("window.owned") is None
        assert page.evaluate("window.owned") is None
        page.wait_for_timeout(1000)  # for late requests: there is no condition
    places = ("view", "static/", "renderers/", "front/")
    ours = tuple(f"{server.url}/bookstore/{place}" for place in places)
    ours += ("data:", "about:", "blob:")
    assert [url for url in seen if not url.startswith(ours)] == []
    assert listener.asked == []
    # The forged places ask for a part that exists, once each.
    asked = [
        url for url in seen if "path=forged" in url and re.search("&(cell|from)", url)
    ]
    assert len(asked) <= 2


def test_names_that_others_take_leave_the_rest_as_it_is(
    server: NotebookServer, context: BrowserContext
) -> None:
    content = sound()
    content["cells"].append(code({"text/html": taken_names()}))
    _, frame = open_version(context, server, "names.ipynb", content)
    check_that_all_is_drawn(frame)


def all_tried(page: Page) -> bool:
    page.wait_for_timeout(100)
    frame = page.frame_locator("iframe")
    undone = ".rich:not(:has(> .drawn, > .missing, > button))"
    return frame.locator(undone).count() == 0


def test_without_policy_and_care_hostile_data_would_reach_out(
    server: NotebookServer, context: BrowserContext, listener: Listener
) -> None:
    # Shows that the test above would notice it.
    content = hostile(listener.url, SCRIPT.format(evil=listener.url))
    del content["cells"][-2]  # the names of the document's methods
    version = store_version(server, "free.ipynb", content)
    page = context.new_page()

    def strip(route: Any) -> None:
        body = route.fetch().body().replace(b"&lt;img", b"<img")
        route.fulfill(body=body, content_type="text/html")

    url = content_url(server, "free.ipynb", version)
    page.route(url, strip)
    page.goto(url, wait_until="domcontentloaded")

    def reached() -> bool:
        page.wait_for_timeout(50)
        asked = " ".join(listener.asked)
        return all(f"/{way}" in asked for way in ("math-style", "label", "script"))

    wait_for(reached, what="requests")


def test_a_page_answers_while_its_frame_does_not(
    server: NotebookServer, browser: Browser
) -> None:
    context = log_in(browser, server, SMALL)
    endless = f"test(/(x+x+)+y/, '{'x' * 60}')"
    chart = vega(signals=[{"name": "s", "init": endless}])
    content = notebook_of(code({VEGA: chart, "text/plain": "the chart as text"}))
    page, frame = open_version(context, server, "endless.ipynb", content)
    # In one process with the frame, the page could never say that it takes too long.
    page.wait_for_timeout(3000)
    page.locator("summary").first.click()
    sentence = page.get_by_text("takes too long, so it is shown without it")
    expect(sentence).to_be_visible(timeout=2 * LONG)
    expect(frame.get_by_text("the chart as text")).to_be_visible()


@on_both
def test_scripts_are_sent_to_who_is_not_logged_in(server: NotebookServer) -> None:
    version = store_version(server, "a.ipynb", notebook_of(code({PLOTLY: {}})))
    page = server.request(
        "GET", content_url(server, "a.ipynb", version)[len(server.url) :]
    )
    address = re.search(r'src="(/user/ann/bookstore/renderers/[^"]+)"', page.text)
    assert address
    url = f"{server.url}{address[1].removeprefix('/user/ann')}"
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert requests.get(f"{url}x", timeout=60).status_code == 404
