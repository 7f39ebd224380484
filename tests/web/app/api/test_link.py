"""GET /api/bookstore/link."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from bookstore_core.stores import Version
from harness.web_app import ServerSide

Put = Callable[..., Version]

URL = "/api/bookstore/link"


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)


def test_a_version_has_a_link_and_one_to_the_newest(
    client: FlaskClient, put: Put
) -> None:
    old = put("workspace/a b.ipynb", b"{}").version_id
    put("workspace/a b.ipynb", b"{ }")
    query = {"path": "a b.ipynb", "version_id": old}
    links = client.get(URL, query_string=query).json
    assert query_of(links["url"])["s3_version_id"] == [old]
    assert "s3_version_id" not in query_of(links["newest_url"])
    assert query_of(links["newest_url"])["s3_key"] == ["workspace/a b.ipynb"]
    assert links["public"] is False


@pytest.mark.parametrize("query", [{"path": "none.ipynb"}, {"path": "a.ipynb"}])
def test_what_has_no_version_has_no_link(
    client: FlaskClient, put: Put, query: dict[str, str]
) -> None:
    put("published/a.ipynb", b"{}")
    assert client.get(URL, query_string=query).status_code == 404


def test_links_lead_to_the_public_address(
    make_server_side: Callable[..., ServerSide], put: Put
) -> None:
    put("published/a.ipynb", b"{}")
    hub = "https://hub.example.org/hub/user-redirect/"
    server = make_server_side({"public_url": hub})
    links = server.get(f"{URL}?path=a.ipynb&shelf=published").json
    assert links["url"].startswith(f"{hub}bookstore/clone?")
    assert links["public"] is True
