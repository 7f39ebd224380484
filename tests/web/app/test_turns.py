"""Large contents wait for their turn, whatever is done with them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.stores import Version
from bookstore_web.contents.budget import ROOM, SMALL, ByteBudget
from harness.web_app import ContentsDouble, ServerSide

KEY = "published/large.ipynb"
LARGE = (
    b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}' + b" " * SMALL
)
REQUESTS: dict[str, dict[str, Any]] = {
    "POST /api/bookstore/clone": {"json": {"s3_bucket": "bookstore", "s3_key": KEY}},
    "POST /bookstore/clone": {"data": {"s3_bucket": "bookstore", "s3_key": KEY}},
    "POST /api/bookstore/fs-clone": {"json": {"relpath": "large.ipynb"}},
    "POST /bookstore/fs-clone": {"data": {"relpath": "large.ipynb"}},
    "PUT /api/bookstore/publish/a.ipynb": {"data": b'{"content":' + LARGE + b"}"},
    "POST /bookstore/publish": {
        "data": {"path": "large.ipynb", "published_path": "a.ipynb"}
    },
    "POST /api/bookstore/restore": {
        "json": {"path": "large.ipynb", "version_id": "@0", "target_path": ""}
    },
}


@pytest.fixture
def busy(
    make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> Iterator[ServerSide]:
    """The app while another request has a large content in hand."""
    server = make_server_side(fs_cloning_basedir=str(tmp_path))
    server.services.budget = budget = ByteBudget(seconds=0.01)
    with budget.take(ROOM):
        yield server


@pytest.mark.parametrize("label", REQUESTS)
def test_a_large_notebook_waits_for_its_turn(
    busy: ServerSide,
    put: Callable[..., Version],
    contents: ContentsDouble,
    tmp_path: Path,
    label: str,
) -> None:
    put(KEY, LARGE)
    kept = put("workspace/large.ipynb", LARGE)
    (tmp_path / "large.ipynb").write_bytes(LARGE)
    method, url = label.split()
    wish = dict(REQUESTS[label])
    if label.endswith("/bookstore/publish"):
        wish["data"] = {**wish["data"], "version_id": kept.version_id}
    answer = busy.open(method, url, **wish)
    assert answer.status_code == 503, answer.text
    assert "Bookstore is busy" in answer.text
    assert answer.headers["Retry-After"]
    assert contents.written == []


def test_a_small_notebook_does_not_wait(
    busy: ServerSide, put: Callable[..., Version], notebook: Any
) -> None:
    put(KEY, notebook)
    wish = REQUESTS["POST /api/bookstore/clone"]
    assert busy.post("/api/bookstore/clone", **wish).status_code == 200
    body = {"type": "notebook", "content": notebook}
    assert busy.put("/api/bookstore/publish/b.ipynb", json=body).status_code == 200
