"""Versions that are on their way to the store, in the API and on the history page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore_archiver.spool.entry import Provenance
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.stores import Version
from harness.web_app import ServerSide

URL, QUERY = "/api/bookstore/versions", {"path": "a.ipynb"}
PAGE = "/bookstore/history"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool whose saves are not about to leave it."""
    spool = Spool(tmp_path / "spool")
    spool.make()
    DrainStatus(last_error="The store is down.").write(str(spool.root))
    return spool


@pytest.fixture
def server(spool: Spool, make_server_side: Callable[..., ServerSide]) -> ServerSide:
    return make_server_side(spool_dir=str(spool.root))


def add(spool: Spool, **known: Any) -> None:
    spool.add(
        BytesSource(b"{}"),
        key="workspace/a.ipynb",
        author="<b>ann</b>",
        source_path="a.ipynb",
        provenance=Provenance(**known),
    )


def test_a_save_that_is_not_stored_is_listed_besides(
    server: ServerSide, spool: Spool, put: Callable[..., Version]
) -> None:
    put("workspace/a.ipynb", b"{}")
    add(spool, restored_from="v1")
    answer = server.get(URL, query_string=QUERY).json
    [waiting], [_] = answer["waiting"], answer["versions"]
    assert (waiting["author"], waiting["size"]) == ("<b>ann</b>", 2)
    assert waiting["restored_from"] == "v1"
    page = server.get(PAGE, query_string=QUERY).text
    assert "Restored by &lt;b&gt;ann&lt;/b&gt; <time" in page
    assert ", on its way to the store." in page


def test_a_notebook_whose_first_save_waits_has_a_history(
    server: ServerSide, spool: Spool
) -> None:
    assert server.get(URL, query_string=QUERY).status_code == 404
    add(spool)
    answer = server.get(URL, query_string=QUERY).json
    assert (len(answer["waiting"]), answer["versions"]) == (1, [])
    page = server.get(PAGE, query_string=QUERY)
    assert "on its way to the store" in page.text
    assert "no versions" not in page.text


def test_only_the_first_page_lists_them(server: ServerSide, spool: Spool) -> None:
    add(spool)
    query = {**QUERY, "q": "name"}
    assert server.get(URL, query_string=query).status_code == 404


def test_what_may_be_dropped_is_not_listed(server: ServerSide, spool: Spool) -> None:
    add(spool, only_if_changed=True)
    assert server.get(URL, query_string=QUERY).status_code == 404
