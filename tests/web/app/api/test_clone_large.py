"""POST /api/bookstore/clone of what is large: streamed to the server's own file."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bookstore_core.stores import Version
from bookstore_web.contents.drafts import LARGE
from harness.web_app import ContentsDouble, ServerSide

Put = Callable[..., Version]
URL = "/api/bookstore/clone"
SOURCE = {"s3_bucket": "bookstore", "s3_key": "published/a.ipynb"}


@pytest.mark.parametrize("name", ["a.ipynb", "a.txt"])
def test_a_large_file_is_streamed_byte_for_byte(
    server: ServerSide, contents: ContentsDouble, put: Put, notebook: Any, name: str
) -> None:
    contents.streams = True
    data = json.dumps(notebook).encode() + b" " * LARGE
    put(f"published/{name}", data)
    source = {**SOURCE, "s3_key": f"published/{name}"}
    for path in (name, name.replace(".", "-1.")):
        assert server.post(URL, json=source).json["path"] == path
        assert contents.bytes_at(path) == data
    assert contents.written == ["/api/bookstore/file"] * 2


def test_a_large_notebook_that_is_not_valid_is_not_cloned(
    server: ServerSide, contents: ContentsDouble, put: Put
) -> None:
    contents.streams = True
    put("published/a.ipynb", b'{"cells": []}' + b" " * LARGE)
    assert server.post(URL, json=SOURCE).status_code == 422
    assert contents.written == []
