"""A JupyterHub with the bookstore service that docs/deploy.md describes.

`ann` and `bob` have servers of Notebook 7, `cyd` has one of Notebook 6.5.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from harness.config_files import settings_lines
from harness.front_ends import FRONT_ENDS
from harness.hub import PASSWORD, Hub
from harness.notebook_server import ENVIRONMENTS, TOP, free_port, notebook
from harness.standalone import Standalone
from harness.waiting import wait_for

#: A server is idle after a second.
CULL = ("--timeout=1", "--cull-every=1")
#: What browsers accept.
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
#: Of the service, in docs/deploy.md.
SERVICE_TOKEN = "a long random text"
ADMIN_TOKEN = "0123456789abcdef-the-tests"
CULLER_TOKEN = "0123456789abcdef-the-culler"
MODERN, CLASSIC = FRONT_ENDS["notebook"], FRONT_ENDS["classic"]

MORE = """
c.JupyterHub.allow_named_servers = True
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # on a busy machine
c.Authenticator.admin_users = {{"eve", "root"}}
c.JupyterHub.load_groups = {{"lab": {{"users": ["ann", "bob"]}}}}
c.JupyterHub.services += [
    {{"name": "tests", "api_token": {token!r}}},
    {{"name": "culler", "api_token": {culler!r}}},
]
c.JupyterHub.load_roles += [{{
    "name": "tests",
    "services": ["tests"],
    "scopes": [
        "admin:users", "admin:servers", "admin:groups", "tokens",
        "access:services!service=bookstore",
    ],
}}, {{
    "name": "culler",
    "services": ["culler"],
    "scopes": [  # those of its documentation, for dan's servers alone
        scope + "!user=dan" for scope in (
            "list:users", "read:users:activity", "read:servers", "delete:servers"
        )
    ],
}}]

def choose_generation(spawner):
    choose_port(spawner)
    if spawner.user.name == "cyd":
        spawner.cmd = [{classic!r}]
        path = {classic_path!r} + ":" + spawner.environment["PATH"]
        more = {{"JUPYTERHUB_SINGLEUSER_APP": "notebook", "PATH": path}}
        spawner.environment = {{**spawner.environment, **more}}
    if spawner.name == "patient":  # it ends when its uploads have ended
        spawner.args = [*spawner.args, "--BookstoreSettings.shutdown_timeout=120"]
        spawner.interrupt_timeout = 150

c.Spawner.pre_spawn_hook = choose_generation
"""


def documented_lines() -> str:
    """Return the lines of docs/deploy.md for jupyterhub_config.py."""
    text = (TOP / "docs" / "deploy.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    return next(block for block in blocks if "c.JupyterHub.services" in block)


class ServiceHub:
    """The hub, its service, and what people and tests do there.

    `more` are lines of the hub's own configuration.
    """

    def __init__(self, folder: Path, *, more: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store_root = folder / "store"
        port = str(free_port())
        service = folder / "service"
        service.mkdir()
        known = {"storage": "local", "local_root": str(self.store_root), "auth": "hub"}
        (service / "jupyter_config.json").write_text(
            json.dumps({"BookstoreSettings": known})
        )
        lines = documented_lines().replace("10101", port)
        data = f'"{service}", "JUPYTER_DATA_DIR": "{service}/data"'
        lines = lines.replace('"/etc/bookstore"', data)
        classic = ENVIRONMENTS["classic"] / "bin"
        lines += MORE.format(
            token=ADMIN_TOKEN,
            culler=CULLER_TOKEN,
            classic=str(classic / "jupyterhub-singleuser"),
            classic_path=str(classic),
        )
        self.hub = Hub(folder / "hub", MODERN, "", more=lines + more)
        self.service_url = f"{self.hub.url}/services/bookstore/"
        config = settings_lines(storage="service", service_url=self.service_url)
        shared = folder / "hub" / "config"
        for name in ("jupyter_notebook_config.py", "jupyter_server_config.py"):
            with (shared / name).open("a") as file:
                file.write(config)

    def __enter__(self) -> "ServiceHub":
        self.hub.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.hub.__exit__(*error)

    def store(self, token: str = "", **traits: Any) -> VersionStore:
        """Return the service's own store, or the service as who has a token sees it."""
        if not token:
            return open_store(
                BookstoreSettings(storage="local", local_root=str(self.store_root))
            )
        service = {"service_url": self.service_url, "service_token": token}
        return open_store(BookstoreSettings(storage="service", **service, **traits))

    def replica(self, folder: Path) -> Standalone:
        """Return another replica of the service, as docs/deploy.md describes it."""
        known = {"storage": "local", "local_root": str(self.store_root), "auth": "hub"}
        environment = {
            "JUPYTERHUB_API_TOKEN": SERVICE_TOKEN,
            "JUPYTERHUB_SERVICE_NAME": "bookstore",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/bookstore/",
            "JUPYTERHUB_CLIENT_ID": "service-bookstore",
            "JUPYTERHUB_API_URL": f"{self.hub.url}/hub/api",
            "JUPYTER_DATA_DIR": str(self.store_root.parent / "service" / "data"),
        }
        prefix = environment["JUPYTERHUB_SERVICE_PREFIX"]
        return Standalone(folder, known, below=prefix, **environment)

    def manage(
        self, method: str, path: str, *, token: str = ADMIN_TOKEN, **options: Any
    ) -> requests.Response:
        """Send a request to the hub's API, by default as one who may do most there."""
        headers = {"Authorization": f"token {token}"}
        url = f"{self.hub.url}/hub/api/{path}"
        answer = requests.request(method, url, headers=headers, timeout=60, **options)
        assert answer.ok or answer.status_code == 409, answer.text
        return answer

    def _gunicorn(self) -> list[psutil.Process]:
        """Return the processes of the service, its master first."""
        hub = psutil.Process(self.hub.pid)
        (master,) = (p for p in hub.children() if "gunicorn" in " ".join(p.cmdline()))
        return [master, *master.children()]

    def reload_service(self) -> None:
        """Reload the service, as an administrator does; its workers are new ones."""
        master, *workers = self._gunicorn()
        master.send_signal(signal.SIGHUP)
        wait_for(
            lambda: set(workers).isdisjoint(found := self._gunicorn()[1:]) and found,
            what="new workers",
            seconds=120,
        )

    @contextmanager
    def service_paused(self) -> Iterator[None]:
        """Let the service answer nobody."""
        processes = self._gunicorn()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    def person(self, name: str) -> "Someone":
        """Return a person, who is new to the hub, with a token."""
        self.hub.home(name)
        self.manage("POST", f"users/{name}")
        token = self.manage("POST", f"users/{name}/tokens").json()["token"]
        return Someone(self, name, token)


@dataclass(frozen=True)
class Someone:
    """A person with a token of the hub, and a server."""

    site: ServiceHub
    name: str
    token: str

    def server(self, server: str = "") -> str:
        """Return the path of a server of theirs in the hub's API."""
        return f"users/{self.name}/servers/{server}" if server else self._server

    @property
    def _server(self) -> str:
        return f"users/{self.name}/server"

    def start(self, server: str = "") -> None:
        """Start a server, and wait until it answers."""
        self.site.manage("POST", self.server(server))
        wait_for(
            lambda: self._is_ready(server), what=f"{self.name}'s server", seconds=200
        )

    def stop(self, server: str = "") -> None:
        """Stop a server, as the hub and its culler do, and wait for its end."""
        self.site.manage("DELETE", self.server(server))
        wait_for(lambda: not self._known(server), what="the end of the server")

    def cull(self, server: str = "") -> None:
        """Let the hub's idle culler stop a server of dan's; it may stop no other."""
        hub = self.site.hub
        variables = {"JUPYTERHUB_API_URL": f"{hub.url}/hub/api"}
        variables["JUPYTERHUB_API_TOKEN"] = CULLER_TOKEN
        culler = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub_idle_culler", *CULL],
            env={**os.environ, **variables},
            cwd=hub.home(self.name),
        )
        try:
            wait_for(
                lambda: not self._known(server).get("ready"),
                what="the end of an idle server",
                seconds=200,
            )
            wait_for(
                lambda: not self._known(server).get("pending"),
                what="its end",
                seconds=200,
            )
        finally:
            culler.terminate()
            culler.wait()

    def take_back_the_token_of_the_server(self) -> None:
        """Revoke the token that a server got at its start."""
        tokens = self.site.manage("GET", f"users/{self.name}/tokens").json()
        (known,) = (t for t in tokens["api_tokens"] if "Server at" in t["note"])
        self.site.manage("DELETE", f"users/{self.name}/tokens/{known['id']}")

    def _known(self, server: str) -> dict[str, Any]:
        user = self.site.manage("GET", f"users/{self.name}").json()
        known: dict[str, Any] = user["servers"].get(server, {})
        return known

    def _is_ready(self, server: str) -> bool:
        return bool(self._known(server).get("ready"))

    def ask(
        self, method: str, path: str, *, server: str = "", **options: Any
    ) -> requests.Response:
        """Send a request to a server of theirs, with their token."""
        base = f"{self.site.hub.url}/user/{self.name}/"
        url = f"{base}{server}/{path}" if server else base + path
        return self._send(method, url, **options)

    def ask_service(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request to the service, with their token."""
        return self._send(method, self.site.service_url + path, **options)

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"token {self.token}"}
        return requests.request(
            method, url, headers=headers, timeout=120, allow_redirects=False, **options
        )

    def save(self, path: str, text: str, *, server: str = "") -> None:
        """Save a notebook on a server of theirs."""
        model = {"type": "notebook", "format": "json", "content": notebook(text)}
        saved = self.ask("PUT", f"api/contents/{path}", server=server, json=model)
        assert saved.ok, saved.text

    def versions(self, path: str, *, server: str = "") -> list[dict[str, Any]]:
        """Return the versions of a notebook that their server lists."""
        answer = self.ask(
            "GET", "api/bookstore/versions", server=server, params={"path": path}
        )
        found: list[dict[str, Any]] = answer.json().get("versions", [])
        return found

    def browser(self, url: str = "", certificate: str = "") -> requests.Session:
        """Return a session that has logged in at the hub, as a browser does.

        For it the hub is at `url`, if that is given, and has a `certificate`.
        """
        session = requests.Session()
        session.verify = certificate or True
        session.trust_env = False
        session.headers.update(HTML)
        login = f"{url or self.site.hub.url}/hub/login"
        session.get(login, timeout=60)
        fields = {"username": self.name, "password": PASSWORD}
        fields["_xsrf"] = session.cookies.get("_xsrf", path="/hub/") or ""
        answer = session.post(login, data=fields, timeout=60, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return session


class HubServer:
    """A server of a person, by its name; the first has none."""

    def __init__(self, person: Someone, name: str = "") -> None:
        self.home = person.site.hub.home(person.name)
        self._person = person
        self._name = name

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request with the token of its owner."""
        return self._person.ask(method, path, server=self._name, **options)
