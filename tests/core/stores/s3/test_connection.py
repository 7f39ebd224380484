"""How the S3 store reaches its server: the client, the network, other servers."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    VersionNotFoundError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.s3.client import loader_of, new_client
from bookstore_core.stores.s3.store import S3Store
from bookstore_core.stores.timeouts import FOR_PEOPLE, FOR_WORK, Timeouts
from core.saving import KEY, MakeStore, Traits, contents_of, save, versions_one_by_one
from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import free_port
from harness.s3_server import s3_client, s3_traits
from harness.serving import STOP_SECONDS

ELSEWHERE = "http://127.0.0.1:9"


def client_for(**traits: Any) -> Any:
    keys = {"s3_access_key_id": "a", "s3_secret_access_key": "b"}
    return new_client(BookstoreSettings(**keys, **traits), FOR_WORK)


def store_at(url: str, **traits: Any) -> VersionStore:
    return open_store(BookstoreSettings(**{**s3_traits(url, "bucket"), **traits}))


def test_botocore_chooses_the_endpoint_of_the_region() -> None:
    client = client_for(s3_region_name="eu-central-1")
    assert client.meta.endpoint_url == "https://s3.eu-central-1.amazonaws.com"


def test_the_environment_does_not_move_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ELSEWHERE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", ELSEWHERE)
    assert client_for().meta.endpoint_url == "https://s3.amazonaws.com"


def test_the_environment_does_not_make_botocore_repeat_a_save(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    assert client_for().meta.config.retries == {
        "total_max_attempts": 1,
        "mode": "standard",
    }


def test_other_endpoints_get_paths_and_no_checksums_of_botocore() -> None:
    config = client_for(s3_endpoint_url=ELSEWHERE).meta.config
    assert config.s3["addressing_style"] == "path"
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"


def test_an_addressing_style_that_is_set_is_kept() -> None:
    client = client_for(s3_endpoint_url=ELSEWHERE, s3_addressing_style="virtual")
    assert client.meta.config.s3["addressing_style"] == "virtual"


def test_there_is_a_connection_for_every_uploader() -> None:
    assert client_for(max_threads=40).meta.config.max_pool_connections > 40


def test_a_session_token_is_part_of_the_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of someone else")
    used = [client_for(s3_session_token="ours"), client_for()]
    credentials = [client._request_signer._credentials for client in used]
    assert [each.token for each in credentials] == ["ours", None]


def test_incomplete_credentials_are_a_configuration_error() -> None:
    store = store_at(ELSEWHERE, s3_secret_access_key=None)
    with pytest.raises(ConfigurationError):
        store.head(KEY)
    assert not store.check().ok


def test_missing_credentials_are_a_configuration_error() -> None:
    none = {"s3_secret_access_key": None, "s3_access_key_id": None}
    with pytest.raises(ConfigurationError, match="no credentials"):
        store_at(ELSEWHERE, **none).head(KEY)


@pytest.mark.parametrize("url", ["nonsense", "http://a b/"])
def test_an_invalid_address_is_a_configuration_error(url: str) -> None:
    store = store_at(url)
    with pytest.raises(ConfigurationError):
        store.head(KEY)
    assert not store.check().ok


def test_an_invalid_bucket_name_is_a_configuration_or_request_error() -> None:
    with pytest.raises(ConfigurationError, match="not a valid bucket name"):
        store_at(ELSEWHERE, s3_bucket="no bucket").head(KEY)
    with pytest.raises(InvalidRequestError):
        store_at(ELSEWHERE).head(KEY, bucket="no bucket")


def test_the_location_shows_no_password() -> None:
    store = store_at("http://ann:secret@127.0.0.1:9000/")
    assert store.location == "http://127.0.0.1:9000/bucket"
    assert open_store(BookstoreSettings(s3_bucket="b")).location == "s3://b"


def test_a_store_that_is_down_is_a_retryable_error() -> None:
    pauses: list[float] = []
    traits = s3_traits(f"http://127.0.0.1:{free_port()}", "bucket")
    store = S3Store(BookstoreSettings(**traits), pause=pauses.append)
    with pytest.raises(StorageUnavailableError, match="Connection refused"):
        store.head(KEY)
    assert len(pauses) > 0


@pytest.mark.parametrize(
    ("hurried", "expected"), [(True, FOR_PEOPLE), (False, FOR_WORK)]
)
def test_pages_wait_less_than_cloning(hurried: bool, expected: Timeouts) -> None:
    used: list[Timeouts] = []

    def connect(settings: BookstoreSettings, timeouts: Timeouts) -> Any:
        used.append(timeouts)
        return new_client(settings, timeouts)

    traits = s3_traits(f"http://127.0.0.1:{free_port()}", "bucket")
    store = S3Store(
        BookstoreSettings(**traits),
        connect=connect,
        pause=lambda _: None,
        hurried=hurried,
    )
    with pytest.raises(StorageUnavailableError):
        store.head(KEY)
    assert used == [expected]


def test_the_client_is_made_once(s3_server: Traits) -> None:
    made: list[Any] = []
    together = threading.Barrier(8)

    def connect(settings: BookstoreSettings, timeouts: Any) -> Any:
        made.append(new_client(settings, timeouts))
        return made[-1]

    store = S3Store(
        BookstoreSettings(**{**s3_server, "s3_bucket": "once"}), connect=connect
    )
    store.prepare()

    def ask(_: int) -> None:
        together.wait()
        store.list_versions(KEY)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert len(made) == 1


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId"])
def test_credentials_of_a_shared_file_are_read_again_when_they_are_stale(
    s3_server: Traits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    words = "[default]\naws_access_key_id = {}\naws_secret_access_key = secret\n"
    file.write_text(words.format("OLD"))
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        traits = s3_traits(proxy.url, f"stale-{code.lower()}")
        for name in ("s3_access_key_id", "s3_secret_access_key"):
            del traits[name]
        store = S3Store(BookstoreSettings(**traits))
        store.prepare()
        proxy.fault = Fault("status", status=400, code=code, access_key="OLD")
        with pytest.raises(BookstoreError, match=code):
            save(store)
        file.write_text(words.format("NEW"))
        save(store)
    assert contents_of(store) == [b"{}"]


FORKING = """
import os, sys
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.client import new_client
from bookstore_core.stores.s3.store import S3Store

made = []
def connect(settings, timeouts):
    made.append(os.getpid())
    return new_client(settings, timeouts)

url, bucket = sys.argv[1:]
store = S3Store(
    BookstoreSettings(
        s3_endpoint_url=url,
        s3_bucket=bucket,
        s3_access_key_id="a",
        s3_secret_access_key="b",
    ),
    connect=connect,
)
store.list_versions("key")
child = os.fork()
store.list_versions("key")
assert made[-1] == os.getpid(), made
if not child:
    os._exit(0 if len(made) == 2 else 1)
sys.exit(os.waitpid(child, 0)[1] or len(made) - 1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_makes_a_client_of_its_own(
    s3_server: Traits, make_store: MakeStore
) -> None:
    store = make_store(s3_server)
    subprocess.run(
        [sys.executable, "-c", FORKING, s3_server["s3_endpoint_url"], store.bucket],
        check=True,
        timeout=60,
    )


class WebPage(BaseHTTPRequestHandler):
    """Answers like a web site, or cuts its answer short."""

    def do_GET(self) -> None:
        cut = self.path.startswith("/bucket/cut")
        body = b"<html>Welcome<br></html>"
        self.send_response(200)
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 18:00:00 GMT")
        self.send_header("Content-Length", str(len(body) + 100 * cut))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web_site() -> Iterator[str]:
    """A server that does not speak S3."""
    with HTTPServer(("127.0.0.1", 0), WebPage) as server:
        thread = threading.Thread(target=server.serve_forever, args=(STOP_SECONDS,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_web_site_is_not_a_store(web_site: str) -> None:
    store = store_at(web_site)
    with pytest.raises(StorageError):
        store.list_versions(KEY)
    assert not store.check().ok


def test_a_connection_that_breaks_off_is_a_retryable_error(web_site: str) -> None:
    with store_at(web_site).open("cut") as opened:
        assert opened.body.read(4) == b"<htm"
        with pytest.raises(StorageUnavailableError):
            opened.body.read()


@pytest.fixture
def delete(s3_store: VersionStore, s3_traits_in_turn: Traits) -> Callable[[], str]:
    """Delete the key as another program does; return the id of the delete marker."""
    client = new_client(BookstoreSettings(**s3_traits_in_turn), FOR_WORK)

    def delete() -> str:
        marker = client.delete_object(Bucket=s3_store.bucket, Key=KEY)
        version_id: str = marker["VersionId"]
        return version_id

    return delete


def test_a_deleted_key_keeps_its_versions(
    s3_store: VersionStore, delete: Callable[[], str]
) -> None:
    first = save(s3_store, b"first")
    marker = delete()
    found = s3_store.list_versions(KEY).versions
    shown = [(each.version_id, each.deleted, each.is_latest) for each in found]
    assert shown == [(marker, True, True), (first.version_id, False, False)]
    with s3_store.open(KEY, first.version_id) as opened:
        assert opened.read(5) == b"first"
    assert s3_store.find_save(KEY, first.metadata.save_id, size=5) is not None


def test_a_deleted_key_is_not_found(
    s3_store: VersionStore, delete: Callable[[], str]
) -> None:
    save(s3_store)
    marker = delete()
    with pytest.raises(NotFoundError):
        s3_store.head(KEY)
    with pytest.raises(VersionNotFoundError):
        s3_store.head(KEY, marker)
    with pytest.raises(VersionNotFoundError):
        s3_store.open(KEY, marker)
    assert s3_store.list_keys("workspace/ann").keys == ()


def test_a_deleted_key_can_be_saved_again(
    s3_store: VersionStore, delete: Callable[[], str]
) -> None:
    save(s3_store, b"first")
    delete()
    save(s3_store, b"second")
    found = versions_one_by_one(s3_store)
    assert [version.deleted for version in found] == [False, True, False]


def test_nothing_is_overwritten_in_a_bucket_without_versions(
    s3_server: Traits, make_store: MakeStore
) -> None:
    store = make_store(s3_server)
    save(store, b"kept")
    client = s3_client(s3_server["s3_endpoint_url"])
    suspended = {"Status": "Suspended"}
    client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration=suspended)
    fresh = open_store(BookstoreSettings(**{**s3_server, "s3_bucket": store.bucket}))
    with pytest.raises(ConfigurationError, match="not enabled"):
        save(fresh, b"lost")
    assert contents_of(store) == [b"kept"]


def test_botocores_data_are_read_without_what_is_not_needed() -> None:
    loader = loader_of(None)
    assert loader is loader_of(None)  # one for all clients
    model = loader.load_service_model("s3", "service-2")
    assert "PutObject" in model["operations"]
    assert model["operations"]["PutObject"]["documentation"] == ""
    services = loader.load_data("endpoints")["partitions"][0]["services"]
    assert sorted(services) == ["oidc", "portal.sso", "s3", "sts"]
