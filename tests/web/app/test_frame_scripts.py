"""The script that hears the frames of a page: it listens before they begin."""

from pathlib import Path

import pytest

import bookstore_web.app

TEMPLATES = Path(bookstore_web.app.__file__).parent / "templates"
PAGES = sorted(TEMPLATES.glob("*.html"))
WITH_FRAMES = [path for path in PAGES if "/frames.js" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_FRAMES, ids=lambda path: path.name)
def test_a_page_listens_before_its_frames_begin(path: Path) -> None:
    text = path.read_text("utf-8")
    [line] = [line for line in text.splitlines() if "/frames.js" in line]
    # Later, what a frame has sent would be lost: one that never ends sends no more.
    assert "defer" not in line
    assert "async" not in line
    assert "<iframe" not in text.partition("/frames.js")[0]


def test_pages_with_frames_are_found() -> None:
    assert {"view.html", "diff.html", "clone.html"} <= {p.name for p in WITH_FRAMES}
