"""Content through a service: bounded memory on both sides, and services that hang."""

import hashlib
import io
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from bookstore_core.errors import StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.service import connection
from bookstore_core.stores.service.store import ServiceStore
from bookstore_core.stores.timeouts import FOR_CHECKS, FOR_PEOPLE, Timeouts
from core.saving import KEY, MakeStore, Traits, contents_of, metadata_for, save
from harness.scripted import answer, scripted
from harness.service import Mounted

#: An answer whose head is cut off, after which the connection is closed.
HALF = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"

SIZE = 48 * 2**20


@pytest.fixture
def large(tmp_path: Path) -> Iterator[io.BufferedReader]:
    """A file of `SIZE` bytes, which takes no room."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(SIZE)
    with path.open("rb") as opened:
        yield opened


def test_large_content_is_in_the_memory_of_neither_side(
    local: Traits, make_store: MakeStore, mounted: Mounted, large: io.BufferedReader
) -> None:
    store = make_store({**local, "mounted": mounted})
    metadata = metadata_for(sha256=hashlib.file_digest(large, "sha256").hexdigest())
    large.seek(0)
    save(store)  # what is imported and kept at the first save does not count
    tracemalloc.start()
    try:
        store.put(KEY, large, size=SIZE, metadata=metadata)
        with store.open(KEY) as opened:
            assert sum(len(piece) for piece in opened.pieces()) == SIZE
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SIZE / 3  # client and service are in this process


def test_a_service_may_keep_everything_in_s3(
    s3_server: Traits, make_store: MakeStore, mounted: Mounted
) -> None:
    store: VersionStore = make_store({**s3_server, "mounted": mounted})
    old, new = save(store, b"old", save_id="the-one"), save(store, b"new")
    assert contents_of(store) == [b"new", b"old"]
    assert store.find_save(KEY, "the-one", size=3) == store.head(KEY, old.version_id)
    store.set_label(KEY, new.version_id, Label("good"))
    assert list(store.labels_named(KEY, "good")) == [new.version_id]
    assert [found.key for found in store.walk_keys("workspace").keys] == [KEY]
    assert store.check(thorough=True).ok
    assert store.bucket == new.bucket


def test_who_waits_for_a_page_does_not_wait_for_a_service_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for wait in (FOR_PEOPLE, FOR_CHECKS):
        assert wait.connect + wait.read <= 5
    monkeypatch.setattr(connection, "FOR_PEOPLE", Timeouts(2, 0.1))
    monkeypatch.setattr(connection, "HURRIED_READ_PATIENCE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = BookstoreSettings(storage="service", service_url=url)
        store = ServiceStore(settings, hurried=True)
        with pytest.raises(StorageUnavailableError, match="did not answer in time"):
            store.list_versions(KEY)


def test_content_that_is_cut_off_is_not_taken_for_the_whole(
    service: Traits, make_store: MakeStore
) -> None:
    store = make_store(service)
    save(store, b"x" * 100)
    assert isinstance(store, ServiceStore)
    packed, body = store._service.open({**store._known, "key": KEY})
    body.close()
    cut = answer(200, b"x" * 100, f"X-Bookstore-Fields: {packed}", cut=40)
    with scripted(cut) as server:
        settings = BookstoreSettings(storage="service", service_url=server.url)
        refused = pytest.raises(StorageUnavailableError)
        with ServiceStore(settings).open(KEY) as opened, refused:
            opened.read(100)


@pytest.mark.parametrize("cut", [HALF, b"HTTP Connection: close"])
def test_an_answer_without_a_whole_head_may_pass(cut: bytes) -> None:
    with scripted(cut) as server:
        settings = BookstoreSettings(storage="service", service_url=server.url)
        store = ServiceStore(settings, pause=lambda seconds: None)
        for ask in (store.open, store.head):
            with pytest.raises(StorageUnavailableError):
                ask(KEY)
