"""The store is down: the API answers 503 with Retry-After within five seconds."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import notebook
from harness.s3_server import S3Server
from harness.web_app import ContentsDouble, ServerSide

#: Seconds. People wait for five at most; a busy machine is given more, which is still
#: less than the store takes.
PATIENCE = 40.0
HANGING = 60.0

PATH = {"path": "a.ipynb"}
SOURCE = {"s3_bucket": "downs", "s3_key": "workspace/a.ipynb"}
ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "versions": ("GET", "versions", {"query_string": PATH}),
    "version": ("GET", "version", {"query_string": PATH}),
    "diff": ("GET", "diff", {"query_string": PATH}),
    "notebooks": ("GET", "notebooks", {}),
    "recent": ("GET", "notebooks", {"query_string": {"recent": "1"}}),
    "search": ("GET", "notebooks", {"query_string": {"q": "a"}}),
    "label": ("PUT", "label", {"json": {**PATH, "version_id": "@0", "name": "a"}}),
    "restore": ("POST", "restore", {"json": {**PATH, "version_id": "@0"}}),
    "landing": ("GET", "cloned", {"query_string": SOURCE}),
}


@pytest.fixture(scope="module")
def proxy() -> Iterator[FaultProxy]:
    server = S3Server()
    server.start()
    server.make_bucket("downs")
    body = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
    for name in ("a.ipynb", "b.ipynb"):
        server.client().put_object(Bucket="downs", Key=f"workspace/{name}", Body=body)
    with FaultProxy(server.url) as proxy:
        yield proxy
    server.stop()


@pytest.fixture
def server(
    make_server_side: Callable[..., ServerSide],
    proxy: FaultProxy,
    contents: ContentsDouble,
) -> Iterator[ServerSide]:
    traits = {
        "s3_endpoint_url": proxy.url,
        "s3_access_key_id": "a-key-that-is-not-shown",
        "s3_secret_access_key": "a-secret-that-is-not-shown",
        "s3_bucket": "downs",
    }
    contents.files["a.ipynb"] = {
        "type": "notebook",
        "format": "json",
        "content": notebook("1"),
    }
    server = make_server_side({"archives": True}, storage="s3", **traits)
    # The first request of a process also creates the client of the store.
    assert server.get("/api/bookstore/versions", query_string=PATH).status_code == 200
    yield server
    proxy.heal()


HANG, REFUSE, BUSY = Fault("hang", seconds=HANGING), Fault("refuse"), Fault("status")
CASES = [
    *((name, fault) for name in ASKED for fault in (REFUSE, BUSY)),
    # Each of these takes some time.
    *((name, HANG) for name in ("versions", "notebooks", "label", "landing")),
]


@pytest.mark.parametrize(
    ("name", "fault"), CASES, ids=[f"{name}-{fault.kind}" for name, fault in CASES]
)
def test_a_store_that_is_down_is_reported_in_time(
    server: ServerSide, proxy: FaultProxy, name: str, fault: Fault
) -> None:
    method, route, options = ASKED[name]
    proxy.fault = fault
    began = time.monotonic()
    answer = server.open(method, f"/api/bookstore/{route}", **options)
    assert time.monotonic() - began < PATIENCE
    assert answer.status_code == 503, answer.text
    assert answer.json["error"] == "StorageUnavailableError"
    assert int(answer.headers["Retry-After"]) > 0
    assert "not-shown" not in answer.text


def test_a_store_that_hangs_in_the_middle_is_reported_in_time(
    server: ServerSide, proxy: FaultProxy
) -> None:
    proxy.fault = Fault("hang", seconds=HANGING, methods=("HEAD",))
    began = time.monotonic()
    # One whose metadata is not in memory yet.
    query = {"query_string": {"path": "b.ipynb"}}
    answer = server.get("/api/bookstore/versions", **query)
    assert time.monotonic() - began < PATIENCE
    assert answer.status_code == 503


def test_once_it_is_up_again_it_answers(server: ServerSide, proxy: FaultProxy) -> None:
    proxy.fault = Fault("refuse")
    query = {"query_string": PATH}
    assert server.get("/api/bookstore/versions", **query).status_code == 503
    proxy.heal()
    assert server.get("/api/bookstore/versions", **query).status_code == 200


def test_cloning_from_a_store_that_hangs_ends_in_time(
    server: ServerSide, proxy: FaultProxy
) -> None:
    proxy.fault = Fault("hang", seconds=HANGING)
    began = time.monotonic()
    answer = server.open("POST", "/bookstore/clone", data=SOURCE)
    assert time.monotonic() - began < PATIENCE
    assert answer.status_code == 503
