"""A standalone app with several workers: what it logs, and what it counts."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.standalone import Standalone
from harness.waiting import wait_for

#: "Änn", as http.client sends bytes that are not ASCII.
NAME = "Änn".encode().decode("latin-1")
ASKED = {"method": "GET", "route": "none", "status": "404"}


def config(folder: Path) -> dict[str, Any]:
    return {
        "storage": "local",
        "local_root": str(folder / "store"),
        "proxy_user_header": "X-Forwarded-User",
    }


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    folder = tmp_path_factory.mktemp("chunks")
    with Standalone(folder, config(folder)) as started:
        yield started


def send(app: Standalone, request: bytes) -> socket.socket:
    sent = socket.socket(socket.AF_UNIX)
    sent.settimeout(60)
    sent.connect(str(app.path))
    sent.sendall(request)
    return sent


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_logs_are_lines_of_json_without_secrets(tmp_path: Path) -> None:
    with Standalone(tmp_path, config(tmp_path), BOOKSTORE_LOG_FORMAT="json") as app:
        target = "/bookstore/?q=x&token=sesame"
        app.get(target, Authorization="token sesame", **{"X-Forwarded-User": NAME})
        with send(app, b"GET /%s?code=sesame HTTP/9.9\r\n\r\n") as refused:
            assert b" 400 " in refused.recv(100)
    pages = [line for line in lines(app.out) if line["path"] == "/bookstore/"]
    assert [(p["method"], p["status"]) for p in pages] == [("GET", 200)]
    assert pages[0]["user"] == "Änn"
    assert 0 < pages[0]["duration"] < 100
    said = lines(app.err)
    assert all(line["time"].endswith("Z") and line["level"] for line in said)
    assert any("Invalid request" in line["message"] for line in said)
    assert "sesame" not in app.out.read_text() + app.err.read_text()


@pytest.mark.parametrize("path", ["store/keys", "store/content"])
def test_chunks_that_are_none_are_refused_and_no_error_of_ours(
    app: Standalone, path: str
) -> None:
    method = "PUT" if path.endswith("content") else "POST"
    head = f"{method} /api/bookstore/{path} HTTP/1.1\r\nHost: localhost\r\n"
    head += "X-Forwarded-User: ann\r\nTransfer-Encoding: chunked\r\n\r\n"
    for chunks in ("zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}??0\r\n\r\n", "9\r\n{}"):
        with send(app, (head + chunks).encode()) as refused:
            refused.shutdown(socket.SHUT_WR)
            assert b" 400 " in refused.recv(100)
    assert "Traceback" not in app.err.read_text()


def counted(app: Standalone, name: str, **labels: str) -> float:
    text = app.get("/api/bookstore/metrics").text
    samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
    found = [s.value for s in samples if (s.name, s.labels) == (name, labels)]
    return found[0] if found else 0


def test_requests_are_counted_over_all_workers_living_and_killed(
    tmp_path: Path,
) -> None:
    with Standalone(tmp_path, config(tmp_path), workers=3) as app:
        for _ in range(12):
            app.get("/nothing")
        request = (
            b"PUT /api/bookstore/published/a.ipynb HTTP/1.1\r\nHost: localhost\r\n"
        )
        request += b"X-Forwarded-User: ann\r\nContent-Length: 9\r\n\r\n"
        with send(app, request):
            wait_for(
                lambda: counted(app, "bookstore_requests_running") == 2,
                what="the request whose body is missing, and that for the metrics",
            )
            workers = app.workers()
            for worker in workers:
                worker.kill()
            assert not psutil.wait_procs(workers, timeout=60)[1]
            for _ in range(12):
                wait_for(lambda: answers(app), what="new workers")
            wait_for(
                lambda: counted(app, "bookstore_requests_running") == 1,
                what="the end of the request that was killed",
            )
        assert counted(app, "bookstore_requests_total", **ASKED) == 24


def answers(app: Standalone) -> bool:
    try:
        return app.get("/nothing").status == 404
    except OSError:
        return False
