"""Running `make run` as a new user does."""

import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import requests

from harness.hanging import HangingServer
from harness.notebook_server import TOP, free_port
from harness.waiting import wait_for


class MakeRun:
    """`make run` in the checkout, with its files in a folder of the test."""

    def __init__(self, folder: Path, jupyter: str) -> None:
        self.folder = folder
        self.jupyter = jupyter
        self.port = free_port()
        self.output_file = folder / "output.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return self.output_file.read_text(errors="replace")

    @property
    def store(self) -> Path:
        return self.folder / "run" / "store"

    @property
    def notebooks(self) -> Path:
        return self.folder / "run" / "notebooks"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        found = re.search(r"[?&]token=([0-9a-f]+)", self.output)
        assert found, self.output
        return found[1]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a new user: no variables of make, no browser to open."""
        return {
            "HOME": str(self.folder / "home"),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder / "tmp"),
            "BROWSER": "true",
            "LANG": "C.UTF-8",
        }

    def __enter__(self) -> "MakeRun":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "home").mkdir(exist_ok=True)
        (self.folder / "tmp").mkdir(exist_ok=True)
        with self.output_file.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *("make", "run", f"JUPYTER={self.jupyter}", f"PORT={self.port}"),
                    f"RUN={self.folder / 'run'}",
                ],
                cwd=TOP,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(self._is_up, what="make run", seconds=180)
        except BaseException:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise
        return self

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.output
        try:
            requests.get(self.url, timeout=10)
        except (requests.ConnectionError, requests.Timeout):
            return False
        return "token=" in self.output

    def execute(self, name: str) -> str:
        """Run a notebook's cells in the server's environment; return their output.

        The notebook itself does not change.
        """
        environment = TOP / (".venv-classic" if self.jupyter == "classic" else ".venv")
        run = self.folder / "run"
        done = subprocess.run(
            [
                *(str(environment / "bin" / "jupyter-nbconvert"), "--to=markdown"),
                *("--execute", "--stdout", name),
            ],
            cwd=self.notebooks,
            env={**self.environment, "JUPYTER_CONFIG_DIR": str(run)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def interrupt(self) -> list[psutil.Process]:
        """Press Ctrl-C; return the processes that still run when make has ended."""
        assert self.process is not None
        make = psutil.Process(self.process.pid)
        family = make.children(recursive=True)
        servers = [HangingServer(child.pid, self.port) for child in make.children()]
        os.killpg(self.process.pid, signal.SIGINT)
        wait_for(lambda: self._has_ended(servers), what="the end of make", every=0.2)
        _, alive = psutil.wait_procs(family, timeout=30)
        return list(alive)

    def _has_ended(self, servers: list[HangingServer]) -> bool:
        assert self.process is not None
        for server in servers:
            if server.hangs():
                server.kill()
        return self.process.poll() is not None

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            for process in self.interrupt():
                process.kill()
        print(f"--- {self.output_file}\n{self.output}")
