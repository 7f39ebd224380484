"""The memory that restoring a large notebook takes."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.sizes.filling import put
from bench.sizes.growth import Growth
from bench.sizes.web import Peak, Web, rss, serving
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from harness.notebook_server import Generation, notebook

#: The bytes of a line of the large notebook.
LINE = 100


def measure_restoring(generation: Generation, folder: Path, size: int) -> list[Growth]:
    """Restore a notebook of `size` MB; and four at once.

    The peaks of server and app are added, and what both use before is taken off.
    """
    store = {"storage": "local", "local_root": str(folder / "store")}
    kept = open_store(BookstoreSettings(**store))
    kept.prepare()
    lines = [f"{number:0{LINE - 3}}\n" for number in range(size * 10**6 // LINE)]
    content = json.dumps(notebook("".join(lines))).encode()
    for number in range(4):
        put(kept, content, key=f"workspace/large-{number}.ipynb")
    most = 2 * size + 150
    one = Growth(f"peak of a restore of {size} MB, {generation}", "MB", "", most)
    four = Growth(f"peak of four of them at once, {generation}", "MB", "", most)
    with serving(generation, folder / "home", **store) as web:
        web.get("bookstore/")
        rest = rss([web.process, *web.app])
        one.add(0, _peak(web, 1) - rest)
        four.add(0, _peak(web, 4) - rest)
    return [one, four]


def _peak(web: Web, number: int) -> float:
    """Return the most that server and app use while `number` are restored at once."""
    peak = Peak(lambda: [web.process], lambda: web.app)
    with peak, ThreadPoolExecutor(number) as threads:
        list(threads.map(partial(_restore, web), range(number)))
    return sum(peak.most)


def _restore(web: Web, number: int) -> None:
    path = f"large-{number}.ipynb"
    web.post("api/bookstore/restore", path=path, version_id="@0")
