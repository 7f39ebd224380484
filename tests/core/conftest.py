"""Stores of every kind, empty and prepared, for the tests of core."""

import importlib.util
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from bookstore_core.settings import DEFAULT_ENDPOINT_URL, BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_core.stores.local import key_folder, patches
from bookstore_core.stores.local.places import BATCH
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.stores.s3.client import new_client
from bookstore_core.stores.s3.lean.client import lean_client
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.service.store import ServiceStore
from bookstore_core.stores.timeouts import Timeouts
from core.saving import MakeStore, Traits
from core.stubbing import MakeStubbed, Stubbed
from harness.ministack import ministack as running_ministack
from harness.named_s3 import NAMED_URL, NamedS3
from harness.s3_server import S3Server, s3_traits
from harness.service import Mounted, after_all_saves, serving_mounted

#: Stores that support parallel writes; moto in process loses some of them.
SHARED = ["local", "local_batches", "service", "s3_server"]
if importlib.util.find_spec("ministack"):
    SHARED.append("ministack")
if NAMED_URL in os.environ:
    SHARED.append("named_s3")
OTHERS = {"local", "local_batches", "service"}
S3_KINDS = ["moto", *(kind for kind in SHARED if kind not in OTHERS)]

#: Where it is decided how long a store has to answer.
CONNECTIONS = [f"bookstore_core.stores.{kind}.connection" for kind in ("s3", "service")]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store answer a check late: those of the tests do on a busy machine."""
    for place in CONNECTIONS:
        monkeypatch.setattr(f"{place}.FOR_CHECKS", Timeouts(30, 60))


@pytest.fixture
def local(tmp_path: Path) -> Traits:
    return {"storage": "local", "local_root": str(tmp_path / "store")}


@pytest.fixture
def local_batches(local: Traits, monkeypatch: pytest.MonkeyPatch) -> Traits:
    """A local store with three versions in each directory, two of them patches."""
    monkeypatch.setattr(key_folder, "SMALLEST", 1)
    monkeypatch.setattr(patches, "LARGEST_PART", 100)
    return {**local, "batch": 3}


@pytest.fixture
def moto() -> Iterator[Traits]:
    with mock_aws():
        yield {"s3_access_key_id": "testing", "s3_secret_access_key": "testing"}


@pytest.fixture(scope="session")
def s3_server_process() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3_server(s3_server_process: S3Server) -> Traits:
    return s3_traits(s3_server_process.url, "")


@pytest.fixture(scope="session")
def ministack_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def ministack(ministack_url: str) -> Traits:
    return s3_traits(ministack_url, "")


@pytest.fixture
def named_s3() -> Traits:
    return NamedS3().settings("")


@pytest.fixture(scope="session")
def mounted() -> Iterator[Mounted]:
    with serving_mounted() as mounted:
        yield mounted


@pytest.fixture
def service(local: Traits, mounted: Mounted) -> Traits:
    """A service that knows nobody, and keeps everything in a local store."""
    return {**local, "mounted": mounted}


@pytest.fixture(params=["local", "local_batches", "service", *S3_KINDS])
def traits(request: pytest.FixtureRequest) -> Traits:
    """The settings of each kind of store in turn."""
    value: Traits = request.getfixturevalue(request.param)
    return value


@pytest.fixture(scope="session")
def connect() -> Callable[[BookstoreSettings, Timeouts], Any]:
    """Make one client for each server: this takes longer than most tests.

    Servers are called as in the product; moto in this process by botocore alone, so
    that one kind of store shows what botocore does.
    """
    clients: dict[str, Any] = {}

    def connect(settings: BookstoreSettings, timeouts: Timeouts) -> Any:
        url = settings.s3_endpoint_url
        if url not in clients:
            make = new_client if url == DEFAULT_ENDPOINT_URL else lean_client
            clients[url] = make(settings, timeouts)
        return clients[url]

    return connect


@pytest.fixture
def make_store(connect: Callable[[BookstoreSettings, Timeouts], Any]) -> MakeStore:
    """Make a prepared store with an empty bucket of its own."""

    def make(traits: Traits) -> VersionStore:
        bucket = f"bucket-{secrets.token_hex(6)}"
        values = {**traits, "s3_bucket": bucket}
        batch, mounted = values.pop("batch", BATCH), values.pop("mounted", None)
        settings = BookstoreSettings(**values)
        store = (
            LocalStore(settings, batch=batch)
            if settings.storage == "local"
            else S3Store(settings, connect=connect)
        )
        store.prepare()
        if mounted is None:
            return store
        return ServiceStore(mounted.service(**values), now=after_all_saves)

    return make


@pytest.fixture
def store(traits: Traits, make_store: MakeStore) -> VersionStore:
    """An empty store of each kind in turn."""
    return make_store(traits)


@pytest.fixture(params=["local", "local_batches", *S3_KINDS])
def own_store(request: pytest.FixtureRequest, make_store: MakeStore) -> VersionStore:
    """An empty store of each kind that is reached without a service."""
    return make_store(request.getfixturevalue(request.param))


@pytest.fixture(params=SHARED)
def shared_store(request: pytest.FixtureRequest, make_store: MakeStore) -> VersionStore:
    """An empty store of each kind that supports parallel writes."""
    return make_store(request.getfixturevalue(request.param))


@pytest.fixture(params=S3_KINDS)
def s3_traits_in_turn(request: pytest.FixtureRequest) -> Traits:
    """The settings of each kind of S3 server in turn."""
    value: Traits = request.getfixturevalue(request.param)
    return value


@pytest.fixture
def s3_store(s3_traits_in_turn: Traits, make_store: MakeStore) -> VersionStore:
    """An empty bucket of each kind of S3 server in turn."""
    return make_store(s3_traits_in_turn)


@pytest.fixture
def local_store(local: Traits, make_store: MakeStore) -> VersionStore:
    """An empty local store."""
    return make_store(local)


@pytest.fixture
def make_stubbed(
    connect: Callable[[BookstoreSettings, Timeouts], Any],
) -> Iterator[MakeStubbed]:
    """Make stores whose client answers from a list."""
    keys = {"s3_access_key_id": "a", "s3_secret_access_key": "b"}
    client = connect(BookstoreSettings(**keys), Timeouts(1, 1))
    made: list[Stubbed] = []

    def make(**traits: Any) -> Stubbed:
        stubbed = Stubbed(client, **traits)
        stubbed.stubber.activate()
        made.append(stubbed)
        return stubbed

    yield make
    for stubbed in made:
        stubbed.stubber.deactivate()
        stubbed.stubber.assert_no_pending_responses()


@pytest.fixture
def stubbed(make_stubbed: MakeStubbed) -> Stubbed:
    """A store whose client answers from a list."""
    return make_stubbed()
