"""The pages: a history, a view, the home page, and what the web app keeps."""

import json
from pathlib import Path

from bench.sizes.filling import PATH, long_notebook, put, small
from bench.sizes.growth import Growth, steps_to
from bench.sizes.web import Web, asking, rate, rss, serving
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.fault_proxy import FaultProxy
from harness.ministack import ministack
from harness.notebook_server import Generation
from harness.s3_server import make_bucket, s3_client, s3_traits

BUCKET = "pages"
CELLS = "ann/cells.ipynb"
#: Requests of which the CPU is measured, people who ask at once, versions viewed.
TIMES, PEOPLE, VIEWED = 30, 8, 20
#: More notebooks than the home page shows as recent.
RECENT = 20


def measure_pages(generation: Generation, folder: Path, size: int) -> list[Growth]:
    """Measure the pages over S3, as versions and notebooks become more."""
    folder.mkdir()
    pages = _Pages(generation, folder)
    with ministack(folder / "s3") as url, FaultProxy(url) as front:
        make_bucket(s3_client(url), BUCKET)
        kept = open_store(BookstoreSettings(**s3_traits(url, BUCKET)))
        ids = [
            put(kept, _numbered(number), key=f"workspace/{CELLS}").version_id
            for number in range(min(VIEWED, size + 1))
        ]
        done = 0
        for step in steps_to(size):
            for number in range(done, step):
                put(kept, small(number))
                put(kept, small(number), key=f"workspace/many/{number:06}.ipynb")
            done = step
            pages.measure(front, ids, step)
    return pages.found


def _numbered(number: int) -> bytes:
    content = long_notebook(100)
    content["cells"][1]["source"] = f"version = {number}"
    return json.dumps(content).encode()


def _plant(web: Web, size: int) -> None:
    """Make the files of the notebooks that were saved last: they are still there."""
    folder = web.server.root / "many"
    folder.mkdir()
    for path in (PATH, CELLS):
        long = web.server.root / path
        long.parent.mkdir(exist_ok=True)
        long.write_bytes(small(0))
    for number in range(max(size - RECENT, 0), size):
        (folder / f"{number:06}.ipynb").write_bytes(small(number))


class _Pages:
    """The rows of the table."""

    def __init__(self, generation: Generation, folder: Path) -> None:
        self._generation, self._folder = generation, folder
        versions, notebooks = "versions", "notebooks"
        self._page = Growth("history page of 50: CPU of the app", "ms", versions, 30)
        self._home = Growth("a cold home page", "listings", notebooks, 3)
        self._eight = Growth("a cold home page, eight people", "listings", notebooks, 3)
        self._memory = Growth("web app after home and history", "MB", "", 80)
        self._first = Growth("view of 100 cells, the first time", "/s", "", 15, True)
        self._again = Growth("view of 100 cells, again", "/s", "", 80, True)

    @property
    def found(self) -> list[Growth]:
        return [value for value in vars(self).values() if isinstance(value, Growth)]

    def measure(self, front: FaultProxy, ids: list[str], size: int) -> None:
        traits = s3_traits(front.url, BUCKET)
        home = self._folder / f"one-{size}"
        with serving(self._generation, home, **traits) as web:
            web.get("api/bookstore/healthz")
            _plant(web, size)
            front.requests.clear()
            web.get("bookstore/")
            self._home.add(size, front.requests.count("GET"))
            web.get("bookstore/history", path=PATH)
            memory = rss(web.gunicorn)
            self._page.add(
                size,
                web.cpu_of_app(
                    lambda: web.get("bookstore/history", path=PATH), times=TIMES
                ),
            )
            if not self._memory.points:
                self._memory.add(0, memory)
                self._view(web, ids)
        with serving(self._generation, self._folder / f"eight-{size}", **traits) as web:
            web.get("api/bookstore/healthz")
            _plant(web, size)
            front.requests.clear()
            rate([asking(web, "GET", "bookstore/")] * PEOPLE, clients=PEOPLE)
            self._eight.add(size, front.requests.count("GET"))

    def _view(self, web: Web, ids: list[str]) -> None:
        views = [
            asking(
                web,
                "GET",
                "bookstore/view/content",
                params={"path": CELLS, "version_id": version_id},
            )
            for version_id in ids
        ]
        views[0]()  # what renders has started
        self._first.add(0, rate(views[1:], clients=2))
        self._again.add(0, rate(views * 5, clients=2))
