"""The shelves in S3: foreign objects, and the requests of a listing."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from bookstore_web.app import services
from bookstore_web.app.pages import home
from bookstore_web.library import latest
from harness.fault_proxy import FaultProxy
from harness.s3_server import S3Server
from harness.web_app import ServerSide

URL = "/api/bookstore/notebooks"

#: Empty objects for folders, odd names, one of bookstore's own notes.
KEYS = [
    "workspace/",
    "workspace/sub/",
    "workspace/sub/a.ipynb",
    "workspace/a//b.ipynb",
    "workspace/../c.ipynb",
    "workspace/ü %2F?#&+.ipynb",
    "workspace/.bookstore/moved/gone.ipynb",
]


@pytest.fixture(scope="module")
def proxy() -> Iterator[FaultProxy]:
    server = S3Server()
    server.start()
    server.make_bucket("shelves")
    for key in KEYS:
        server.client().put_object(Bucket="shelves", Key=key, Body=b"{}")
    server.make_bucket("long")
    for number in range(6):
        key = f"workspace/{number}.ipynb"
        server.client().put_object(Bucket="long", Key=key, Body=b"{}")
    with FaultProxy(server.url) as proxy:
        yield proxy
    server.stop()


def traits(proxy: FaultProxy, bucket: str) -> dict[str, str]:
    keys = {"s3_access_key_id": "a", "s3_secret_access_key": "b"}
    place = {"s3_endpoint_url": proxy.url, "s3_bucket": bucket}
    return {"storage": "s3", **place, **keys}


@pytest.fixture
def client(make_client: Callable[..., FlaskClient], proxy: FaultProxy) -> FlaskClient:
    client = make_client(**traits(proxy, "shelves"))
    proxy.requests.clear()
    return client


def test_a_home_page_is_three_listings_also_of_a_long_shelf(
    make_client: Callable[..., FlaskClient],
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(home, "SHORT_SCAN", home.SHORT_SCAN // latest.PAGE * 2)
    monkeypatch.setattr(latest, "PAGE", 2)
    client = make_client(**traits(proxy, "long"))
    proxy.requests.clear()
    assert client.get("/bookstore/").status_code == 200
    assert len(proxy.requests) == 3


def test_the_notes_of_notebooks_that_are_gone_take_one_listing(
    make_server_side: Callable[..., ServerSide],
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "KEEP_FOLDERS", 600.0)
    server = make_server_side({}, **traits(proxy, "long"))
    proxy.requests.clear()
    for _ in range(2):  # the second person shares it
        kept = server.get(URL).json["notebooks"]
        assert [notebook["here"] for notebook in kept] == [False] * 6
        assert len(proxy.requests) == 3  # the folder, its notes, whether there are runs


def test_a_folder_is_one_request(client: FlaskClient, proxy: FaultProxy) -> None:
    answer = client.get(URL)
    assert answer.status_code == 200, answer.text
    assert answer.json["folders"] == ["..", "a", "sub"]
    paths = [notebook["path"] for notebook in answer.json["notebooks"]]
    assert paths == ["ü %2F?#&+.ipynb"]
    assert len(proxy.requests) == 1
    below = client.get(URL, query_string={"prefix": "sub"}).json
    assert [notebook["path"] for notebook in below["notebooks"]] == ["sub/a.ipynb"]


@pytest.mark.parametrize("query", [{"q": "b"}, {"recent": "1"}])
def test_a_scan_returns_only_notebooks_and_is_one_request(
    client: FlaskClient, proxy: FaultProxy, query: dict[str, str]
) -> None:
    answer = client.get(URL, query_string=query)
    assert answer.status_code == 200, answer.text
    paths = {notebook["path"] for notebook in answer.json["notebooks"]}
    everything = {"../c.ipynb", "a//b.ipynb", "sub/a.ipynb", "ü %2F?#&+.ipynb"}
    assert paths == everything
    assert len(proxy.requests) == 1
