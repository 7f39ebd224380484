"""Trying again now, by the API and by the button on a page, on a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.config_files import extension_lines, settings_lines
from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import Versions
from harness.waiting import wait_for

pytestmark = pytest.mark.server

CONFIG = extension_lines("bookstore_archiver", "bookstore_web")
ROUTE, STATE = "api/bookstore/drain", "api/bookstore/save-state"
FORM = 'action="/bookstore/drain"'


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with FaultProxy(s3_server.url) as proxy:
        yield proxy


def save_in_vain(server: NotebookServer, proxy: FaultProxy, name: str) -> None:
    """Save a notebook that the store refuses; it is tried again in minutes."""
    proxy.fault = Fault("status", status=403)
    server.save(name, notebook("1"))

    def look() -> bool:
        state = server.request("GET", STATE, params={"path": name}).json()
        return bool(state["reason"])

    wait_for(look, what="the refusal")


def without_waiting(server: NotebookServer) -> str:
    """Return the page if it says that nothing waits; the form waits some seconds."""
    page = server.request("GET", "bookstore/").text
    return page if "All saves are uploaded" in page else ""


def test_what_waits_is_tried_when_somebody_asks_for_it(
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
    proxy: FaultProxy,
) -> None:
    store = s3_server.settings(bucket) | {"s3_endpoint_url": proxy.url}
    config, versions = CONFIG + settings_lines(**store), Versions(s3_server, bucket)
    with NotebookServer(generation, home, config=config) as server:
        assert server.request("POST", ROUTE).json() == {"asked": False, "waiting": 0}
        save_in_vain(server, proxy, "note.ipynb")
        proxy.heal()
        answer = server.request("POST", ROUTE)
        assert answer.json() == {"asked": True, "waiting": 1}
        versions.wait(1)
        assert server.request("GET", ROUTE).status_code == 405
        assert requests.post(f"{server.url}/{ROUTE}", timeout=30).status_code == 403

        save_in_vain(server, proxy, "form.ipynb")
        # The page reads the status, which is written a moment after the refusal.
        wait_for(
            lambda: FORM in server.request("GET", "bookstore/").text, what="the button"
        )
        assert server.request("GET", "bookstore/").status_code == 403
        proxy.heal()
        # As the browser of a person without scripts sends the form.
        after = server.request("POST", "bookstore/drain", data={"shelf": "workspace"})
        assert after.status_code == 200
        page = wait_for(lambda: without_waiting(server), what="the uploads")
        assert FORM not in page
