"""A drive through everything, on moto, and on the S3 service that a variable names."""

import json
import os
import secrets
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.named_s3 import NAMED_URL, NamedS3
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import Versions, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server

ARCHIVING = extension_lines("bookstore_archiver", "bookstore_web")
NAMED = ["named_s3"] if NAMED_URL in os.environ else []
FOLDER = "reports ü"
SAVES = 60


@pytest.fixture(params=["s3_server", *NAMED])
def any_s3(request: pytest.FixtureRequest, s3_server: S3Server) -> "S3Server | NamedS3":
    """moto and, if there is one, the service that the variable names."""
    return NamedS3() if request.param == "named_s3" else s3_server


@pytest.fixture
def own_bucket(any_s3: "S3Server | NamedS3") -> str:
    return any_s3.make_bucket(f"drive-{secrets.token_hex(6)}")


@pytest.fixture
def server(
    generation: Generation,
    home: Path,
    any_s3: "S3Server | NamedS3",
    own_bucket: str,
) -> NotebookServer:
    """A server, not started, that archives into a bucket of the test's own."""
    config = ARCHIVING + settings_lines(**any_s3.settings(own_bucket))
    server = NotebookServer(generation, home, config=config)
    (server.root / FOLDER).mkdir()
    return server


def command(server: NotebookServer, *words: str) -> Any:
    """Run a verb in the environment of the server; return its JSON."""
    program = str(server.python.parent / "jupyter")
    done = subprocess.run(
        [program, "bookstore", *words, "--json"],
        cwd=server.root,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def ask(server: NotebookServer, method: str, route: str, **options: Any) -> Any:
    answer = server.request(method, f"api/bookstore/{route}", **options)
    assert answer.ok, answer.text
    return answer.json()


def test_every_save_is_a_version_in_order(
    server: NotebookServer,
    any_s3: "S3Server | NamedS3",
    own_bucket: str,
    home: Path,
) -> None:
    paths = [f"{FOLDER}/note {number}.ipynb" for number in range(3)]
    with server:
        for number in range(SAVES):
            server.save(paths[number % 3], notebook(str(number)))
            if number == SAVES // 2:
                server.stop(signal.SIGKILL)
                server.start()
        wait_for(lambda: spool_is_empty(home), what="an empty spool", seconds=120)
    versions = Versions(any_s3, own_bucket)
    for number, path in enumerate(paths):
        expected = [str(saved) for saved in range(number, SAVES, 3)]
        assert versions.sources(f"workspace/{path}") == expected


def test_a_history_is_followed_labelled_and_restored(
    server: NotebookServer, home: Path
) -> None:
    old, new = f"{FOLDER}/old.ipynb", f"{FOLDER}/new % 1.ipynb"
    with server:
        for number in range(3):
            server.save(old, notebook(str(number)))
        server.request("PATCH", f"api/contents/{old}", json={"path": new})
        server.save(new, notebook("3"))
        wait_for(lambda: spool_is_empty(home), what="an empty spool", seconds=120)
        ids = [row["version_id"] for row in listed(server, new)]
        assert len(ids) == 5
        label = {"path": new, "version_id": ids[4], "name": "the first"}
        ask(server, "PUT", "label", json=label)
        [row] = listed(server, new, q="first")
        assert (row["version_id"], row["path"]) == (ids[4], old)
        restore = {"path": new, "version_id": ids[4]}
        ask(server, "POST", "restore", json=restore)
        assert server.read(new)["content"]["cells"][0]["source"] == "0"
        wait_for(lambda: len(listed(server, new)) == 6, what="the restored version")
    root = f"--root-dir={server.root}"
    assert len(command(server, "versions", new, root)["versions"]) == 6
    assert all(finding["ok"] for finding in command(server, "doctor"))


def listed(server: NotebookServer, path: str, q: str = "") -> list[dict[str, Any]]:
    """Return the versions of a notebook, newest first."""
    found = ask(server, "GET", "versions", params={"path": path, "q": q})
    versions: list[dict[str, Any]] = found["versions"]
    return versions
