"""Saves, pages and the status while very many saves wait in the spool."""

import time
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from bench.figures import spread
from bench.sizes.filling import small
from bench.sizes.growth import Growth, cpu_of, steps_to
from bench.sizes.web import Web, serving
from bookstore_archiver.spool.disk import Disk, Place
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.report import report_spool
from harness.fault_proxy import Fault, FaultProxy
from harness.ministack import ministack
from harness.notebook_server import Generation, notebook
from harness.s3_server import make_bucket, s3_client, s3_traits

BUCKET = "waiting"
OF = "waiting"
#: Saves that are measured, and the seconds between them; calls for the CPU.
SAVES, PAUSE, TIMES = 60, 0.05, 10
#: The seconds that the store takes for an answer.
DELAY = 0.02
PAGES = {
    "home page": "bookstore/",
    "history page": "bookstore/history?path=waiting/0.ipynb",
    "GET /api/bookstore": "api/bookstore",
    "metrics": "api/bookstore/metrics",
}


class _Fast(Disk):
    """A disk that is not asked to make anything durable."""

    def sync(self, file: BinaryIO) -> None:
        file.flush()

    def sync_folder(self, path: Place) -> None:
        """Leave the names to the system."""


def measure_waiting(generation: Generation, folder: Path, size: int) -> list[Growth]:
    """Measure a server that starts with `size` waiting saves."""
    folder.mkdir()
    median = Growth(f"save beside waiting ones, median, {generation}", "ms", OF, 15)
    p95 = Growth(f"save beside waiting ones, p95, {generation}", "ms", OF, 40)
    status = Growth(f"status: CPU, {generation}", "ms", OF, 20)
    pages = {
        name: Growth(f"{name}: CPU of the app, {generation}", "ms", OF, 20)
        for name in PAGES
    }
    with ministack(folder / "s3") as url, FaultProxy(url) as front:
        make_bucket(s3_client(url), BUCKET)
        front.fault = Fault("delay", seconds=DELAY)
        traits: dict[str, Any] = s3_traits(front.url, BUCKET)
        for step in steps_to(size):
            spool = folder / f"{step}" / "spool"
            _fill(spool, step)
            report = partial(report_spool, BookstoreSettings(spool_dir=str(spool)))
            with serving(generation, spool.parent, **traits) as web:
                times = spread(_saves(web, min(SAVES, size)))
                median.add(step, times.median)
                p95.add(step, times.p95)
                status.add(step, cpu_of(report, times=TIMES))
                for name, growth in pages.items():
                    growth.add(step, _cpu(web, PAGES[name]))
                web.process.kill()  # what still waits is not drained
    return [median, p95, status, *pages.values()]


def _fill(folder: Path, number: int) -> None:
    folder.parent.mkdir(parents=True)
    spool = Spool(folder, disk=_Fast())
    for turn in range(number):
        path = f"waiting/{turn % 100}.ipynb"
        content = BytesSource(small(turn))
        spool.add(content, key=f"workspace/{path}", author="ann", source_path=path)


def _saves(web: Web, saves: int) -> list[float]:
    times = []
    for number in range(saves):
        content = notebook(f"print({number})")
        before = time.perf_counter()
        web.server.save(f"note-{number % 5}.ipynb", content)
        times.append(1000 * (time.perf_counter() - before))
        time.sleep(PAUSE)  # as people save, not as fast as can be
    return times


def _cpu(web: Web, path: str) -> float:
    web.get(path)
    return web.cpu_of_app(lambda: web.get(path), times=TIMES)
