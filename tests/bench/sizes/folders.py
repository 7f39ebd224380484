"""Clones into folders that grow, and pages of folders with very many files."""

from collections.abc import Callable
from pathlib import Path

from bench.sizes.filling import plant_files, put, small
from bench.sizes.growth import Growth, steps_to
from bench.sizes.web import Web, asking, rate, serving
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.notebook_server import Generation

KEY = "published/guides/start.ipynb"
#: Clients that clone at once, clones of each; requests of which the CPU is measured.
CLIENTS, CLONES, TIMES = 16, 10, 10
#: Notebooks on a page of a folder: each is looked for among the files.
PAGE = 200
#: Clones a second that are the target.
TARGETS = {"modern": 60, "classic": 85}


def measure_folders(generation: Generation, folder: Path, size: int) -> list[Growth]:
    """Clone at once and one by one, and open pages of folders, by `size` files."""
    store = {"storage": "local", "local_root": str(folder / "store")}
    kept = open_store(BookstoreSettings(**store))
    kept.prepare()
    put(kept, small(1), key=KEY)
    each = f"CPU of the server, {generation}"
    clones = Growth(f"a clone into a folder: {each}", "ms", "files")
    pages = Growth(f"page of a folder: {each}", "s", "files", 0.3)
    with serving(generation, folder / "home", **store) as web:
        web.get("bookstore/")
        rates = _rates(web, generation, min(CLONES, size))
        done = 0
        for step in steps_to(size):
            plant_files(web.server.root / "many", step)
            for number in range(done, min(step, PAGE)):
                put(kept, small(2), key=f"workspace/many/note-{number:06}.ipynb")
            done = min(step, PAGE)
            clones.add(step, web.cpu_of_server(_clone(web, "many"), times=TIMES))
            page = asking(web, "GET", "bookstore/", params={"prefix": "many"})
            pages.add(step, web.cpu_of_server(page, times=TIMES) / 1000)
    return [rates, clones, pages]


def _rates(web: Web, generation: Generation, each: int) -> Growth:
    """Clone by many clients at once, each time into an empty folder."""
    reach = TARGETS[generation]
    rates = Growth(f"clones by 16 clients, {generation}", "/s", "", reach, True)
    targets = [f"empty-{number}" for number in range(CLIENTS * each)]
    for target in targets:
        (web.server.root / target).mkdir()
    rates.add(0, rate([_clone(web, target) for target in targets], clients=CLIENTS))
    return rates


def _clone(web: Web, target: str) -> Callable[[], object]:
    bucket = BookstoreSettings(storage="local").bucket
    body = {"s3_bucket": bucket, "s3_key": KEY, "target_path": target}
    return asking(web, "POST", "api/bookstore/cloned", json=body)
