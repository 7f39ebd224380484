"""The wheels in clean environments: enabled, running, alone, and gone again."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.config_files import settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.waiting import wait_for
from harness.wheels import (
    DISTRIBUTIONS,
    clean_environment,
    front_ends_of,
)

pytestmark = pytest.mark.release


def lines_of(environment: Path, *words: str) -> list[str]:
    """Return what a command of the environment prints, without colours and columns."""
    command = [environment / "bin" / words[0], *words[1:]]
    path = f"{environment / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PATH": path},
    )
    plain = re.sub(r"\x1b\[\d*m", "", done.stdout)
    return [" ".join(line.split()) for line in plain.splitlines()]


def pip(environment: Path, *words: str) -> str:
    """Run pip on an environment that has none of its own; return what it prints."""
    command = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python"]
    done = subprocess.run([*command, *words], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_extensions_are_enabled_and_valid(
    generation: Generation, environment: Path
) -> None:
    if generation == "modern":
        listed = lines_of(environment, "jupyter", "server", "extension", "list")
        labextensions = lines_of(environment, "jupyter", "labextension", "list")
        assert any(
            line.startswith("bookstore ") and "enabled" in line and "OK" in line
            for line in labextensions
        )
    else:
        listed = lines_of(environment, "jupyter", "serverextension", "list")
        nbextensions = lines_of(environment, "jupyter", "nbextension", "list")
        for name in ("bookstore/main", "bookstore/tree"):
            assert any(f"{name} enabled" in line for line in nbextensions), name
    found = "\n".join(listed)
    assert "bookstore" in found
    assert not [line for line in listed if "bookstore" in line and "disabled" in line]
    assert "X is" not in found


def test_the_parts_fit_each_other_and_what_is_installed(environment: Path) -> None:
    pip(environment, "check")


def archives_a_save(
    generation: Generation, environment: Path, folder: Path, **options: str
) -> NotebookServer:
    """Start a server, save a notebook, and await its version; return the server."""
    store = folder / "store"
    server = NotebookServer(
        generation,
        folder / "home",
        config=settings_lines(storage="local", local_root=str(store)),
        environments={generation: environment},
        **options,
    )
    server.start()
    try:
        server.save("mine.ipynb", notebook("1"))
        wait_for(lambda: list(store.rglob("*mine*/*")), what="a version")
    except BaseException:
        server.stop()
        raise
    return server


def test_a_save_is_archived_and_the_home_page_answers(
    generation: Generation, environment: Path, tmp_path: Path
) -> None:
    with archives_a_save(generation, environment, tmp_path) as server:
        home = server.request("GET", "bookstore/")
        assert home.status_code == 200, home.text
        assert "mine.ipynb" in home.text
        history = server.request("GET", "bookstore/history?path=mine.ipynb")
        assert history.status_code == 200, history.text


def test_the_archiver_alone_archives_saves(
    generation: Generation, built: Path, version: str, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    fronts = front_ends_of(generation)
    wanted = [f"bookstore-archiver=={version}", *fronts]
    clean_environment(folder, *wanted, wheelhouse=built)
    with archives_a_save(generation, folder, tmp_path) as server:
        assert server.request("GET", "bookstore/").status_code == 404


#: What each distribution is for, in an environment with it alone.
ALONE = {
    "bookstore_client": "from bookstore_client import BookstoreClient",
    "bookstore_core": "from bookstore_core.cli.command import all_verbs; all_verbs()",
    "bookstore_web": "import bookstore_web as web; assert web.create_app()",
}


@pytest.mark.parametrize("distribution", ALONE)
def test_a_distribution_alone_is_complete(
    distribution: str, built: Path, version: str, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    wanted = f"{distribution.replace('_', '-')}=={version}"
    clean_environment(folder, wanted, wheelhouse=built)
    lines_of(folder, "python", "-c", ALONE[distribution])
    pip(folder, "check")


def test_uninstalling_leaves_nothing_behind(environment: Path, tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    shutil.copytree(environment, folder, symlinks=True, copy_function=os.link)
    pip(folder, "uninstall", "--yes", *DISTRIBUTIONS)
    assert [str(path) for path in folder.rglob("*bookstore*")] == []
