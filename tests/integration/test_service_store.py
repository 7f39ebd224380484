"""Real notebook servers that save through a service, and hold no credentials."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

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


@pytest.mark.parametrize("generation", ["modern"])
def test_saves_survive_a_service_that_is_killed_again_and_again(
    home: Path,
    server: NotebookServer,
    service: tuple[str, ServiceProcess],
    kept: BookstoreSettings,
) -> None:
    store = open_store(kept)
    with server:
        for number in range(24):
            if number in (4, 12, 20):
                service[1].kill()
            if number in (8, 16):
                service[1].start()
            server.save("note.ipynb", notebook(f"{number}"))
        service[1].start()
        server.request("POST", "api/bookstore/drain")
        wait_for(lambda: spool_is_empty(home), what="the uploads")
    assert sources(store) == [str(number) for number in range(24)]
    rows = store.list_versions(KEY, limit=1000).versions
    times = [store.head(KEY, row.version_id).saved_at for row in rows]
    assert times == sorted(times, reverse=True)
