"""The web app on its own: gunicorn with `bookstore_web.gunicorn_conf`, on a socket."""

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.notebook_server import TOP
from harness.waiting import wait_for

PROGRAMS = TOP / ".venv" / "bin"


class SocketConnection(http.client.HTTPConnection):
    """A connection over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class Answer:
    """A status, headers, and a body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


class Standalone:
    """A gunicorn on the socket `path`; `config` are its settings of bookstore.

    It answers `below` a prefix: that of SCRIPT_NAME in its environment, or of a hub.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        name: str = "web",
        workers: int = 1,
        below: str = "",
        **environment: str,
    ) -> None:
        self.path = folder / f"{name}.sock"
        self.out = folder / f"{name}.out"
        self.err = folder / f"{name}.err"
        self._config = folder / f"{name}-config"
        self._config.mkdir(parents=True)
        text = json.dumps({"BookstoreSettings": dict(config)})
        (self._config / "jupyter_config.json").write_text(text)
        self._workers = workers
        self._environment = environment
        self._prefix = below.rstrip("/") or environment.get("SCRIPT_NAME", "")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Standalone":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            str(PROGRAMS / "gunicorn"),
            "-c",
            "python:bookstore_web.gunicorn_conf",
        ]
        command += ["--workers", str(self._workers), "--bind", f"unix:{self.path}"]
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self._process = subprocess.Popen(
                [*command, "bookstore_web:create_app()"],
                cwd="/",
                env={
                    **os.environ,
                    "JUPYTER_CONFIG_DIR": str(self._config),
                    **self._environment,
                },
                stdout=out,
                stderr=err,
            )
        try:
            wait_for(self._answers, what=f"gunicorn ({self.err})")
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.err.read_text()
        try:
            return self.get(f"{self._prefix}/api/bookstore/healthz").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it; requests that it has accepted are answered."""
        assert self._process is not None
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to gunicorn's master."""
        assert self._process is not None
        self._process.send_signal(number)

    def workers(self) -> list[psutil.Process]:
        """Return the processes of the workers."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children()

    def get(self, target: str, **headers: str) -> Answer:
        """Send a GET, over a connection of its own."""
        return self.ask("GET", target, **headers)

    def ask(self, method: str, target: str, body: str = "", **headers: str) -> Answer:
        """Send a request, over a connection of its own."""
        connection = SocketConnection(self.path)
        try:
            connection.request(method, target, body=body.encode(), headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()
