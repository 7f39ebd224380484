"""The benchmark measures all its figures; their values are not tested here."""

import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_bench_measures_all_figures(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    words = ["--quick", "--generation", "modern", "--json", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        env={**os.environ, "PYTHONPATH": str(TOP / "tests"), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    figures = {figure["name"]: figure for figure in found["generations"]["modern"]}
    assert set(figures) == FIGURES
    for name, figure in figures.items():
        assert name in done.stdout
        assert isinstance(figure["bookstore"]["median"], float)
        assert isinstance(figure["plain"]["p95"], float)
        assert isinstance(figure["extra"], float)
        assert figure["reached"] in (True, False, None)
    assert figures["save, 10 KB"]["reached"] is not None
    assert figures["modules of botocore before an upload"]["reached"] is True
