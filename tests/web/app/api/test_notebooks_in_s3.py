"""The shelves in S3: foreign objects, and the requests of a listing."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from harness.fault_proxy import FaultProxy
from harness.s3_server import S3Server

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
    with FaultProxy(server.url) as proxy:
        yield proxy
    server.stop()


@pytest.fixture
def client(make_client: Callable[..., FlaskClient], proxy: FaultProxy) -> FlaskClient:
    client = make_client(
        storage="s3",
        s3_endpoint_url=proxy.url,
        s3_access_key_id="a",
        s3_secret_access_key="b",
        s3_bucket="shelves",
    )
    proxy.requests.clear()
    return client


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
