"""The client on real servers: in kernels, and from outside on all addresses."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bookstore.client import BookstoreClient
from bookstore.client.nb_client import NotebookClientCollection
from bookstore_client import Hit
from bookstore_client.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageUnavailableError,
)
from harness.config_files import extension_lines, settings_lines
from harness.kernel import Kernel
from harness.listening import HttpsServer, SocketServer
from harness.notebook_server import (
    TOKEN,
    TOP,
    Generation,
    NotebookServer,
    notebook,
)
from harness.waiting import wait_for

pytestmark = pytest.mark.server

PATH = "reports/Übung 1.ipynb"
#: The line that cells begin with.
START = "from bookstore.client import BookstoreClient; client = BookstoreClient()"


def store_lines(home: Path) -> str:
    return extension_lines("bookstore_archiver", "bookstore_web") + settings_lines(
        storage="local", local_root=str(home / "store"), public_url="https://hub.test/"
    )


@pytest.fixture(scope="module", params=["modern", "classic"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    """A server below a base URL, with a notebook of two versions in its store."""
    home = tmp_path_factory.mktemp("home")
    started = NotebookServer(
        request.param, home, config=store_lines(home), base_url="/user/ann/"
    )
    with started as running:
        (running.root / "reports").mkdir()
        running.save(PATH, notebook("1 + 1"))
        running.save(PATH, notebook("2 + 2"))
        with BookstoreClient(url=running.url, token=TOKEN) as client:
            wait_for(lambda: has_two(client), what="two versions")
            client.diff(path=PATH)  # starts the process that compares
        yield running


def has_two(client: BookstoreClient) -> bool:
    try:
        return len(client.versions(PATH)) == 2
    except NotFoundError:
        return False


def searched(client: BookstoreClient, text: str) -> tuple[Hit, ...]:
    try:
        return client.search(text, shelf="workspace")
    except StorageUnavailableError:
        return ()  # the catalogue is made


@pytest.fixture
def client(server: NotebookServer) -> Iterator[BookstoreClient]:
    """A client outside of kernels."""
    with BookstoreClient(url=server.url, token=TOKEN) as opened:
        yield opened


def test_a_notebook_publishes_itself_also_after_a_rename(
    server: NotebookServer,
) -> None:
    server.save("draft.ipynb", notebook("'first'"))
    with Kernel(server, "draft.ipynb") as kernel:
        assert kernel.value("client.kernel_id", after=START) == kernel.id
        first = kernel.value("vars(client.publish(title='Sales'))")
        assert first["s3_path"].endswith("/published/draft.ipynb")
        assert first["url"].startswith("https://hub.test/")
        kernel.rename("final.ipynb")
        second = kernel.value("vars(client.publish())")
        assert second["s3_path"].endswith("/published/final.ipynb")
        assert kernel.value("client.session.path") == "final.ipynb"


def test_a_published_notebook_is_cloned_by_its_link(client: BookstoreClient) -> None:
    published = client.publish(PATH, to="shared/june.ipynb", note="As sent.")
    assert published.public
    copy = client.clone(published.url, target_path="reports/")
    assert copy.path == "reports/june.ipynb"
    assert copy.version_id == published.version_id
    named = client.clone("bookstore", "published/shared/june.ipynb")
    assert named.path == "june.ipynb"
    (found,) = client.notebooks(q="shared/JUNE", shelf="published")
    assert (found.note, found.version_id) == ("As sent.", published.version_id)
    assert client.unpublish("shared/june.ipynb").shown_again is False


def test_versions_are_listed_read_compared_and_labelled(
    client: BookstoreClient,
) -> None:
    newest, oldest = client.versions(PATH)
    assert newest.is_latest
    assert newest.saved_at
    assert oldest.saved_at
    assert newest.saved_at > oldest.saved_at
    assert [version.version_id for version in client.versions(PATH, limit=1)] == [
        newest.version_id
    ]
    content = client.version("@1", PATH).content
    assert content
    assert "".join(content["cells"][0]["source"]) == "1 + 1"
    assert client.diff(path=PATH, summary=True).summary.changed == 1
    assert client.diff(path=PATH).cells[0]["kind"] == "changed"
    labelled = client.label("as sent", "@1", PATH, comment="To the board.")
    assert labelled.label
    assert labelled.label.comment == "To the board."
    assert client.version("as sent", PATH).version_id == oldest.version_id
    assert client.label("", "@1", PATH).label is None


def test_a_restored_copy_a_link_and_the_state(client: BookstoreClient) -> None:
    copy = client.restore("@1", PATH, to="reports/old.ipynb")
    assert (copy.path, copy.undo) == ("reports/old.ipynb", None)
    link = client.link(path=PATH)
    assert link.public
    assert "s3_version_id=" in link.url
    assert PATH in [found.path for found in client.notebooks(q="übung")]
    hits = wait_for(lambda: searched(client, "in:reports 2"), what="the catalogue")
    assert PATH in [hit.path for hit in hits]
    status = client.status()
    assert status.features.publish_valid
    assert status.store.ok, status.store.check
    assert status.catalogue.ok, status.catalogue.reason


def tried(server: NotebookServer, *words: str) -> subprocess.CompletedProcess[str]:
    """Try the clone endpoint with the script of the checkout."""
    script = [sys.executable, str(TOP / "ci" / "clone_request.py"), *words]
    return subprocess.run(
        [*script, f"--url={server.url}"], capture_output=True, text=True
    )


def test_the_clone_endpoint_is_tried_by_the_script_and_its_page_opens(
    server: NotebookServer, client: BookstoreClient
) -> None:
    published = client.publish(PATH, to="shared/tried.ipynb")
    words = ("published/shared/tried.ipynb", "--target-path=reports/")
    done = tried(server, *words, f"--token={TOKEN}")
    copied, page = done.stdout.splitlines()
    assert "path='reports/tried" in copied
    assert published.version_id in copied
    assert page.startswith(f"{client.url}/bookstore/clone?")
    assert "Clone tried.ipynb" in requests.get(page, {"token": TOKEN}, timeout=60).text
    refused = tried(server, *words, "--token=wrong")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("ForbiddenError: The server at ")


def test_errors_of_the_server_are_our_classes(
    server: NotebookServer, client: BookstoreClient
) -> None:
    with pytest.raises(NotFoundError, match="no"):
        client.versions("nobody.ipynb")
    with pytest.raises(NotFoundError):
        client.publish("nobody.ipynb")
    with pytest.raises(InvalidRequestError, match=r"s3_key"):
        client.clone("bookstore")
    with pytest.raises(InvalidRequestError, match="Name the notebook"):
        client.publish()
    with BookstoreClient(url=server.url, token="wrong") as stranger:
        for ask in (stranger.status, lambda: stranger.clone("bookstore", PATH)):
            with pytest.raises(ForbiddenError, match="Give a token that it accepts"):
                ask()


def test_a_server_without_bookstore_is_named(
    generation: Generation, short_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found by its file, and listens on a unix socket."""
    config = extension_lines()
    with SocketServer(generation, short_home, config=config) as server:
        runtime = server.home / ".local/share/jupyter/runtime"
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
        client = BookstoreClient()
        assert client.get_contents("")["type"] == "directory"
        assert (client.sessions, client.kernels, client.session) == ({}, [], None)
        assert NotebookClientCollection.sessions == {client.url: {}}
        with pytest.raises(NotFoundError, match="not enabled at"):
            client.status()
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        client.status()
    client.close()


def test_a_self_signed_certificate_is_trusted_when_it_is_named(
    generation: Generation, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HttpsServer(generation, home, config=extension_lines()) as server:
        runtime = server.home / ".local/share/jupyter/runtime"
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))
        untrusted = pytest.raises(ConfigurationError, match="ca_certs")
        with BookstoreClient() as stranger, untrusted:
            stranger.get_kernels()
        with BookstoreClient(ca_certs=str(server.certificate)) as client:
            assert client.get_kernels() == []
        unverified = pytest.warns(match="Unverified HTTPS")
        with BookstoreClient(verify=False) as client, unverified:
            assert client.get_kernels() == []


def test_outside_of_kernels_the_server_must_be_clear(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home))
    with pytest.raises(InvalidRequestError, match="no server runs here"):
        BookstoreClient()
    for number in (1, 2):
        info = {"pid": 1, "url": f"http://localhost:{number}/", "token": "secret"}
        (home / f"jpserver-{number}.json").write_text(json.dumps(info))
    with pytest.raises(InvalidRequestError, match="several servers") as raised:
        BookstoreClient()
    assert "secret" not in str(raised.value)
