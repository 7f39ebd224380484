"""The requests that are sent by the thousand share connections, and survive them."""

from collections.abc import Iterator

import pytest

from bookstore_core.errors import BookstoreError, StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.lean.requests import connections_of
from bookstore_core.stores.s3.store import S3Store
from core.saving import KEY, MakeStore, Traits, save
from harness.fault_proxy import Fault, FaultProxy, Kind


@pytest.fixture
def proxy(s3_server: Traits) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: FaultProxy, s3_server: Traits, make_store: MakeStore) -> S3Store:
    """A store behind the proxy, which has sent requests."""
    traits = {**s3_server, "s3_bucket": make_store(s3_server).bucket}
    settings = BookstoreSettings(**{**traits, "s3_endpoint_url": proxy.url})
    store = S3Store(settings, pause=lambda seconds: None)
    save(store)
    return store


def test_requests_share_one_connection(proxied: S3Store, proxy: FaultProxy) -> None:
    for _ in range(5):
        proxied.head(save(proxied).key)
    assert proxy.connections == 1


@pytest.mark.parametrize("kind", ["refuse", "cut", "lose_answer"])
def test_a_connection_that_fails_is_opened_again(
    proxied: S3Store, proxy: FaultProxy, kind: Kind
) -> None:
    proxy.fault = Fault(kind, size=1)
    with pytest.raises(StorageUnavailableError):
        list(proxied.list_versions(KEY))
    proxy.heal()
    save(proxied)
    assert proxied.head(KEY).key == KEY


def test_a_session_that_keeps_its_connections_elsewhere_sends_itself() -> None:
    assert connections_of(object(), "https://s3.eu-west-1.amazonaws.com/b") is None


def test_a_connection_that_the_server_closes_is_opened_again(
    proxied: S3Store, proxy: FaultProxy
) -> None:
    before = proxy.connections
    proxy.hidden = frozenset({"content-length"})  # it closes after such an answer
    save(proxied)
    save(proxied)
    assert proxy.connections > before


def test_a_header_with_a_line_break_is_not_sent(
    proxied: S3Store, proxy: FaultProxy
) -> None:
    proxied._settings.s3_sse_kms_key_id = "key\r\nx-amz-acl: public-read"
    proxy.requests.clear()
    with pytest.raises(BookstoreError):
        save(proxied)
    assert proxy.requests == []
