"""A version that was viewed and then removed from the store is gone for every route."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.stores import Version
from harness.notebook_server import notebook
from harness.web_app import ContentsDouble, ServerSide

PATH = "a.ipynb"


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide]) -> ServerSide:
    return make_server_side({"archives": True})


@pytest.fixture
def removed(
    server: ServerSide, put: Callable[..., Version], contents: ContentsDouble
) -> dict[str, Any]:
    """Fields that name a version which was viewed, and then removed by a rule."""
    content = notebook("now")
    contents.files[PATH] = {"type": "notebook", "format": "json", "content": content}
    version = put(f"workspace/{PATH}", notebook("old"))
    put(f"workspace/{PATH}", notebook("new"))
    fields = {"path": PATH, "version_id": version.version_id}
    for page in ("view", "view/content"):
        assert server.get(f"/bookstore/{page}", query_string=fields).status_code == 200
    for file in Path(server.services.settings.local_root).rglob(
        f"*{version.version_id}*"
    ):
        file.unlink()
    return fields


@pytest.mark.parametrize("page", ["view", "view/content", "restore"])
def test_its_pages_are_404(
    server: ServerSide, removed: dict[str, Any], page: str
) -> None:
    answer = server.get(f"/bookstore/{page}", query_string=removed)
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("target", [{}, {"target_path": "copy.ipynb"}])
def test_it_is_not_restored(
    server: ServerSide,
    removed: dict[str, Any],
    contents: ContentsDouble,
    target: dict[str, str],
) -> None:
    before = dict(contents.files)
    answer = server.post("/api/bookstore/restore", json={**removed, **target})
    assert answer.status_code == 404, answer.text
    assert contents.files == before


def test_it_is_not_published(server: ServerSide, removed: dict[str, Any]) -> None:
    form = {**removed, "published_path": "again.ipynb"}
    answer = server.post("/bookstore/publish", data=form)
    assert answer.status_code == 404, answer.text
    store = server.services.open_store()
    assert not store.list_versions("published/again.ipynb").versions
