"""The benchmark measures all its figures; their values are not tested here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.notebook_server import TOP

pytestmark = pytest.mark.server

FIGURES = {
    "start-up",
    "modules of botocore before an upload",
    "RSS after the start",
    "CPU of the first save, once",
    "CPU a save, 10 KB, one by one",
    "CPU a save, 10 KB, at a stretch",
    "RSS after saves of 10 KB",
    *(f"save, {size}" for size in ("10 KB", "1 MB", "20 MB")),
    *(f"next GET, {size}" for size in ("10 KB", "1 MB", "20 MB")),
    *(f"GET of the content after that, {size}" for size in ("10 KB", "1 MB", "20 MB")),
    "GET 30 ms after a save, 10 KB",
    "RSS after saves of 20 MB",
    "drain rate, plain: bare put_object",
}


GROWTH = {
    "the oldest by @N, S3",
    "by its label, S3",
    "put, local store: CPU",
    "search in one folder, local store: CPU",
    "saves of 1 MB with a line changed: on disk",
    "history page of 50: CPU of the app",
    "a cold home page, eight people",
    "clones by 16 clients, modern",
    "page of a folder: CPU of the server, modern",
    "save beside waiting ones, p95, modern",
    "status: CPU, modern",
    "peak of four of them at once, modern",
}


def bench(folder: Path, part: str) -> tuple[dict[str, Any], str]:
    """Measure as little as possible; return the JSON and what is printed."""
    report = folder / "bench.json"
    words = ["--quick", "--generation", "modern", "--part", part, "--json", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env={**os.environ, "PYTHONPATH": str(TOP / "tests"), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(report.read_text()), done.stdout


def test_bench_measures_all_figures_of_a_pair(tmp_path: Path) -> None:
    found, printed = bench(tmp_path, "pair")
    figures = {figure["name"]: figure for figure in found["generations"]["modern"]}
    assert set(figures) == FIGURES
    for name, figure in figures.items():
        assert name in printed
        assert isinstance(figure["bookstore"]["median"], float)
        assert isinstance(figure["plain"]["p95"], float)
        assert isinstance(figure["extra"], float)
        assert figure["reached"] in (True, False, None)
    assert figures["save, 10 KB"]["reached"] is not None
    assert figures["modules of botocore before an upload"]["reached"] is True


SEARCHES = {
    "listing, SQLite",
    "a common word, SQLite",
    "in: of one person: CPU, SQLite",
    "recent, workspace, SQLite",
    "size, text alone, SQLite",
    "a cold home page, SQLite",
}


def test_bench_measures_searches(tmp_path: Path) -> None:
    found, printed = bench(tmp_path, "search")
    rows = {growth["work"]: growth for growth in found["sizes"]}
    assert set(rows) >= SEARCHES
    assert all(work in printed for work in rows)
    assert rows["a cold home page, SQLite"]["points"][0][1] <= 3


def test_bench_measures_the_service(tmp_path: Path) -> None:
    found, printed = bench(tmp_path, "service")
    assert {one["work"] for one in found["service"]} == {
        *("save, S3", "save, service", "read, S3", "read, service", "publish, service")
    }
    for one in found["service"]:
        assert one["work"] in printed
        assert one["rate"] > 0


def test_bench_measures_growth(tmp_path: Path) -> None:
    found, printed = bench(tmp_path, "sizes")
    assert {growth["work"] for growth in found["sizes"]} >= GROWTH
    for growth in found["sizes"]:
        assert growth["work"] in printed
        assert all(value >= 0 for _, value in growth["points"])
