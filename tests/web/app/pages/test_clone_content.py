"""The notebook itself on the clone page, in a frame as on the page of a version."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.stores import Version
from harness.web_app import ServerSide

Put = Callable[..., Version]
CONTENT = "/bookstore/clone/content"


def query(key: str = "published/a.ipynb", **more: str) -> dict[str, str]:
    return {"s3_bucket": "bookstore", "s3_key": key, **more}


def frame_of(page: str) -> str:
    [address] = re.findall(r'<iframe sandbox="[^"]+" [^>]*src="([^"]+)"', page)
    return html.unescape(address)


@pytest.mark.parametrize("key", ["published/a.ipynb", "workspace/ü/b c.ipynb"])
def test_the_page_shows_the_notebook_itself(
    server: ServerSide, put: Put, notebook: dict[str, Any], key: str
) -> None:
    old = put(key, notebook)
    page = server.get("/bookstore/clone", query_string=query(key)).text
    put(key, {**notebook, "cells": []})
    # The frame shows what the page was about, also if there is a newer version now.
    assert f"s3_version_id={old.version_id}" in frame_of(page)
    for _ in range(2):  # then from memory
        content = server.get(frame_of(page))
        assert content.status_code == 200
        assert "<pre" in content.text
        policy = content.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox ")
        assert "allow-same-origin" not in policy


def test_it_says_who_published_it_with_which_title_and_note(
    server: ServerSide, notebook: dict[str, Any]
) -> None:
    written = {"title": "Sales <b>", "note": "For all.\nOf you."}
    server.put("/api/bookstore/publish/a.ipynb", json={"content": notebook, **written})
    page = server.get("/bookstore/clone", query_string=query()).text
    assert "<h1>Sales &lt;b&gt;</h1>" in page
    assert "For all.\nOf you." in page
    assert "Published by" in page
    [details] = re.findall(
        r"<summary>Details</summary>(.*?)</details>", page, re.DOTALL
    )
    assert "s3://bookstore/published/a.ipynb" in details
    assert "s3://" not in page.replace(details, "")


def test_only_what_may_be_cloned_is_shown(
    server: ServerSide, make_client: Callable[..., FlaskClient], put: Put
) -> None:
    put("workspace/a.ipynb", b"{}")
    other = server.get(CONTENT, query_string=query() | {"s3_bucket": "others"})
    assert other.status_code == 403
    public = make_client(workspace_prefix="")
    hidden = public.get(CONTENT, query_string=query("workspace/a.ipynb"))
    assert hidden.status_code == 403
    assert server.get(CONTENT, query_string=query("none.ipynb")).status_code == 404


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\x00", "This version cannot be shown."),
        (b"some <b>text", '<pre class="plain">some &lt;b&gt;text</pre>'),
        (b"", '<pre class="plain"></pre>'),
    ],
)
def test_what_is_no_notebook_is_shown_as_text_if_it_is_text(
    server: ServerSide, put: Put, data: bytes, expected: str
) -> None:
    put("published/a.ipynb", data)
    content = server.get(CONTENT, query_string=query())
    assert content.status_code == 200
    assert expected in content.text


def test_a_file_of_the_mounted_directory_is_shown_too(
    make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    (tmp_path / "a b.ipynb").write_text('{"nbformat": 4, "cells": [{"source": "hi"}]}')
    server = make_server_side(fs_cloning_basedir=str(tmp_path))
    page = server.get("/bookstore/fs-clone", query_string={"relpath": "a b.ipynb"})
    content = server.get(frame_of(page.text))
    assert content.status_code == 200
    assert "hi" in content.text
    outside = {"relpath": "../secret"}
    refused = server.get("/bookstore/fs-clone/content", query_string=outside)
    assert refused.status_code in (400, 404)
