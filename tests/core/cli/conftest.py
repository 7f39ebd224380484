"""A local store with versions of a notebook, and the verbs run on it."""

import json
import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore, open_store
from core.saving import save
from harness.command import Outcome, Run
from harness.terminal import run_in_terminal

NOW = datetime.now(UTC)


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Options that choose a local store in the test's directory, also the root."""
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path))
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={tmp_path / 'store'}",
    )


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    traits = {"storage": "local", "local_root": str(tmp_path / "store")}
    return open_store(BookstoreSettings(**traits))


Call = Callable[..., Outcome]


@pytest.fixture
def call(run: Run, words: tuple[str, ...]) -> Call:
    """Run a verb on that store."""
    return lambda *verb: run(*verb, *words)


def notebook(source: str, **cell: Any) -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, **cell}]
    parts = {"metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps({"cells": cells, **parts}).encode()


@pytest.fixture
def saved(store: VersionStore) -> list[Version]:
    """Four versions, newest first and an hour apart; the oldest under another name."""
    known: list[dict[str, Any]] = [{}, {"moved_from": "old.ipynb"}, {}, {}]
    versions = [
        save(
            store,
            notebook(f"x = {number}", execution_count=None, outputs=[]),
            key="workspace/new.ipynb" if number else "workspace/old.ipynb",
            saved_at=NOW - timedelta(hours=4 - number),
            **known[number],
        )
        for number in range(4)
    ]
    return versions[::-1]


@pytest.fixture
def in_terminal(words: tuple[str, ...]) -> Callable[..., tuple[int, str]]:
    """Run a verb on that store in a terminal."""
    command = str(Path(sys.executable).with_name("jupyter-bookstore"))
    environment = {**os.environ, "TERM": "xterm-256color"}

    def run(*verb: str, columns: int = 120) -> tuple[int, str]:
        return run_in_terminal([command, *verb, *words], environment, columns=columns)

    return run


@pytest.fixture
def in_shell(
    words: tuple[str, ...], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a verb on that store in a process of its own, by a line of the shell."""
    command = Path(sys.executable).with_name("jupyter-bookstore")

    def run(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        options = " ".join(map(shlex.quote, words))
        return subprocess.run(
            ["bash", "-c", line.format(shlex.quote(str(command)), options)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            text=True,
            capture_output=True,
            timeout=60,
        )

    return run


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow, as if every disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
