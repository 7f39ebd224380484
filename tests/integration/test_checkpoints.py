"""Versions as checkpoints, through the API that every front end's menu uses."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.config_files import extension_lines, settings_lines
from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import KEY, Versions, first_source, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server

CLASS = """\
c.ContentsManager.checkpoints_class = "bookstore.BookstoreCheckpoints"
"""

PLAIN = """\
c.ServerApp.contents_manager_class = (
    "jupyter_server.services.contents.largefilemanager.LargeFileManager"
)
"""


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.url) as made:
        yield made


@pytest.fixture
def config(s3_server: S3Server, bucket: str, proxy: FaultProxy) -> str:
    traits = {**s3_server.settings(bucket), "s3_endpoint_url": proxy.url}
    return CLASS + settings_lines(**traits) + extension_lines("bookstore_archiver")


@pytest.fixture
def versions(s3_server: S3Server, bucket: str) -> Versions:
    return Versions(s3_server, bucket)


def url(path: str, *more: str) -> str:
    quoted = requests.utils.quote(path)
    return "/".join(("api/contents", quoted, "checkpoints", *more))


def listed(server: NotebookServer, path: str = "note.ipynb") -> list[dict[str, Any]]:
    answer = server.request("GET", url(path))
    assert answer.ok, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def created(server: NotebookServer, path: str = "note.ipynb") -> dict[str, Any]:
    answer = server.request("POST", url(path))
    assert answer.status_code == 201, answer.text
    model: dict[str, Any] = answer.json()
    return model


def revert(
    server: NotebookServer, checkpoint: str, path: str = "note.ipynb"
) -> requests.Response:
    return server.request("POST", url(path, checkpoint))


def on_disk(server: NotebookServer, path: str = "note.ipynb") -> str:
    return first_source((server.root / path).read_bytes())


def sent(home: Path) -> None:
    wait_for(lambda: spool_is_empty(home), what="an empty spool", every=0.1)


@pytest.mark.parametrize(
    ("generation", "manager"),
    [("modern", ""), ("modern", PLAIN), ("classic", "")],
    ids=["modern", "modern that does not wait", "classic"],
)
def test_saves_are_checkpoints_and_reverting_keeps_what_was_there(
    generation: Generation, manager: str, home: Path, config: str, versions: Versions
) -> None:
    with NotebookServer(generation, home, config=config + manager) as server:
        made = []
        for source in ("1", "2"):
            server.save("note.ipynb", notebook(source))
            made.append(created(server))
        assert [c["id"] for c in listed(server)] == [c["id"] for c in made]
        sent(home)
        trusted = notebook("by a program")
        trusted["cells"][0]["metadata"]["trusted"] = True
        (server.root / "note.ipynb").write_text(json.dumps(trusted))
        answer = revert(server, made[0]["id"])
        assert answer.status_code == 204, answer.text
        assert on_disk(server) == "1"
        sent(home)
    assert versions.wait(4) == ["1", "2", "by a program", "1"]
    first, *_, newest = versions.of()
    origin = newest["Metadata"]["bookstore-restored-from"]
    assert requests.utils.unquote(origin) == first["VersionId"]


def test_checkpoints_are_known_again_after_a_restart_once_a_notebook_is_opened(
    generation: Generation, home: Path, config: str, versions: Versions
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        for number in range(12):
            server.save("note.ipynb", notebook(f"{number}"))
        sent(home)
    with NotebookServer(generation, home, config=config) as server:
        server.read("note.ipynb")
        found = wait_for(lambda: listed(server), what="the list", every=0.2)
        assert len(found) == 10
        times = [checkpoint["last_modified"] for checkpoint in found]
        assert times == sorted(times)
        assert revert(server, found[0]["id"]).status_code == 204
        assert on_disk(server) == "2"


def test_renamed_notebook_keeps_its_checkpoints(
    generation: Generation, home: Path, config: str, versions: Versions
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        first = created(server)
        server.save("note.ipynb", notebook("2"))
        answer = server.request(
            "PATCH", "api/contents/note.ipynb", json={"path": "other.ipynb"}
        )
        assert answer.ok, answer.text
        sent(home)
        assert first["id"] in [c["id"] for c in listed(server, "other.ipynb")]
        assert revert(server, first["id"], "other.ipynb").status_code == 204
        assert on_disk(server, "other.ipynb") == "1"
        sent(home)
    newest = versions.of("workspace/other.ipynb")[-1]
    assert newest["Metadata"]["bookstore-restored-path"] == "note.ipynb"


def test_neither_saves_nor_lists_wait_for_a_store_that_hangs(
    generation: Generation, home: Path, config: str, proxy: FaultProxy
) -> None:
    proxy.fault = Fault("hang", seconds=60)
    with NotebookServer(generation, home, config=config) as server:
        began = time.monotonic()
        ids = []
        for number in range(10):
            server.save("note.ipynb", notebook(str(number)))
            server.read("note.ipynb")
            ids.append(created(server)["id"])
            assert [c["id"] for c in listed(server)] == ids
        # Ten hanging requests would have taken half a minute.
        assert time.monotonic() - began < 30.0
        wait_for(lambda: proxy.requests, what="the question to the store, beside")
        # What waits in the spool can be reverted to without the store.
        assert revert(server, ids[0]).status_code == 204
        assert on_disk(server) == "0"


def test_a_refused_revert_states_the_reason_and_changes_nothing(
    generation: Generation, home: Path, config: str, proxy: FaultProxy
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        first = created(server)
        server.save("note.ipynb", notebook("2"))
        sent(home)
        for unknown in ("s0123456789abcdef", "v1", "v-", "checkpoint", "_"):
            answer = revert(server, unknown)
            assert answer.status_code == 404, answer.text
            assert "stays as it is" in answer.json()["message"]
        proxy.fault = Fault("refuse")
        answer = revert(server, first["id"])
        assert answer.status_code == 503
        assert "stays as it is" in answer.json()["message"]
        assert on_disk(server) == "2"


def test_no_version_is_deleted_and_other_files_have_jupyters_checkpoints(
    generation: Generation, home: Path, config: str, versions: Versions
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        checkpoint = created(server)
        refused = server.request("DELETE", url("note.ipynb", checkpoint["id"]))
        assert refused.status_code == 403
        assert server.request("DELETE", "api/contents/note.ipynb").status_code == 204
        versions.wait(1, KEY)
        text = {"type": "file", "format": "text", "content": "one"}
        assert server.request("PUT", "api/contents/a.txt", json=text).ok
        assert created(server, "a.txt")["id"] == "checkpoint"
        server.request("PUT", "api/contents/a.txt", json={**text, "content": "two"})
        assert revert(server, "checkpoint", "a.txt").status_code == 204
        assert (server.root / "a.txt").read_text() == "one"
        assert server.request("DELETE", "api/contents/a.txt").status_code == 204


def test_without_a_store_checkpoints_are_jupyters_own_and_this_is_logged(
    generation: Generation, home: Path
) -> None:
    config = CLASS + extension_lines("bookstore_archiver")
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        assert created(server)["id"] == "checkpoint"
        server.save("note.ipynb", notebook("2"))
        assert revert(server, "checkpoint").status_code == 204
        assert on_disk(server) == "1"
        assert "checkpoints are Jupyter's own" in server.log
