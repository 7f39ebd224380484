"""Which requests to S3 it takes to view, compare and restore versions."""

import html
import io
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from bookstore_core.runs.markers import record_run
from bookstore_core.runs.run import Run
from bookstore_core.stores import (
    Label,
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from bookstore_web.library import publications
from harness.notebook_server import notebook
from harness.s3_server import S3Server
from harness.web_app import ContentsDouble, ServerSide

PATH = "a.ipynb"
KEY = f"workspace/{PATH}"
VIEW = "/bookstore/view"
FRAME = "/bookstore/view/content"
API = "/api/bookstore/version"

CONTENT, HEAD, TAGS = "GET of a content", "HEAD", "GET of tags"
VERSIONS, MARKERS = "listing of versions", "listing of markers"
KINDS = {"versions": VERSIONS, "list-type": MARKERS, "tagging": TAGS}
METHODS = {"GET": CONTENT, "HEAD": HEAD}

#: Sends the app a request and returns the requests that it sent to the store.
Asked = Callable[..., dict[str, int]]


class CountingServer(S3Server):
    """S3 that records which requests arrive."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        super().__init__()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        kinds = [kind for name, kind in KINDS.items() if name in query]
        method = environ["REQUEST_METHOD"]
        self.asked[kinds[0] if kinds else METHODS.get(method, method)] += 1
        return super()._answer(environ, start_response)


@pytest.fixture(scope="module")
def s3() -> Iterator[CountingServer]:
    server = CountingServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(
    make_server_side: Callable[..., ServerSide],
    s3: CountingServer,
    contents: ContentsDouble,
) -> ServerSide:
    bucket = s3.make_bucket(f"bucket-{secrets.token_hex(6)}")
    model = {"type": "notebook", "format": "json", "content": notebook("now")}
    contents.files[PATH] = model
    traits = s3.settings(bucket)
    return make_server_side({"archives": True}, storage="s3", **traits)


@pytest.fixture
def saved(server: ServerSide) -> list[Version]:
    """Three versions, oldest first."""
    store = server.services.open_store()
    return [save(store, notebook(*"123"[:count])) for count in (1, 2, 3)]


def save(store: VersionStore, content: Any, *, key: str = KEY, **known: Any) -> Version:
    data = json.dumps(content).encode()
    metadata = VersionMetadata(save_id=new_save_id(), saved_at=utc_now(), **known)
    return store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)


@pytest.fixture
def asked(server: ServerSide, s3: CountingServer) -> Asked:
    def asked(url: str, method: str = "GET", status: int = 200, **options: Any) -> Any:
        s3.asked.clear()
        answer = server.open(method, url, **options)
        assert answer.status_code == status, answer.text
        return dict(s3.asked)

    return asked


def label(server: ServerSide, version: Version) -> None:
    store = server.services.open_store()
    store.set_label(KEY, version.version_id, Label("good"))


def named(version: Version, **more: str) -> dict[str, Any]:
    query = {"path": PATH, "version_id": version.version_id, **more}
    return {"query_string": query}


@pytest.mark.parametrize("url", [VIEW, API])
@pytest.mark.parametrize("place", [0, 2])
def test_a_version_is_viewed_with_three_requests(
    asked: Asked, saved: list[Version], url: str, place: int
) -> None:
    once = {CONTENT: 1, VERSIONS: 1, MARKERS: 1}
    assert asked(url, **named(saved[place])) == once


@pytest.mark.parametrize("url", [VIEW, API])
def test_a_labelled_version_costs_one_more_request_for_its_tags(
    server: ServerSide, asked: Asked, saved: list[Version], url: str
) -> None:
    label(server, saved[0])
    once = {CONTENT: 1, VERSIONS: 1, MARKERS: 1}
    assert asked(url, **named(saved[0])) == {**once, TAGS: 1}
    # The label of another one costs nothing.
    assert asked(url, **named(saved[1])) == once


@pytest.mark.parametrize("url", [VIEW, API])
def test_a_content_is_fetched_once(
    asked: Asked, saved: list[Version], url: str
) -> None:
    asked(VIEW, **named(saved[0]))
    again = {HEAD: 1, VERSIONS: 1, MARKERS: 1}
    assert asked(url, **named(saved[0])) == again


def test_the_frame_of_a_viewed_version_only_asks_whether_it_exists(
    asked: Asked, saved: list[Version]
) -> None:
    assert asked(FRAME, **named(saved[0])) == {CONTENT: 1}
    assert asked(FRAME, **named(saved[0])) == {HEAD: 1}
    asked(VIEW, **named(saved[1]))
    assert asked(FRAME, **named(saved[1], cell="0")) == {HEAD: 1}


def test_the_frame_of_a_version_under_an_older_path_asks_no_more(
    server: ServerSide, s3: CountingServer, saved: list[Version]
) -> None:
    store = server.services.open_store()
    save(store, notebook("4"), key="workspace/b.ipynb", moved_from=PATH)
    query = {"path": "b.ipynb", "version_id": saved[0].version_id}
    page = server.get(VIEW, query_string=query)
    (source,) = re.findall(r'<iframe [^>]*src="([^"]*)"', page.text)
    s3.asked.clear()
    frame = server.get(html.unescape(source))
    assert frame.status_code == 200, frame.text
    assert s3.asked == {HEAD: 1}


def test_a_content_that_can_be_overwritten_is_fetched_again(
    server: ServerSide, s3: CountingServer
) -> None:
    bucket = server.services.settings.s3_bucket
    s3.client().put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    for body in (b"one", b"two"):
        s3.client().put_object(Bucket=bucket, Key=KEY, Body=body)
        query = {"path": PATH, "version_id": "null"}
        assert body in server.get(FRAME, query_string=query).data


@pytest.mark.parametrize("how", ["place", "copy"])
def test_a_restore_from_the_page_is_four_requests(
    server: ServerSide, asked: Asked, saved: list[Version], how: str
) -> None:
    form = {"path": PATH, "version_id": saved[0].version_id, "how": how}
    post = {"method": "POST", "status": 303, "data": form}
    found = {HEAD: 1, VERSIONS: 1, MARKERS: 1}
    assert asked("/bookstore/restore", **post) == {**found, CONTENT: 1}
    again = {**found, HEAD: 2}
    assert asked("/bookstore/restore", **post) == again
    label(server, saved[0])
    assert asked("/bookstore/restore", **post) == {**again, TAGS: 1}


def test_a_restore_by_the_api_is_two_requests(
    asked: Asked, saved: list[Version]
) -> None:
    wish = {"path": PATH, "version_id": saved[0].version_id}
    post = {"method": "POST", "json": wish}
    # Its size says whether it has to wait for its turn.
    assert asked("/api/bookstore/restore", **post) == {HEAD: 1, CONTENT: 1}
    assert asked("/api/bookstore/restore", **post) == {HEAD: 2}


@pytest.mark.parametrize("url", ["/bookstore/diff", "/api/bookstore/diff"])
def test_two_versions_are_compared_with_a_request_for_each(
    asked: Asked, saved: list[Version], url: str
) -> None:
    query = {"base": saved[0].version_id, "remote": saved[2].version_id}
    query = {"query_string": {"path": PATH, **query}}
    assert asked(url, **query) == {CONTENT: 2}
    assert asked(url, **query) == {}


@pytest.mark.parametrize("url", ["/bookstore/diff", "/api/bookstore/diff"])
def test_the_version_before_another_is_found_by_two_listings(
    asked: Asked, saved: list[Version], url: str
) -> None:
    query = {"query_string": {"path": PATH, "remote": saved[2].version_id}}
    # One of the listings is that of the notes at the path. A HEAD of each version, also
    # of the later one, after which the other listing begins.
    assert asked(url, **query) == {CONTENT: 2, VERSIONS: 2, HEAD: 2}
    # Of a listed version, the metadata is in memory.
    assert asked(url, **query) == {VERSIONS: 2}


def test_the_newest_two_are_compared_without_their_labels(
    asked: Asked, saved: list[Version]
) -> None:
    query = {"query_string": {"path": PATH}}
    found = asked("/bookstore/diff", **query)
    assert found == {CONTENT: 2, VERSIONS: 3, HEAD: 2}


def test_a_history_costs_what_its_rows_cost_also_with_the_last_weeks(
    asked: Asked, saved: list[Version], contents: ContentsDouble
) -> None:
    query = {"query_string": {"path": PATH}}
    # One of the listings of versions is that of the notes at the path; those of markers
    # are of labels and of runs.
    expected = {VERSIONS: 2, HEAD: 3, MARKERS: 2}
    assert asked("/bookstore/history", **query) == expected
    # The next time, metadata that cannot change are not asked for.
    del expected[HEAD]
    assert asked("/bookstore/history", **query) == expected
    # Of a notebook that is gone, the note may say where it is.
    del contents.files[PATH]
    assert asked("/bookstore/history", **query) == {**expected, CONTENT: 1}


def test_the_home_page_asks_what_is_gone_only_if_there_are_runs(
    server: ServerSide,
    asked: Asked,
    saved: list[Version],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publications, "FRESH", timedelta())  # kept from now on
    store, settings = server.services.open_store(), server.services.settings
    save(store, notebook("gone"), key="workspace/gone.ipynb")
    assert HEAD not in asked("/bookstore/")
    run = Run(KEY, saved[0].version_id, utc_now(), 1.0)
    kept = save(store, notebook("4"), key="workspace/results.ipynb", run=run)
    assert record_run(store, settings, kept)
    server.services.changed(kept.key)
    assert asked("/bookstore/")[HEAD] == 2
    assert HEAD not in asked("/bookstore/")
    page = server.get("/bookstore/").text
    assert page.count("results of runs") == page.count("not on your server") == 1


def test_a_page_of_runs_costs_a_listing_and_one_request_for_each_version(
    server: ServerSide, asked: Asked, saved: list[Version]
) -> None:
    store, settings = server.services.open_store(), server.services.settings
    run = Run(KEY, saved[0].version_id, utc_now(), 1.0)
    for _ in range(3):
        kept = save(store, notebook("4"), key=f"workspace/runs/{PATH}", run=run)
        assert record_run(store, settings, kept)
    query = {"query_string": {"path": PATH}}
    # The last one is for the version that all three ran.
    assert asked("/bookstore/runs", **query) == {MARKERS: 1, HEAD: 4}
    assert asked("/api/bookstore/runs", **query) == {MARKERS: 1, HEAD: 3}


def test_an_image_of_a_comparison_asks_nothing_more(
    server: ServerSide, asked: Asked
) -> None:
    image = {"output_type": "display_data", "data": {"image/png": "aGk="}}
    content = notebook("1")
    content["cells"][0]["outputs"] = [image]
    store = server.services.open_store()
    versions = [save(store, notebook("1")), save(store, content)]
    known = {"base": versions[0].version_id, "remote": versions[1].version_id}
    page = {"query_string": {"path": PATH, **known}}
    assert asked("/bookstore/diff", **page) == {CONTENT: 2}
    shown = named(versions[1], cell="0", output="0")
    assert asked("/bookstore/diff/image", **shown) == {}
