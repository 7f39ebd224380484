"""A store that cannot be read: no page and no list says that there is nothing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.moved_notes import note_key, write_note
from harness.fault_proxy import Fault, FaultProxy
from harness.s3_server import S3Server
from harness.web_app import ServerSide

PATH = {"path": "a.ipynb"}
PUBLISHED = {"shelf": "published"}
SOURCE = {"s3_bucket": "unread", "s3_key": "published/a.ipynb"}

#: Everything that shows what the store has.
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "home": ("bookstore/", {}),
    "folder": ("bookstore/", {"prefix": "sub"}),
    "search": ("bookstore/", {"q": "a"}),
    "published": ("bookstore/", PUBLISHED),
    "published search": ("bookstore/", {**PUBLISHED, "q": "a"}),
    "history": ("bookstore/history", PATH),
    "labels": ("bookstore/history", {**PATH, "q": "a"}),
    "published history": ("bookstore/history", {**PATH, **PUBLISHED}),
    "view": ("bookstore/view", PATH),
    "content": ("bookstore/view/content", {**PATH, "version_id": "@0"}),
    "compare": ("bookstore/diff", PATH),
    "restore": ("bookstore/restore", {**PATH, "version_id": "@0"}),
    "clone": ("bookstore/clone", SOURCE),
    "clone content": ("bookstore/clone/content", SOURCE),
    "picture": ("api/bookstore/thumbnail", {**PATH, "version_id": "v1"}),
    "api notebooks": ("api/bookstore/notebooks", {}),
    "api search": ("api/bookstore/notebooks", {"q": "a"}),
    "api recent": ("api/bookstore/notebooks", {"recent": "1"}),
    "api published": ("api/bookstore/notebooks", PUBLISHED),
    "api versions": ("api/bookstore/versions", PATH),
    "api version": ("api/bookstore/version", PATH),
    "api labels": ("api/bookstore/versions", {**PATH, "q": "a"}),
    "api link": ("api/bookstore/link", PATH),
    "api diff": ("api/bookstore/diff", PATH),
}
FAULTS = {
    "down": Fault("refuse"),
    "busy": Fault("status"),
    "keys refused": Fault("status", status=403, code="InvalidAccessKeyId"),
    "access refused": Fault("status", status=403),
    "no bucket": Fault("status", status=404, code="NoSuchBucket"),
    "not S3": Fault("status", status=200, code="none"),
}
#: What pages say if there is nothing.
NOTHING = re.compile(
    "No versions yet|Nothing is published|No notebook|no versions here any more|"
    "are no versions of|No version has|has been deleted|no notebooks in"
)


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    server.make_bucket("unread")
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server) -> Any:
    return s3_server.client()


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.url) as proxy:
        yield proxy


@pytest.fixture
def server(
    make_server_side: Callable[..., ServerSide], proxy: FaultProxy
) -> Iterator[ServerSide]:
    yield make_server_side(
        {"archives": True},
        storage="s3",
        s3_endpoint_url=proxy.url,
        s3_access_key_id="key",
        s3_secret_access_key="secret",
        s3_bucket="unread",
    )
    proxy.heal()


def test_a_file_in_place_of_a_local_store_is_not_an_empty_store(
    make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    server = make_server_side(local_root=str(tmp_path / "file"))
    for name, (url, query) in ASKED.items():
        if name.startswith("clone"):
            query = {**query, "s3_bucket": "bookstore"}
        answer = server.get(f"/{url}", query_string=query)
        assert not NOTHING.search(answer.text), name
        assert "is not a directory" in answer.text, name


@pytest.mark.parametrize(("status", "expected"), [(403, 200), (503, 503)])
def test_a_notebook_whose_note_cannot_be_read_is_not_said_to_be_deleted(
    server: ServerSide, proxy: FaultProxy, s3: Any, status: int, expected: int
) -> None:
    key, url = "workspace/gone.ipynb", "/api/bookstore/notebooks"
    s3.put_object(Bucket="unread", Key=key, Body=b"{}")
    assert server.get(url).json["notebooks"][0]["here"] is False
    s3.put_object(Bucket="unread", Key=note_key(key), Body=write_note(""))
    proxy.fault = Fault("status", status=status, path="/.bookstore/moved/")
    server.services.notes.forget()  # which it would after a second
    answer = server.get(url)
    assert answer.status_code == expected
    if expected == 200:
        assert answer.json["notebooks"][0]["here"] is None


@pytest.mark.parametrize("fault", FAULTS)
def test_each_page_and_list_says_that_the_store_cannot_be_read(
    server: ServerSide, proxy: FaultProxy, fault: str
) -> None:
    proxy.fault = FAULTS[fault]
    for name, (url, query) in ASKED.items():
        answer = server.get(f"/{url}", query_string=query)
        assert answer.status_code in {403, 502, 503}, f"{name}: {answer.text}"
        assert not NOTHING.search(answer.text), name
        assert re.search("The (store|server at) |There is no bucket", answer.text), name
