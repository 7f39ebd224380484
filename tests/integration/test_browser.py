"""The steps of a new user: `make run`, save, publish, open the link, clone, open."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from harness.browsing import CHROMIUM, looks, take_screenshot
from harness.make_run import MakeRun
from harness.waiting import wait_for

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)"
)


@pytest.fixture(params=["notebook", "lab", "classic"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeRun]:
    with MakeRun(tmp_path, request.param) as server:
        yield server


def notebook_url(run: MakeRun, path: str) -> str:
    tree = "lab/tree" if run.jupyter == "lab" else "notebooks"
    return f"{run.url}/{tree}/{path}"


def save_in_the_browser(page: Page, run: MakeRun) -> None:
    """Open the welcome notebook, type into it and save it with the keyboard."""
    page.goto(f"{notebook_url(run, 'welcome.ipynb')}?token={run.token}")
    cell = (
        ".code_cell .CodeMirror"
        if run.jupyter == "classic"
        else ".jp-CodeCell .cm-content"
    )
    page.locator(cell).first.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# typed in a browser\n")
    page.keyboard.press("Control+s")


def versions(run: MakeRun, name: str) -> list[Path]:
    folder = run.store / "bookstore" / "workspace" / f"{name}.versions"
    return sorted(folder.glob("*.ipynb")) if folder.is_dir() else []


def publish(run: MakeRun) -> dict[str, str]:
    content = json.loads((run.notebooks / "welcome.ipynb").read_text("utf-8"))
    answer = requests.put(
        f"{run.url}/api/bookstore/published/guides/welcome.ipynb",
        json={"type": "notebook", "content": content},
        headers={"Authorization": f"token {run.token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    value: dict[str, str] = answer.json()
    return value


def kernels_are_idle(run: MakeRun) -> bool:
    """Return whether every kernel has started.

    If jupyter_server 2.21 is interrupted while it starts one, it hangs at its end: a
    worker thread of anyio waits for a request that no loop answers any more.
    """
    kernels = requests.get(
        f"{run.url}/api/kernels",
        headers={"Authorization": f"token {run.token}"},
        timeout=30,
    ).json()
    return len(kernels) == 2 and all(k["execution_state"] == "idle" for k in kernels)


def test_save_publish_clone_and_open_the_clone(run: MakeRun, browser: Browser) -> None:
    page = browser.new_page()
    save_in_the_browser(page, run)
    wait_for(
        lambda: any(
            "typed in a browser" in path.read_text("utf-8")
            for path in versions(run, "welcome.ipynb")
        ),
        what="the save in the store",
    )
    published = publish(run)
    page.goto(published["url"])
    expect(page.locator("main")).to_contain_text("welcome.ipynb")
    expect(page.locator("main")).to_contain_text(published["versionID"])
    for look in looks(page):
        take_screenshot(page, f"clone-{run.jupyter}-{look}")
    page.get_by_role("button", name="Clone").click()
    page.wait_for_url("**/welcome-1.ipynb*")
    expect(page.locator("body")).to_contain_text("typed in a browser")
    wait_for(lambda: kernels_are_idle(run), what="the kernels")
    page.close(run_before_unload=False)
    assert (run.notebooks / "welcome-1.ipynb").is_file()
    wait_for(lambda: versions(run, "welcome-1.ipynb"), what="the clone's own version")
    assert run.interrupt() == []
    left = list((run.folder / "tmp").rglob("*bookstore*"))
    assert left == [], "temporary files of bookstore are left"


@pytest.mark.parametrize("run", ["notebook", "classic"], indirect=True)
def test_the_welcome_notebook_runs_from_top_to_bottom(run: MakeRun) -> None:
    assert f"Versions go to {run.folder / 'run' / 'store'}" in run.output
    assert "export JPYNB_S3_BUCKET=" in run.output
    assert f":{run.port}/" in run.output
    headers = {"Authorization": f"token {run.token}"}
    url = f"{run.url}/api/contents/welcome.ipynb"
    model = requests.get(url, headers=headers, timeout=30).json()
    saved = requests.put(url, json=model, headers=headers, timeout=30)
    assert saved.ok, saved.text
    wait_for(lambda: versions(run, "welcome.ipynb"), what="the version")
    printed = run.execute("welcome.ipynb")
    assert versions(run, "welcome.ipynb")[0].stem in printed
    assert "is version" in printed
    assert f":{run.port}/bookstore/clone?s3_bucket=bookstore" in printed
