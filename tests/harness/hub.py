"""A JupyterHub with a proxy, whose users have servers of one front end."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import requests
from playwright.sync_api import Page

from harness.front_ends import FrontEnd
from harness.notebook_server import ENVIRONMENTS, TOP, free_port
from harness.waiting import wait_for

#: The proxy of JupyterHub, in Debian: apt-get install node-configurable-http-proxy.
PROXY = shutil.which("configurable-http-proxy")
PASSWORD = "hub-password"
#: Where Debian has the modules of its proxy; a Node of another origin looks elsewhere.
MODULES = "/usr/share/nodejs"

CONFIG = """\
import sys
sys.path.append({tests!r})
from harness.notebook_server import free_port

def choose_port(spawner):
    # The hub's own choice may be taken by a connection before the server has it.
    spawner.port = free_port()

c.Spawner.pre_spawn_hook = choose_port
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie-secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{users}/{{username}}"
c.Spawner.cmd = [{program!r}]
c.Spawner.args = {arguments!r}
c.Spawner.default_url = {default_url!r}
c.Spawner.environment = {environment!r}
c.Spawner.ip = "127.0.0.1"
"""


class Hub:
    """A hub of its own folder and ports; `config` is that of its users' servers.

    `more` are lines of the hub's own configuration.
    """

    def __init__(
        self, folder: Path, front: FrontEnd, config: str, *, more: str = ""
    ) -> None:
        self._folder = folder
        self._front = front
        self._python = ENVIRONMENTS[front.generation] / "bin" / "python"
        self._log_file = folder / "hub.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.users = folder / "users"
        self.users.mkdir(parents=True)
        self.port = free_port()
        self._more = more
        shared = folder / "config"
        (shared / "labconfig").mkdir(parents=True)
        (shared / "labconfig" / "page_config.json").write_text(
            json.dumps(front.page_config)
        )
        for name in ("jupyter_notebook_config.py", "jupyter_server_config.py"):
            (shared / name).write_text(front.extensions + config)
        (folder / "jupyterhub_config.py").write_text(self._config(shared))

    def _config(self, shared: Path) -> str:
        environment = {
            "JUPYTER_CONFIG_DIR": str(shared),
            "JUPYTER_PREFER_ENV_PATH": "no",
            "PATH": f"{self._python.parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
        }
        if self._front.generation == "classic":
            environment["JUPYTERHUB_SINGLEUSER_APP"] = "notebook"
        return (
            CONFIG.format(
                tests=str(TOP / "tests"),
                port=self.port,
                hub_port=free_port(),
                api_port=free_port(),
                folder=self._folder,
                users=self.users,
                password=PASSWORD,
                program=str(self._python.parent / "jupyterhub-singleuser"),
                arguments=["--allow-root"] if os.geteuid() == 0 else [],
                default_url="/lab" if self._front.name == "lab" else "/tree",
                environment=environment,
            )
            + self._more
        )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """The address of the hub for browsers, without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    def home(self, user: str) -> Path:
        """Return the directory of a user's notebooks, which is also their HOME."""
        folder = self.users / user
        folder.mkdir(exist_ok=True)
        return folder

    def open(self, page: Page, user: str, path: str) -> None:
        """Open a notebook on the user's own server, and wait for its first cell."""
        # Unlike the address below /user/, this one starts the server.
        page.goto(f"{self.url}/hub/user-redirect/{self._front.tree}/{path}")
        self.log_in(page, user)
        self._front.cells(page).first.wait_for(timeout=120_000)

    def log_in(self, page: Page, user: str) -> None:
        """Fill the form of the hub's login page, which is shown."""
        page.locator("#username_input").fill(user)
        page.locator("#password_input").fill(PASSWORD)
        page.locator("#login_submit").click()

    def __enter__(self) -> "Hub":
        self.start()
        return self

    def start(self) -> None:
        """Start the hub, which finds the servers that run; return when it answers."""
        environment = {
            "HOME": str(self._folder),
            "PATH": f"{ENVIRONMENTS['modern'] / 'bin'}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "NODE_PATH": MODULES,
        }
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(ENVIRONMENTS["modern"] / "bin" / "jupyterhub")],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(
                self._is_up, what=f"the hub ({self._log_file})", seconds=90, every=0.5
            )
        except BaseException:
            self._stop()
            raise

    def kill(self) -> None:
        """Kill the hub alone; its proxy, its services and its users' servers run on."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the hub ended:\n{self.log}")
        try:
            return requests.get(f"{self.url}/hub/health", timeout=10).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        """Stop the hub, which stops its proxy and its users' servers."""
        assert self._process is not None
        if self._process.poll() is not None:
            print(self.log)
            return
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            _, alive = psutil.wait_procs(children, timeout=20)
            for child in alive:
                child.kill()
            print(self.log)
