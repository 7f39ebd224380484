"""Notebooks over `max_notebook_size`: archived, downloaded and restored."""

import json
import subprocess
from pathlib import Path

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server


@pytest.fixture
def config(home: Path) -> str:
    return extension_lines("bookstore_web", "bookstore_archiver") + settings_lines(
        storage="local",
        local_root=str(home / "store"),
        spool_dir=str(home / "spool"),
        max_notebook_size=1_000_000,
    )


def versions(server: NotebookServer, count: int) -> list[str]:
    """Return the ids of the versions, newest first, as soon as there are `count`."""

    def look() -> list[str]:
        query = {"path": "large.ipynb"}
        answer = server.request("GET", "api/bookstore/versions", params=query)
        found = answer.json().get("versions", []) if answer.ok else []
        ids = [version["version_id"] for version in found]
        return ids if len(ids) == count else []

    return wait_for(look, what=f"{count} versions")


def test_a_large_notebook_is_downloaded_restored_and_the_restore_undone(
    generation: Generation, home: Path, config: str
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        server.save("large.ipynb", notebook("first", "x" * 20_000_000))
        on_disk = (server.root / "large.ipynb").read_bytes()
        server.save("large.ipynb", notebook("second", "y" * 20_000_000))
        _, first = versions(server, 2)
        query = {"path": "large.ipynb", "version_id": first}
        url = "api/bookstore/version"
        assert server.request("GET", url, params=query).status_code == 413
        answer = server.request("GET", url, params={**query, "download": "1"})
        assert answer.content == on_disk
        page = server.request("GET", "bookstore/view", params=query)
        assert page.ok
        assert "too large" in page.text
        answer = server.request("POST", "api/bookstore/restore", json=query)
        assert answer.ok, answer.text
        assert (server.root / "large.ipynb").read_bytes() == on_disk
        undo = answer.json()["undo"]
        versions(server, 3)
        again = {"path": "large.ipynb", **undo}
        assert server.request("POST", "api/bookstore/restore", json=again).ok
        cells = server.read("large.ipynb")["content"]["cells"]
        assert cells[0]["source"] == "second"
        written = jupyter(server, "restore", "large.ipynb", first, "--json")
        assert json.loads(written)["restored"]
        assert (server.root / "large.ipynb").read_bytes() == on_disk


def jupyter(server: NotebookServer, *words: str) -> bytes:
    command = [str(server.python.parent / "jupyter-bookstore"), *words]
    return subprocess.run(
        command,
        cwd=server.root,
        env=server.environment,
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout
