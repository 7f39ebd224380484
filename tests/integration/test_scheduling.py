"""Scheduled runs as in docs/scheduling.md: cron's environment, a CI, and the pages."""

import html
import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, open_store
from core.saving import save
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import ENVIRONMENTS, TOP, NotebookServer
from harness.waiting import wait_for

TEXT = (TOP / "docs" / "scheduling.md").read_text()
PATH, RUNS = "reports/june.ipynb", "runs/reports/june.ipynb"
VENV = ENVIRONMENTS["modern"]
#: Some kernels need a moment; a busy machine makes that minutes.
TIMEOUT = 300


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return str(text)


def parameterized() -> dict[str, Any]:
    """Return a notebook that fails in August."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    sources = {"month = 1": ["parameters"], "print(12 / (month - 8))": []}
    cells = [
        {
            **{"cell_type": "code", "id": f"cell-{number}", "metadata": {"tags": tags}},
            **{"source": source, "outputs": [], "execution_count": None},
        }
        for number, (source, tags) in enumerate(sources.items())
    ]
    metadata = {"kernelspec": kernel}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with the environment and the notebooks of the recipes."""
    home = tmp_path / "home"
    (home / "work" / "reports").mkdir(parents=True)
    (home / "venv").symlink_to(VENV)
    (home / "notebooks").symlink_to(home / "work")
    return home


@pytest.fixture
def server(home: Path) -> Iterator[NotebookServer]:
    config = extension_lines("bookstore_archiver", "bookstore_web") + settings_lines(
        storage="local", local_root=str(home / "store"), spool_dir=str(home / "spool")
    )
    with NotebookServer("modern", home, config=config) as server:
        yield server


def by_cron(home: Path, month: int) -> int:
    """Run the line of the crontab as cron does, for a month; return the exit code."""
    line = next(line for line in block("cron").splitlines() if line[:1] != "#")
    fields = line.split(maxsplit=5)
    assert all(re.fullmatch(r"[0-9*]+", field) for field in fields[:5])
    command = fields[5].replace(r"\%", "%")
    assert "$(date +%-m)" in command
    environment = {
        **{"HOME": str(home), "LOGNAME": "ann", "SHELL": "/bin/sh"},
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("$(date +%-m)", str(month))],
        env=environment,
        cwd=home,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page)))


def read(server: NotebookServer, address: str) -> str:
    answer = server.request("GET", address.removeprefix("/"))
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_a_published_notebook_is_run_by_cron_and_its_runs_are_compared(
    server: NotebookServer, home: Path
) -> None:
    model = {"type": "notebook", "format": "json", "content": parameterized()}
    assert server.request("PUT", f"api/contents/{PATH}", json=model).ok
    listed = f"api/bookstore/versions?path={PATH}"
    wait_for(
        lambda: server.request("GET", listed).json().get("versions"),
        what="the version of the save",
    )
    named = {"path": PATH, "version_id": "@0", "name": "as sent"}
    assert server.request("PUT", "api/bookstore/label", json=named).ok
    published = server.request("PUT", f"api/bookstore/published/{PATH}", json=model)
    assert published.ok, published.text
    with ThreadPoolExecutor() as threads:
        codes = list(threads.map(lambda month: by_cron(home, month), (6, 7, 8)))
    assert codes == [0, 0, 8], (home / "june.log").read_text()

    page = read(server, f"bookstore/history?path={PATH}")
    assert sorted(re.findall(r"month=(\d)", page)) == ["6", "7", "8"]
    page = read(server, f"bookstore/runs?path={PATH}")
    text = text_of(page)
    assert text.count("Completed in") == 2
    assert "ZeroDivisionError: division by zero month=8" in text
    picks = {
        month: html.unescape(pick)
        for pick, month in re.findall(r'value="([^"]+)"(?s:.*?)month=(\d)', page)
    }
    query = {"path": PATH, "run": [picks["7"], picks["6"]]}
    compared = server.request("GET", "bookstore/diff", params=query)
    assert "After month 6 7" in text_of(compared.text)
    view = {"path": RUNS, "version_id": picks["8"].partition(" ")[0]}
    failed = text_of(server.request("GET", "bookstore/view", params=view).text)
    assert f"A run of {PATH}, the version of" in failed
    assert re.search(rf"jupyter bookstore run {PATH} \S+ -p month 8", failed)
    assert "Cell 5 failed" in failed  # papermill has added three


def test_the_job_of_a_ci_says_which_version_it_made(home: Path) -> None:
    install, run = yaml.safe_load(block("yaml"))["steps"]
    assert install["run"] == 'pip install "bookstore[run]" ipykernel'
    assert set(run["env"]) == {"BOOKSTORE"}
    traits = {"storage": "local", "local_root": str(home / "store")}
    settings = {**traits, "spool_dir": str(home / "spool")}
    store, key = open_store(BookstoreSettings(**settings)), f"workspace/{PATH}"
    version = save(store, json.dumps(parameterized()).encode(), key=key)
    store.set_label(key, version.version_id, Label("as sent"))
    environment = {
        **{"HOME": str(home), "BOOKSTORE": json.dumps(settings), "CI": "true"},
        "PATH": f"{VENV / 'bin'}:/usr/bin:/bin",
    }
    done = subprocess.run(
        ["bash", "-ec", run["run"]],
        env=environment,
        cwd=home / "work",
        timeout=TIMEOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = json.loads((home / "work" / "run.json").read_text())
    assert (made["outcome"], made["parameters"]) == ("completed", {"month": 6})
    assert (made["of"], made["version"]) == (key, version.version_id)
