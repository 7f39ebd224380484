"""Notebooks run by papermill with a real kernel, as a timer starts them."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from bookstore_core.runs.markers import runs_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore, open_store
from core.saving import save
from harness.notebook_server import ENVIRONMENTS, Generation
from harness.s3_server import S3Server
from harness.waiting import wait_for

PATH = "reports/june.ipynb"
SOURCE = f"workspace/{PATH}"

Start = Callable[..., subprocess.Popen[str]]


def notebook(*sources: str) -> bytes:
    empty = {"cell_type": "code", "execution_count": None, "outputs": []}
    tagged = {**empty, "metadata": {"tags": ["parameters"]}, "source": "month = 1"}
    more = [{**empty, "metadata": {}, "source": source} for source in sources]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    parts = {"metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps({"cells": [tagged, *more], **parts}).encode()


@pytest.fixture(params=["local", "s3"])
def traits(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    spool = {"spool_dir": str(tmp_path / "spool")}
    if request.param == "local":
        return {"storage": "local", "local_root": str(tmp_path / "store"), **spool}
    server: S3Server = request.getfixturevalue("s3_server")
    return {**server.settings(request.getfixturevalue("bucket")), **spool}


@pytest.fixture
def store(traits: dict[str, Any]) -> VersionStore:
    return open_store(BookstoreSettings(**traits))


@pytest.fixture
def start(traits: dict[str, Any], tmp_path: Path) -> Iterator[Start]:
    """Start a command in what cron gives to one: hardly any environment."""
    config = tmp_path / "config"
    config.mkdir()
    (config / "jupyter_config.json").write_text(
        json.dumps({"BookstoreSettings": traits})
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "SHELL": "/bin/sh",
        "HOME": str(tmp_path / "nobody"),
        "JUPYTER_CONFIG_DIR": str(config),
    }
    begun: list[subprocess.Popen[str]] = []

    def start(name: str, *words: str, generation: str = "modern") -> Any:
        process = subprocess.Popen(
            [str(ENVIRONMENTS[generation] / "bin" / name), *words],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def is_running(number: int) -> bool:
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def texts_in(store: VersionStore, version: Version) -> str:
    with store.open(version.key, version.version_id) as opened:
        content = json.loads(opened.read(None))
    return "".join(
        "".join(output.get("text", ()))
        for cell in content["cells"]
        for output in cell.get("outputs", ())
    )


def known(version: Version) -> tuple[str, Mapping[str, Any], str]:
    assert version.metadata is not None
    run = version.metadata.run
    assert run is not None
    return run.outcome, run.parameters, run.error


def test_a_timer_runs_an_exact_version(
    start: Start, store: VersionStore, traits: dict[str, Any], tmp_path: Path
) -> None:
    old = save(store, notebook("print('ran', month)"), key=SOURCE).version_id
    save(store, notebook("1 / 0"), key=SOURCE)
    words = ("run", PATH, old, "-p", "month", "6", f"--root-dir={tmp_path}", "--json")
    # The last one runs beside the first: neither hinders the other.
    beside = start("jupyter-bookstore", *words[:2], *words[-2:])
    code, out, err = finished(start("jupyter-bookstore", *words))
    assert code == 0, err
    assert "cell/s" not in err
    assert "IPKernelApp" not in err
    assert json.loads(out)["version"] == old
    code, out, err = finished(beside)
    assert code == 8, err
    runs = runs_of(store, BookstoreSettings(**traits), SOURCE).runs
    assert {known(version)[0] for version in runs} == {"completed", "failed"}
    [done] = [version for version in runs if known(version)[0] == "completed"]
    assert known(done) == ("completed", {"month": 6}, "")
    assert texts_in(store, done) == "ran 6\n"


@pytest.mark.parametrize(
    ("traits", "generation"), [("local", "modern"), ("s3", "classic")], indirect=True
)
def test_papermill_itself_reads_and_writes_versions(
    start: Start, store: VersionStore, generation: Generation
) -> None:
    save(store, notebook("print('ran', month)"), key=SOURCE)
    address = f"bookstore://workspace/runs/{PATH}"
    words = (f"bookstore://workspace/{PATH}?version=@0", address, "-p", "month", "7")
    code, _, err = finished(start("papermill", *words, generation=generation))
    assert code == 0, err
    [row] = store.list_versions(f"workspace/runs/{PATH}").versions
    done = store.head(row.key, row.version_id)
    assert known(done) == ("completed", {"month": 7}, "")
    assert texts_in(store, done) == "ran 7\n"


@pytest.mark.parametrize("traits", ["local"], indirect=True)
def test_a_run_that_is_ended_ends_its_kernel_and_keeps_what_ran(
    start: Start, store: VersionStore, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    begun = f"import os, time; open({str(here)!r}, 'w').write(str(os.getpid()))"
    save(store, notebook("print('ran')", f"{begun}; time.sleep(600)"), key=SOURCE)
    process = start("jupyter-bookstore", "run", PATH, f"--root-dir={tmp_path}")
    wait_for(lambda: here.exists() and here.read_text(), what="the kernel")
    process.send_signal(signal.SIGTERM)
    code, _, err = finished(process)
    assert code == 143, err
    wait_for(lambda: not is_running(int(here.read_text())), what="the kernel's end")
    [row] = store.list_versions(f"workspace/runs/{PATH}").versions
    done = store.head(row.key, row.version_id)
    assert known(done) == ("failed", {}, "Stopped by SIGTERM")
    assert texts_in(store, done) == "ran\n"
