"""Two replicas of the app over one store, behind nginx with https and a prefix."""

import json
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from harness.nginx import NGINX, Nginx, documented_config
from harness.notebook_server import notebook
from harness.standalone import Standalone
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        NGINX is None, reason="nginx is not installed (apt-get install nginx-light)"
    ),
]

ANN = {"X-Forwarded-User": "ann"}


@dataclass(frozen=True)
class Site:
    """Two replicas, and nginx before them, which asks them in turn."""

    replicas: tuple[Standalone, Standalone]
    nginx: Nginx

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request of ann through nginx, over a connection of its own."""
        with self.nginx.session("ann") as session:
            return session.request(
                method, f"{self.nginx.url}/library{path}", timeout=60, **options
            )

    def publish(self, path: str, text: str) -> str:
        """Publish a notebook; return the id of its version."""
        answer = self.ask("PUT", f"/api/bookstore/published/{path}", json=model(text))
        assert answer.status_code == 200, answer.text
        version_id: str = answer.json()["versionID"]
        return version_id


def model(text: str) -> dict[str, Any]:
    return {"type": "notebook", "format": "json", "content": notebook(text)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("replicas")) as known:
        yield known


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """Start a store, two replicas and nginx below a folder."""
    config = {
        "storage": "local",
        "local_root": str(folder / "store"),
        "auth": "header",
        "proxy_user_header": "X-Forwarded-User",
    }
    first, second = (
        Standalone(folder, config, name=name, SCRIPT_NAME="/library")
        for name in ("one", "two")
    )
    (folder / "htpasswd").write_text("ann:{PLAIN}password\n")
    replaced = {
        "/run/bookstore/one.sock": str(first.path),
        "/run/bookstore/two.sock": str(second.path),
        "/etc/nginx/notebooks.htpasswd": str(folder / "htpasswd"),
    }
    nginx = Nginx(folder / "nginx", documented_config("upstream"), replaced)
    with first, second, nginx:
        yield Site((first, second), nginx)


def shown(replica: Standalone, path: str) -> bool:
    """Return whether a replica lists a notebook that ann has published."""
    query = "shelf=published&prefix=ann"
    answer = replica.get(f"/library/api/bookstore/notebooks?{query}", **ANN)
    assert answer.status in (200, 404), answer.text
    found = json.loads(answer.text).get("notebooks", [])
    return f"ann/{path}" in [known["path"] for known in found]


def send(replica: Standalone, method: str, path: str, body: object = None) -> Any:
    headers = {**ANN, "Content-Type": "application/json"}
    text = "" if body is None else json.dumps(body)
    target = f"/library/api/bookstore/{path}"
    answer = replica.ask(method, target, body=text, **headers)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


def test_what_one_replica_changes_the_other_shows_at_once(site: Site) -> None:
    for number in range(6):
        one, two = site.replicas if number % 2 else site.replicas[::-1]
        path = f"changed{number}.ipynb"
        assert not shown(two, path)
        version_id = send(one, "PUT", f"published/{path}", model("1"))["versionID"]
        assert shown(two, path)
        named = {"path": f"ann/{path}", "version_id": version_id, "shelf": "published"}
        send(one, "PUT", "label", {**named, "name": "final"})
        listed = send(two, "GET", f"versions?shelf=published&path=ann/{path}")
        assert listed["versions"][0]["label"]["name"] == "final"
        send(one, "DELETE", f"published/{path}")
        assert not shown(two, path)


def test_a_history_is_paged_and_compared_whoever_answers(site: Site) -> None:
    made = [site.publish("long.ipynb", str(n)) for n in range(9)]
    query = {"shelf": "published", "path": "ann/long.ipynb", "limit": "2"}
    found: list[str] = []
    while True:
        page = site.ask("GET", "/api/bookstore/versions", params=query).json()
        found += [row["version_id"] for row in page["versions"]]
        if not page["cursor"]:
            break
        query["cursor"] = page["cursor"]
    assert found == made[::-1]
    sides = {"base": made[0], "remote": made[8]}
    asked = {"shelf": "published", "path": "ann/long.ipynb", **sides}
    for _ in range(2):
        answer = site.ask("GET", "/api/bookstore/diff", params=asked)
        assert answer.json()["base"]["version_id"] == made[0]


def test_links_and_pages_stay_below_the_prefix_and_https(site: Site) -> None:
    answer = site.ask("PUT", "/api/bookstore/published/link.ipynb", json=model("1"))
    link = answer.json()["url"]
    assert link.startswith(f"{site.nginx.url}/library/bookstore/clone?")
    with site.nginx.session("ann") as session:
        for _ in range(2):
            page = session.get(link)
            assert page.status_code == 200
            sheets = re.findall(r'<link[^>]* href="([^"]*\.css[^"]*)"', page.text)
            assert sheets
            sheet = session.get(urljoin(link, sheets[0]))
            assert sheet.headers["Content-Type"].startswith("text/css")


def test_a_form_of_another_site_is_refused_through_nginx(site: Site) -> None:
    headers = {"Origin": "https://evil.example"}
    path = "/api/bookstore/published/evil.ipynb"
    assert site.ask("PUT", path, json=model("1"), headers=headers).status_code == 403
    headers = {"Origin": site.nginx.url, "X-Forwarded-User": "bob"}
    answer = site.ask("PUT", path, json=model("1"), headers=headers)
    assert "/ann/evil.ipynb" in answer.json()["s3_path"]


def test_nothing_is_lost_while_replicas_are_restarted_one_by_one(
    tmp_path: Path,
) -> None:
    with open_site(tmp_path) as site:
        lost_nothing(site)


def lost_nothing(site: Site) -> None:
    """Restart all replicas while four people publish and read."""
    stop = threading.Event()

    def work(number: int) -> list[str]:
        """Publish and read until the end; return the ids of what was published."""
        made = []
        while not stop.is_set():
            made.append(site.publish(f"load{number}.ipynb", "1"))
            page = site.ask("GET", "/bookstore/")
            assert page.status_code == 200, page.text
        return made

    one, two = site.replicas
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(work, number) for number in range(4)]
        try:
            before = {worker.pid for worker in one.workers()}
            one.signal(signal.SIGHUP)
            wait_for(
                lambda: before.isdisjoint(worker.pid for worker in one.workers()),
                what="new workers",
            )
            two.stop()
            two.start()
            one.stop()
            one.start()
        finally:
            stop.set()
    for number, work_done in enumerate(running):
        made = work_done.result()
        query = f"shelf=published&path=ann/load{number}.ipynb&limit=200"
        listed = send(two, "GET", f"versions?{query}")["versions"]
        assert set(made) <= {row["version_id"] for row in listed}
