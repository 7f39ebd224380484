"""Notebook servers of both generations, started as a user starts them."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import psutil
import requests

from harness.hanging import HangingServer
from harness.waiting import wait_for

Generation = Literal["modern", "classic"]
GENERATIONS: tuple[Generation, ...] = ("modern", "classic")

TOP = Path(__file__).resolve().parents[2]
ENVIRONMENTS = {"modern": TOP / ".venv", "classic": TOP / ".venv-classic"}
TOKEN = "0123456789abcdef"


def free_port() -> int:
    """Return a port that nobody uses.

    It is none of those that the system gives to connections, because that might happen
    before a server uses it.
    """
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def notebook(*sources: str, **metadata: Any) -> dict[str, Any]:
    """Return a v4.5 notebook with a code cell for each source."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata,
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(sources)
        ],
    }


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class NotebookServer:
    """A notebook server process with its own HOME, port and token.

    `config` is the text of jupyter_notebook_config.py, which both generations read.
    `program` is the word after `jupyter`, by default `notebook`; `prefix` is a command
    that runs the server.
    """

    def __init__(
        self,
        generation: Generation,
        home: Path,
        *,
        config: str = "",
        program: str = "notebook",
        arguments: tuple[str, ...] = (),
        environment: dict[str, str] | None = None,
        base_url: str = "/",
        prefix: tuple[str, ...] = (),
        environments: dict[str, Path] = ENVIRONMENTS,
    ) -> None:
        self.generation = generation
        self.home = home
        self.root = home / "work"
        self.base_url = base_url
        self.port = free_port()
        self.log_file = home / "server.log"
        self.python = environments[generation] / "bin" / "python"
        self._program = program
        self._arguments = arguments
        self._prefix = prefix
        self._environment = environment or {}
        self.process: subprocess.Popen[bytes] | None = None
        #: Whether it is killed if it hangs once it has stopped.
        self.may_hang = False
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"token {TOKEN}"
        self.root.mkdir(parents=True, exist_ok=True)
        config_dir = home / ".jupyter"
        config_dir.mkdir(exist_ok=True)
        (config_dir / "jupyter_notebook_config.py").write_text(config)
        # A modern server reads the former after its own start, which is too late.
        modern = config if generation == "modern" else ""
        (config_dir / "jupyter_server_config.py").write_text(modern)

    @property
    def app(self) -> str:
        """The traitlets class that takes server options."""
        return "NotebookApp" if self.generation == "classic" else "ServerApp"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_url}".rstrip("/")

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def start(self) -> "NotebookServer":
        command = [
            *self._prefix,
            str(self.python.parent / f"jupyter-{self._program}"),
            "--no-browser",
            *self._listen_arguments,
            f"--{self.app}.token={TOKEN}",
            f"--{self.app}.base_url={self.base_url}",
            f"--{self.app}.{self._root_trait}={self.root}",
            *(["--allow-root"] if os.geteuid() == 0 else []),
            *self._arguments,
        ]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(self._is_up, what=f"the server ({self.log_file})", seconds=180)
        except BaseException:
            self.process.kill()
            self.process.wait()
            self.session.close()
            raise
        return self

    @property
    def _listen_arguments(self) -> list[str]:
        return [
            f"--{self.app}.ip=127.0.0.1",
            f"--{self.app}.port={self.port}",
            f"--{self.app}.port_retries=0",
        ]

    @property
    def _root_trait(self) -> str:
        return "notebook_dir" if self.generation == "classic" else "root_dir"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108
            "AWS_EC2_METADATA_DISABLED": "true",
            # A test's config overrides the config of the environment.
            "JUPYTER_PREFER_ENV_PATH": "no",
            **self._environment,
        }

    def _is_up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log}")
        try:
            return self.session.get(f"{self.url}/api/status", timeout=10).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(
        self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 120
    ) -> int:
        """Send a signal, wait for the end, and make sure that no child is left."""
        assert self.process is not None
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self.process.send_signal(how)
        hanging = HangingServer(self.process.pid, self.port) if self.may_hang else None
        try:
            wait_for(
                lambda: self._has_ended(hanging),
                what="the end of the server",
                seconds=seconds,
                every=0.2 if self.may_hang else 0.02,
            )
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop:\n{self.log}") from None
        finally:
            self.session.close()
        code = self.process.wait()
        _, alive = psutil.wait_procs(children, timeout=30)
        # An ended child of an ended parent stays a zombie until the system takes it.
        alive = [child for child in alive if not _is_zombie(child)]
        for child in alive:
            child.kill()
        assert not alive, f"left behind: {alive}"
        return code

    def _has_ended(self, hanging: HangingServer | None) -> bool:
        """Return whether the process ended; kill it if only a thread keeps it."""
        assert self.process is not None
        if self.process.poll() is not None:
            return True
        if hanging is not None and hanging.hangs():
            hanging.kill()
        return False

    def __enter__(self) -> "NotebookServer":
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
        if "PYTEST_CURRENT_TEST" in os.environ:  # shown where the test fails
            sys.stdout.write(f"--- {self.log_file}\n{self.log}")

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request for a path below the base URL, with the token."""
        return self.session.request(
            method, f"{self.url}/{path.lstrip('/')}", timeout=60, **options
        )

    def save(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        """Save a notebook as front ends do; return the model in the answer."""
        answer = self.request(
            "PUT",
            f"api/contents/{requests.utils.quote(path)}",
            json={"type": "notebook", "format": "json", "content": content},
        )
        assert answer.ok, f"{answer.status_code} {answer.text}\n{self.log}"
        model: dict[str, Any] = answer.json()
        return model

    def read(self, path: str, **options: Any) -> dict[str, Any]:
        """Return the contents model of a path."""
        answer = self.request(
            "GET", f"api/contents/{requests.utils.quote(path)}", params=options
        )
        assert answer.ok, f"{answer.status_code} {answer.text}"
        model: dict[str, Any] = answer.json()
        return model
