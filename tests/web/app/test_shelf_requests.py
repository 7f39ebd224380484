"""How many requests a page of the published shelf takes, for its titles."""

import io
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from bookstore_web.catalogue.place import open_catalogue
from bookstore_web.catalogue.walk import Walk
from harness.fault_proxy import FaultProxy
from harness.s3_server import S3Server
from harness.service import serving_mounted
from harness.sources import notebook_of
from harness.web_app import ServerSide

COUNT = 4
BELOW = {"prefix": "a"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3.url) as proxy:
        yield proxy


@pytest.fixture
def traits(s3: S3Server, proxy: FaultProxy, tmp_path: Path) -> dict[str, Any]:
    """A bucket with published notebooks, and a catalogue that knows them."""
    bucket = s3.make_bucket(f"shelves-{secrets.token_hex(6)}")
    known = {
        **{"storage": "s3", "s3_endpoint_url": proxy.url, "s3_bucket": bucket},
        **{"s3_access_key_id": "a", "s3_secret_access_key": "b", "auth": "none"},
        "catalogue_url": f"sqlite:///{tmp_path}/catalogue.sqlite",
    }
    for number in range(COUNT):
        publish(known, number, f"Part {number}")
    settings = BookstoreSettings(**known)
    with closing(open_catalogue(settings)) as catalogue:
        catalogue.clock = lambda: time.time() + 60  # all was saved a while ago
        walk = Walk(open_store(settings), catalogue, threads=1)
        list(walk.list())
        list(walk.read())
        catalogue.set_state(walk_due=str(time.time() + 3600))  # the next is far away
    return known


def publish(traits: dict[str, Any], number: int, title: str) -> None:
    metadata = VersionMetadata(new_save_id(), utc_now(), author="ann", title=title)
    data = json.dumps(notebook_of(f"# {title}")).encode()
    store = open_store(BookstoreSettings(**traits))
    key = f"published/a/{number:02}.ipynb"
    store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)


def shelf(client: FlaskClient, proxy: FaultProxy) -> tuple[str, int]:
    """Return the page of a folder, and how many versions it asked for."""
    proxy.requests.clear()
    query = {"shelf": "published"} | BELOW
    page = client.get("/bookstore/", query_string=query)
    assert page.status_code == 200
    return page.text, proxy.requests.count("HEAD")


def test_titles_that_the_catalogue_knows_take_no_request(
    traits: dict[str, Any], proxy: FaultProxy, make_client: Callable[..., FlaskClient]
) -> None:
    page, asked = shelf(make_client(**traits), proxy)
    assert asked == 0
    assert len(proxy.requests) <= 3
    assert all(f"Part {number}<" in page for number in range(COUNT))
    assert page.count("api/bookstore/thumbnail") == COUNT


def test_a_title_is_right_where_the_catalogue_is_behind(
    traits: dict[str, Any], proxy: FaultProxy, make_client: Callable[..., FlaskClient]
) -> None:
    publish(traits, 3, "Another")
    page, asked = shelf(make_client(**traits), proxy)
    assert asked == 1
    assert "Another<" in page
    assert "Part 3<" not in page


def test_titles_are_read_one_by_one_where_the_catalogue_is_away(
    traits: dict[str, Any], proxy: FaultProxy, make_client: Callable[..., FlaskClient]
) -> None:
    away = traits | {"catalogue_url": "sqlite:////nowhere/catalogue.sqlite"}
    page, asked = shelf(make_client(**away), proxy)
    assert asked == COUNT
    assert all(f"Part {number}<" in page for number in range(COUNT))


@pytest.mark.parametrize("away", [False, True])
def test_a_page_of_a_service_takes_one_request_for_all_titles(
    traits: dict[str, Any],
    proxy: FaultProxy,
    make_server_side: Callable[..., ServerSide],
    away: bool,
) -> None:
    known = {"catalogue_url": "sqlite:////nowhere/catalogue.sqlite"} if away else {}
    with serving_mounted() as mounted:
        settings = mounted.service(**traits | known)
        server = make_server_side(storage="service", service_url=settings.service_url)
        proxy.requests.clear()
        page = server.get("/bookstore/", query_string={"shelf": "published"} | BELOW)
    assert all(f"Part {number}<" in page.text for number in range(COUNT))
    assert mounted.requests.count("POST /api/bookstore/store/described") == 1
    assert "POST /api/bookstore/store/head" not in mounted.requests
    assert proxy.requests.count("HEAD") == (COUNT if away else 0)
