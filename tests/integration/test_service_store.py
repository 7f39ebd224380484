"""Real notebook servers that save through a service, and hold no credentials."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.service_process import ServiceProcess, running_service
from harness.versions import first_source, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server

TOKEN = "token-of-anns-server"
KEY = "workspace/ann/note.ipynb"


@pytest.fixture
def kept(tmp_path: Path) -> BookstoreSettings:
    """Where the service keeps everything."""
    return BookstoreSettings(storage="local", local_root=str(tmp_path / "kept"))


@pytest.fixture
def service(
    tmp_path: Path, kept: BookstoreSettings
) -> Iterator[tuple[str, ServiceProcess]]:
    traits = {"storage": "local", "local_root": kept.local_root}
    with running_service(tmp_path / "service", {TOKEN: "ann"}, **traits) as running:
        yield running


@pytest.fixture
def server(
    generation: Generation, home: Path, service: tuple[str, ServiceProcess]
) -> NotebookServer:
    lines = settings_lines(storage="service", service_url=service[0])
    return NotebookServer(
        generation,
        home,
        config=lines + extension_lines("bookstore_archiver", "bookstore_web"),
        environment={"JUPYTERHUB_API_TOKEN": TOKEN, "JUPYTERHUB_USER": "ann"},
    )


def sources(store: VersionStore) -> list[str]:
    """Return the first cell of each version, oldest first."""
    found = []
    for version in store.list_versions(KEY, limit=1000).versions[::-1]:
        with store.open(KEY, version.version_id) as opened:
            found.append(first_source(opened.read(None)))
    return found


def test_a_server_saves_and_reads_through_a_service(
    server: NotebookServer, kept: BookstoreSettings
) -> None:
    store = open_store(kept)
    with server:
        for number in range(3):
            server.save("note.ipynb", notebook(f"{number}"))
        wait_for(lambda: spool_is_empty(server.home), what="the uploads")
        assert sources(store) == ["0", "1", "2"]
        known = store.head(KEY).metadata
        assert known is not None
        assert (known.author, known.source_path) == ("ann", "note.ipynb")
        page = server.request("GET", "bookstore/history?path=note.ipynb")
        assert page.text.count("ann") >= 3, page.text
        published = server.request(
            "PUT", "api/bookstore/published/a.ipynb", json={"content": notebook("p")}
        )
        assert published.ok, published.text
        shown = store.head("published/ann/a.ipynb").metadata
        assert shown is not None
        assert shown.author == "ann"
        command = [str(server.python.parent / "jupyter-bookstore"), "versions"]
        done = subprocess.run(
            [*command, "note.ipynb"],
            env=server.environment,
            cwd=server.root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("ann") == 3
        assert TOKEN not in server.log + done.stdout + done.stderr


def test_a_history_is_followed_across_a_rename_through_a_service(
    server: NotebookServer,
) -> None:
    with server:
        for number in range(2):
            server.save("note.ipynb", notebook(f"{number}"))
        renamed = server.request(
            "PATCH", "api/contents/note.ipynb", json={"path": "new.ipynb"}
        )
        assert renamed.ok, renamed.text
        server.save("new.ipynb", notebook("2"))
        server.save("note.ipynb", notebook("another notebook"))
        wait_for(lambda: spool_is_empty(server.home), what="the uploads")
        rows = {name: rows_of(server, f"{name}.ipynb") for name in ("new", "note")}
        assert [row["path"] for row in rows["new"]][-2:] == ["note.ipynb"] * 2
        assert [row["path"] for row in rows["note"]] == ["note.ipynb"]
        wanted = {"path": "new.ipynb", "version_id": rows["new"][-1]["version_id"]}
        restored = server.request("POST", "api/bookstore/restore", json=wanted)
        assert restored.ok, restored.text
        assert server.read("new.ipynb")["content"]["cells"][0]["source"] == "0"


def rows_of(server: NotebookServer, path: str) -> list[dict[str, Any]]:
    """Return the rows of a history."""
    answer = server.request("GET", "api/bookstore/versions", params={"path": path})
    assert answer.ok, answer.text
    rows: list[dict[str, Any]] = answer.json()["versions"]
    return rows


def test_saves_survive_a_service_that_is_killed_again_and_again(
    home: Path,
    server: NotebookServer,
    service: tuple[str, ServiceProcess],
    kept: BookstoreSettings,
) -> None:
    store = open_store(kept)
    with server:
        for number in range(12):
            if number in (2, 8):
                service[1].kill()
            if number == 5:
                service[1].start()
            server.save("note.ipynb", notebook(f"{number}"))
        service[1].start()
        server.request("POST", "api/bookstore/drain")
        wait_for(lambda: spool_is_empty(home), what="the uploads")
    assert sources(store) == [str(number) for number in range(12)]
    rows = store.list_versions(KEY, limit=1000).versions
    times = [store.head(KEY, row.version_id).saved_at for row in rows]
    assert times == sorted(times, reverse=True)
