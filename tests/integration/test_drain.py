"""`jupyter bookstore` as a process, beside a notebook server or after its end."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, free_port, notebook
from harness.s3_server import S3Server
from harness.versions import Versions, first_source
from harness.waiting import wait_for

pytestmark = pytest.mark.server

ARCHIVING = extension_lines("bookstore_archiver", "bookstore_web")


@pytest.fixture
def versions(s3_server: S3Server, bucket: str) -> Versions:
    return Versions(s3_server, bucket)


def begin(
    server: NotebookServer, *words: str, folder: str = "."
) -> subprocess.Popen[str]:
    """Start a verb in the environment of the server, in a folder of its root."""
    return subprocess.Popen(
        [str(server.python.parent / "jupyter"), "bookstore", *words],
        cwd=server.root / folder,
        env=server.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(server: NotebookServer, *words: str, **traits: Any) -> tuple[int, str, str]:
    """Run a verb with settings that override its config; return code and output."""
    options = [f"--BookstoreSettings.{name}={value}" for name, value in traits.items()]
    with begin(server, *words, *options) as process:
        out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_spool_of_a_killed_server_is_seen_and_drained_without_one(
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
    versions: Versions,
) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    store = s3_server.settings(bucket) | {"s3_endpoint_url": down}
    config = ARCHIVING + settings_lines(**store, max_threads=4)
    with NotebookServer(generation, home, config=config) as server:
        for number in range(5):
            server.save("note.ipynb", notebook(str(number)))
        server.stop(signal.SIGKILL)
        status = json.loads(command(server, "status", "--json")[1])
        assert status["pending"] + status["in_flight"] == 5
        code, _, error = command(server, "drain", "--timeout=3")
        assert (code, "wait in the spool: 5" in error) == (7, True)
        code, _, error = command(server, "drain", s3_endpoint_url=s3_server.url)
        assert code == 0, error
        assert versions.sources() == [str(number) for number in range(5)]
        assert command(server, "status")[0] == 0


def test_drain_beside_a_server_waits_until_the_server_has_drained(
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
    versions: Versions,
) -> None:
    config = ARCHIVING + settings_lines(**s3_server.settings(bucket))
    with NotebookServer(generation, home, config=config) as server:
        server.save("other.ipynb", notebook("other"))
        versions.wait(1, "workspace/other.ipynb")
        s3_server.delay = 20.0
        for number in range(5):
            server.save("note.ipynb", notebook(str(number)))
        with begin(server, "drain") as draining:
            assert draining.stderr is not None
            said = [draining.stderr.readline(), draining.stderr.readline()]
            s3_server.delay = 0.0
            assert draining.wait(120) == 0
        assert "drains this spool: waiting for it." in said[1]
        assert versions.sources() == [str(number) for number in range(5)]
        wait_for(
            lambda: (
                "bookstore_uploads_total 6.0"
                in server.request("GET", "api/bookstore/metrics").text
            ),
            what="the drainer's next word on its uploads",
        )
        assert server.request("GET", "api/bookstore").json()["spool"]["ok"] is True


def test_backfill_beside_a_server_archives_what_it_had_before(
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
    versions: Versions,
) -> None:
    config = ARCHIVING + settings_lines(**s3_server.settings(bucket))
    server = NotebookServer(generation, home, config=config)
    (server.root / "old").mkdir()
    (server.root / "old" / "first.ipynb").write_text(json.dumps(notebook("first")))
    with server:
        server.save("note.ipynb", notebook("saved"))
        versions.wait(1)
        code, out, error = command(server, "backfill", "--json")
        assert code == 0, error
        counts = json.loads(out)
        assert (counts["archived"], counts["unchanged"]) == (1, 1)
        assert versions.sources("workspace/old/first.ipynb") == ["first"]
        assert versions.sources() == ["saved"]


def test_commands_in_a_folder_find_the_root_of_the_running_server(
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
    versions: Versions,
) -> None:
    config = ARCHIVING + settings_lines(**s3_server.settings(bucket))
    with NotebookServer(generation, home, config=config) as server:
        (server.root / "reports").mkdir()
        for path in ("june.ipynb", "reports/june.ipynb"):
            server.save(path, notebook(path))
            versions.wait(1, f"workspace/{path}")
        server.save("reports/june.ipynb", notebook("changed"))
        words = ("restore", "june.ipynb", "@1")
        with begin(server, *words, folder="reports") as process:
            _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        data = (server.root / "reports" / "june.ipynb").read_bytes()
        assert first_source(data) == "reports/june.ipynb"
        server.stop(signal.SIGTERM)
        with begin(server, *words, folder="reports") as process:
            _, error = process.communicate(timeout=120)
        assert process.returncode == 2
        assert "--root-dir" in error


def test_interrupted_backfill_continues_when_it_is_run_again(
    home: Path, s3_server: S3Server, bucket: str, versions: Versions
) -> None:
    config = settings_lines(**s3_server.settings(bucket), shutdown_timeout=0.0)
    server = NotebookServer("modern", home, config=config)
    for number in range(40):
        text = json.dumps(notebook(str(number)))
        (server.root / f"{number}.ipynb").write_text(text)
    s3_server.delay = 0.5
    root = f"--root-dir={server.root}"
    with begin(server, "backfill", root) as process:
        wait_for(lambda: versions.names("workspace/"), what="the first versions")
        s3_server.delay = 3.0  # so that few of the others are uploaded meanwhile
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert process.returncode == 130, error
    s3_server.delay = 0.0
    assert len(versions.names("workspace/")) < 40
    code, _, error = command(server, "backfill", root)
    assert code == 0, error
    assert all(
        versions.sources(f"workspace/{number}.ipynb") == [str(number)]
        for number in range(40)
    )
