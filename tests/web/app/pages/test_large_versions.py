"""Versions that are too large: what the pages offer, and what not."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.library import Library
from harness.web_app import ServerSide, addresses, words

NASTY = "<script>alert(1)</script>{{7*7}}"
AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


def get(server: Any, page: str, path: str = "a.ipynb", **query: str) -> Any:
    return server.get(f"/bookstore/{page}", query_string={"path": path, **query})


def test_what_is_refused_for_a_large_version_is_not_offered(
    make_server_side: Callable[..., ServerSide], library: Library
) -> None:
    library.save("a.ipynb", AT, content=b" " * 100)
    later = AT + timedelta(hours=1)
    large = library.save("a.ipynb", later, content=b" " * 3000).version_id
    library.save("a.ipynb", AT + timedelta(hours=2), content=b" " * 100)
    server = make_server_side({"archives": True}, max_notebook_size=1000)
    listed, view = get(server, "history"), get(server, "view", version_id=large)
    assert "too large to show or compare" in words(listed)
    assert "This version is too large. It cannot be shown here." in words(view)
    restore = get(server, "restore", version_id=large)
    for page in (listed, view, restore):
        assert page.status_code == 200
        assert not [url for url in addresses(page) if "/diff?" in url and large in url]
        assert "data-changes" not in page.text
    assert "/view/content" not in view.text
    assert any("download=1" in url for url in addresses(view))
    assert any("bookstore/restore" in url for url in addresses(view))


def test_what_is_too_large_for_memory_is_neither_restored_nor_offered(
    make_server_side: Callable[..., ServerSide], library: Library
) -> None:
    library.save("a.ipynb", AT)
    large = library.save("a.ipynb", AT + timedelta(hours=1)).version_id
    root = Path(library.settings.local_root)
    os.truncate(next(root.rglob(f"{large}.ipynb")), 40 << 30)
    server = make_server_side({"archives": True})
    for page in ("history", "view"):
        urls = addresses(get(server, page, version_id=large))
        assert not [url for url in urls if "/restore?" in url and large in url], page
        assert any("download=1" in url and large in url for url in urls), page
    answer = server.post(
        "/api/bookstore/restore", json={"path": "a.ipynb", "version_id": large}
    )
    assert answer.status_code == 413
    assert "jupyter bookstore restore" in answer.get_json()["message"]
