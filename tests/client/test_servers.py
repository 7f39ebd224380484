"""The files of running servers, and the tokens for them."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_client import BookstoreClient
from bookstore_client.errors import InvalidRequestError, StorageError
from bookstore_client.kernel import connection_file, extract_kernel_id
from bookstore_client.nb_client import (
    KernelInfo,
    LiveNotebookRecord,
    NotebookClient,
    NotebookClientCollection,
    NotebookSession,
)
from bookstore_client.servers import record_of, running_servers, token_for

#: What files of the two generations say, as far as they differ.
MODERN = {"root_dir": "/home/ann", "version": "2.21.1", "sock": ""}
CLASSIC = {"notebook_dir": "/home/ann"}
BOTH = {"base_url": "/", "hostname": "localhost", "password": False, "pid": 1}
BOTH |= {
    "port": 8888,
    "secure": False,
    "token": "8f3a",
    "url": "http://localhost:8888/",
}


@pytest.mark.parametrize("info", [MODERN, CLASSIC], ids=["modern", "classic"])
def test_a_file_of_either_generation_is_a_record(info: dict[str, object]) -> None:
    record = record_of(BOTH | info)
    assert record.notebook_dir == "/home/ann"
    assert record.address == "http://localhost:8888"
    assert "8f3a" not in repr(record)


def test_a_record_names_a_socket_and_an_address_that_can_be_called() -> None:
    everywhere = LiveNotebookRecord(hostname="0.0.0.0", port=8, secure=True)  # noqa: S104
    assert everywhere.address == "https://127.0.0.1:8"
    on_a_socket = LiveNotebookRecord(base_url="/user/ann/", sock="/run/a b.sock")
    assert on_a_socket.address == "http+unix://%2Frun%2Fa%20b.sock/user/ann"


def test_a_server_below_jupyterhub_is_asked_with_the_token_of_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = LiveNotebookRecord(base_url="/user/ann/")
    assert token_for(record) == ""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-the-hub")
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ann/")
    assert token_for(record) == "of-the-hub"
    assert token_for(record._replace(token="own")) == "own"
    assert token_for(LiveNotebookRecord(base_url="/user/ben/")) == ""


def test_our_parent_comes_first_and_ended_servers_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for number, pid in enumerate((os.getpid(), os.getppid(), 2**22 + 1)):
        (tmp_path / f"jpserver-{number}.json").write_text(json.dumps({"pid": pid}))
    (tmp_path / "nbserver-9.json").write_text("{")
    assert [info["pid"] for info in running_servers()] == [os.getppid(), os.getpid()]


def test_a_kernel_is_named_by_its_connection_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert extract_kernel_id("/run/jupyter/kernel-f92b-7c8b.json") == "f92b-7c8b"
    assert connection_file() == ""
    app = SimpleNamespace(connection_file="/run/kernel-1.json")
    shell = SimpleNamespace(parent=SimpleNamespace(parent=app))
    found = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", found)  # type: ignore[arg-type]
    assert connection_file() == "/run/kernel-1.json"


def test_models_of_newer_servers_are_read_and_compared() -> None:
    kernel = {"id": "1", "name": "python3", "last_activity": "", "reason": "new"}
    model = {"path": "RTC:june.ipynb", "name": "", "type": "notebook", "new": 1}
    session = NotebookSession(**model, kernel=kernel)  # type: ignore[arg-type]
    assert session.path == "june.ipynb"
    assert session.kernel == KernelInfo(id="1", name="python3")
    assert session == NotebookSession(**model, kernel=kernel)  # type: ignore[arg-type]
    assert json.loads(repr(session))["kernel"]["id"] == "1"


def test_an_address_that_is_none_is_refused() -> None:
    for url in ("", "june.ipynb", "ftp://host/", "http://[", "http:///", "http://a b/"):
        with pytest.raises(InvalidRequestError, match="not the address"):
            NotebookClient({"url": url, "hostname": "x"})


def test_a_name_of_2x_that_is_gone_says_what_replaces_it() -> None:
    client = NotebookClient({"url": "http://localhost:1/", "hostname": "localhost"})
    with pytest.raises(AttributeError, match=r"bookstore 2 is gone. Call get_sessions"):
        client.req_session  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'unknown'"):
        client.unknown  # noqa: B018
    assert NotebookClientCollection.nb_client_gen == NotebookClientCollection.clients
    client.close()


def test_a_client_clones_from_the_bucket_that_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []
    with BookstoreClient("ours", url="http://localhost:1/") as client:
        monkeypatch.setattr(client, "_send", lambda *words: sent.append(words[-1]))
        client.clone(None, "published/a.ipynb")  # as 2.x took it
        client.clone("https://x/clone?s3_bucket=theirs&s3_key=b.ipynb")
    assert [body["s3_bucket"] for body in sent] == ["ours", "theirs"]


def test_words_that_cannot_be_sent_are_refused() -> None:
    with BookstoreClient(url="http://localhost:1/", token="8f3a\n") as client:
        assert client.headers["Authorization"] == "token 8f3a"  # as read from a file
        for ask in (client.publish, client.versions, client.search):
            with pytest.raises(InvalidRequestError, match="cannot be written as UTF-8"):
                ask("\ud800.ipynb")
    for token in ("8f\n3a", "tökeń"):
        with pytest.raises(InvalidRequestError, match="Copy it once more"):
            BookstoreClient(url="http://localhost:1/", token=token)


def test_what_is_no_list_of_sessions_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = NotebookClient({"url": "http://localhost:1/", "hostname": "localhost"})
    monkeypatch.setattr(client._connection, "get", lambda path: [{"path": 1}])
    with pytest.raises(StorageError, match="not as expected"):
        client.sessions  # noqa: B018
    client.close()
