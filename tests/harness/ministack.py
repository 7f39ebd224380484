"""ministack: a second S3 server, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from harness.notebook_server import free_port
from harness.waiting import wait_for


@contextmanager
def ministack(home: Path) -> Iterator[str]:
    """Run ministack on a port of its own and yield its URL."""
    home.mkdir(exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.environ["PATH"],
        "SERVICES": "s3",
        "IOT_MTLS_ENABLED": "0",  # it would listen on a port of its own
    }
    command = [sys.executable, "-m", "hypercorn", "ministack.app:app", "-w", "0"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}"],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: _answers(f"{url}/_ministack/health"), what="ministack")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
