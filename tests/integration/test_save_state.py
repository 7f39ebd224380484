"""GET /api/bookstore/save-state, which the notebook server answers itself."""

from pathlib import Path

import psutil
import pytest
import requests

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server

CONFIG = extension_lines("bookstore_archiver", "bookstore_web")
ROUTE = "api/bookstore/save-state"


def test_state_of_a_save_is_answered_without_gunicorn(
    generation: Generation, home: Path, tmp_path: Path
) -> None:
    store = settings_lines(storage="local", local_root=str(tmp_path / "store"))
    with NotebookServer(generation, home, config=CONFIG + store) as server:
        server.save("note.ipynb", notebook("1"))
        wait_for(
            lambda: (
                server.request("GET", ROUTE, params={"path": "note.ipynb"}).json()[
                    "state"
                ]
                == "stored"
            ),
            what="the upload",
        )
        unknown = server.request("GET", ROUTE, params={"path": "other.ipynb"}).json()
        assert (unknown["state"], unknown["saved_at"]) == ("unknown", None)
        assert server.process is not None
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert not [c for c in children if "gunicorn" in " ".join(c.cmdline())]


def test_requests_that_are_not_valid_are_refused(
    generation: Generation, home: Path
) -> None:
    with NotebookServer(generation, home, config=CONFIG) as server:
        query = {"path": "note.ipynb"}
        state = server.request("GET", ROUTE, params=query).json()
        assert state["state"] == "off"
        assert "No store is configured" in state["reason"]
        for missing in ({}, {"path": ""}, {"path": "/"}):
            answer = server.request("GET", ROUTE, params=missing)
            assert (answer.status_code, "path" in answer.json()["message"]) == (
                400,
                True,
            )
        assert server.request("POST", ROUTE, params=query).status_code == 405
        url = f"{server.url}/{ROUTE}?path=note.ipynb"
        assert requests.get(url, timeout=30).status_code == 403


def test_scripts_of_the_front_ends_are_served(
    generation: Generation, home: Path
) -> None:
    with NotebookServer(generation, home, config=CONFIG) as server:
        for name in ("lab/extension.js", "classic/extension.js", "shared/api.js"):
            answer = server.request("GET", f"bookstore/front/{name}")
            assert answer.status_code == 200
            assert "javascript" in answer.headers["Content-Type"]
        for wrong in ("", "none.js", "../wire.py", "..%2Fwire.py", "lab"):
            answer = server.request("GET", f"bookstore/front/{wrong}")
            assert answer.status_code in (403, 404)
