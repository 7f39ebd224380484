"""What ServiceStore makes of answers that are not as they should be."""

import io
import json

import pytest

from bookstore_core import errors
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ForbiddenError,
    HubUnavailableError,
    StorageError,
    StorageUnavailableError,
    StoreRefusedError,
    TooLargeError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.service.errors import CLASSES, error_form
from bookstore_core.stores.service.forms import Introduction
from bookstore_core.stores.service.store import ServiceStore
from core.saving import KEY, metadata_for
from harness.notebook_server import free_port
from harness.scripted import Scripted, answer, scripted

HALF = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
SECRET = "a-secret-token-0123456789"
PAGE = b"<html><body>Something else</body></html>"
JSON = "application/json"


def store_at(url: str, **traits: object) -> ServiceStore:
    settings = BookstoreSettings(storage="service", service_url=url, **traits)
    return ServiceStore(settings, pause=lambda seconds: None)


def asked(server: Scripted) -> BookstoreError:
    with pytest.raises(BookstoreError) as raised:
        store_at(server.url, service_token=SECRET).list_versions(KEY)
    assert SECRET not in str(raised.value)
    return raised.value


def introduced() -> bytes:
    known = Introduction(
        "b", "s3://b", "ann", "workspace/ann", "published", "ann", 10**6
    )
    return answer(200, json.dumps(known.form()).encode(), kind=JSON)


def refused(error: BookstoreError) -> bytes:
    return answer(503, json.dumps(error_form(error)).encode(), kind=JSON)


@pytest.mark.parametrize(
    ("answered", "kind", "words"),
    [
        (answer(302, b"", "Location: /hub/login?next=x"), StoreRefusedError, "log in"),
        (answer(401, PAGE), StoreRefusedError, "stop and start this server"),
        (answer(403, PAGE), ForbiddenError, "access:services!service=bookstore"),
        (answer(404, PAGE), StoreRefusedError, "service_url"),
        (answer(413, PAGE), TooLargeError, "max_notebook_size"),
        (answer(429, PAGE, "Retry-After: 7"), StorageUnavailableError, "7 seconds"),
        (answer(500, PAGE), StorageUnavailableError, "cannot answer now: 500"),
        (answer(502, PAGE), StorageUnavailableError, "cannot answer now: 502"),
        (answer(503, b"{}", kind=JSON), StorageUnavailableError, "503"),
        (answer(504, b""), StorageUnavailableError, "504"),
        (answer(200, PAGE), StorageError, "does not answer like bookstore"),
        (answer(200, b"[]", kind=JSON), StorageError, "like bookstore"),
        (answer(200, b'{"a": 1}', kind=JSON), StorageError, "like bookstore"),
        (answer(200, b'{"a": 1}', kind=JSON, cut=2), StorageUnavailableError, "cut"),
        (b"", StorageUnavailableError, "closed the connection"),
        (b"\x00garbage\r\n\r\n", StorageUnavailableError, "cannot be used now"),
    ],
)
def test_an_answer_has_the_class_of_its_meaning(
    answered: bytes, kind: type[BookstoreError], words: str
) -> None:
    with scripted(answered) as server:
        error = asked(server)
        assert type(error) is kind
        assert words in str(error)
        assert server.url in str(error)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_error_of_the_service_keeps_its_class(name: str) -> None:
    sent = getattr(errors, name)("It is so. Do this.")
    sent.cause = "SlowDown"
    with scripted(refused(sent)) as server:
        error = asked(server)
    assert (type(error), str(error)) == (type(sent), str(sent))
    assert (error.cause, error.wide) == (sent.cause, sent.wide)
    assert error.retryable == sent.retryable


def test_a_hub_that_is_down_fails_every_save_alike() -> None:
    with scripted(refused(HubUnavailableError("The hub is down."))) as server:
        error = asked(server)
    assert (error.wide, error.retryable) == (True, True)


def test_a_service_that_does_not_listen_may_come_back() -> None:
    store = store_at(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageUnavailableError, match="refused"):
        store.head(KEY)
    assert not store.check().ok
    assert store.check().retryable


@pytest.mark.parametrize(
    "url", ["http://[::1/x", "http://127.0.0.1:99999/", "https://a..b/"]
)
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError, match="service_url"):
        store_at(url).head(KEY)


def test_a_missing_token_is_named() -> None:
    missing = pytest.raises(StoreRefusedError, match="JUPYTERHUB_API_TOKEN")
    with scripted(answer(401, PAGE)) as server, missing:
        store_at(server.url).head(KEY)


def test_the_token_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with scripted(introduced()) as server:
        store = store_at(server.url, service_token=SECRET)
        assert store.introduction().user == "ann"
        assert f"Authorization: token {SECRET}" in server.heads[0]
    shown = f"{store!r} {vars(store)!r} {store._service!r} {caplog.text}"
    assert SECRET not in shown


def test_reads_are_repeated_and_writes_are_not() -> None:
    gone = answer(502, PAGE)
    with scripted(gone, gone, introduced()) as server:
        assert store_at(server.url).bucket == "b"
        assert len(server.requests) == 3
    with scripted(gone) as server:
        with pytest.raises(StorageUnavailableError):
            store_at(server.url).mark_deleted(KEY)
        with pytest.raises(StorageUnavailableError):
            store_at(server.url).set_label(KEY, "v", None)
        routes = [known.rpartition("/")[2] for known in server.requests]
        assert routes == ["delete", "label"]


@pytest.mark.parametrize("lost", [b"", answer(502, PAGE), HALF])
def test_a_save_whose_answer_is_lost_is_not_sent_again(lost: bytes) -> None:
    with scripted(introduced(), lost) as server:
        store = store_at(server.url)
        with pytest.raises(StorageUnavailableError):
            store.put(KEY, io.BytesIO(b"{}"), size=2, metadata=metadata_for(b"{}"))
        assert [known.split()[0] for known in server.requests] == ["GET", "PUT"]


def test_a_content_over_the_limit_of_the_service_is_not_sent() -> None:
    with scripted(introduced()) as server:
        body = io.BytesIO(b"x" * (10**6 + 1))
        with pytest.raises(TooLargeError, match="max_notebook_size"):
            store_at(server.url).put(
                KEY, body, size=10**6 + 1, metadata=metadata_for(b"")
            )
        assert len(server.requests) == 1


def test_a_service_of_an_earlier_release_describes_nothing() -> None:
    with scripted(answer(404, b"{}", kind=JSON)) as server:
        assert store_at(server.url).described(()) == []
        assert "POST" in str(server.requests[0])
