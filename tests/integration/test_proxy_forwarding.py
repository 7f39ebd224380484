"""Requests arrive at gunicorn as they were sent, and answers come back unchanged."""

import hashlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.echo import LARGE, echo_server
from harness.notebook_server import GENERATIONS, TOKEN, NotebookServer

pytestmark = pytest.mark.server

KNOWN_USER = """
from jupyter_server.auth import IdentityProvider, User

class Known(IdentityProvider):
    def get_user(self, handler):
        return User("J\\u00f6rg \\u674e")

c.ServerApp.identity_provider_class = Known
"""

#: max_notebook_size in the echo server's settings, and the room around a notebook.
LARGEST_BODY = 1_000_000 + 64 * 1024


@pytest.fixture(scope="module", params=GENERATIONS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    home = tmp_path_factory.mktemp("forwarding")
    with echo_server(request.param, home) as server:
        assert server.request("GET", "api/bookstore").ok
        yield server


def raw_echo(
    server: NotebookServer, target: str, headers: tuple[tuple[str, str], ...] = ()
) -> dict[str, Any]:
    """Send a request without normalising anything; header names may repeat."""
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: token {TOKEN}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = http.client.HTTPResponse(client)
        answer.begin()
        body = answer.read()
    assert answer.status == 200, body
    echo: dict[str, Any] = json.loads(body)
    return echo


@pytest.mark.parametrize(
    "target",
    [
        "/api/bookstore/published/what%3F.ipynb",
        "/api/bookstore/published/a%23b%25c%2Fd.ipynb",
        "/api/bookstore/published//double///slash.ipynb",
        "/api/bookstore/published/%E2%82%AC%20caf%C3%A9.ipynb",
        "/api/bookstore/published/../dots/./%2e%2e.ipynb",
        "/api/bookstore/published/a;b=c.ipynb?path=x%2Fy&q=%3F&q=+&empty=",
    ],
)
def test_the_request_target_stays_as_it_was_sent(
    server: NotebookServer, target: str
) -> None:
    assert raw_echo(server, target)["uri"] == target


def test_bytes_that_no_uri_has_are_percent_encoded(server: NotebookServer) -> None:
    echo = raw_echo(server, "/api/bookstore/caf\u00e9")
    assert echo["uri"] == "/api/bookstore/caf%C3%A9"


def test_a_forged_context_is_replaced_by_the_servers_own(
    server: NotebookServer,
) -> None:
    forged = (
        ("X-Bookstore-Context", '{"secret": "guess", "user": "root"}'),
        ("x_bookstore_context", "{}"),
        ("X-Bookstore-Anything", "1"),
    )
    echo = raw_echo(server, "/api/bookstore", forged)
    assert echo["context"]["secret"] == echo["secret"]
    assert "X_BOOKSTORE_ANYTHING" not in echo["headers"]


def test_headers_that_claim_another_caller_are_dropped(server: NotebookServer) -> None:
    spoofed = (
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=10.0.0.1"),
        ("Remote-User", "root"),
        ("X-Script-Name", "/evil"),
        ("SCRIPT_NAME", "/evil"),
        ("Connection", "X-Hop, keep-alive"),
        ("X-Hop", "1"),
        ("X-Kept", "yes"),
    )
    headers = raw_echo(server, "/api/bookstore", spoofed)["headers"]
    assert headers["X_KEPT"] == "yes"
    assert headers["HOST"] == f"127.0.0.1:{server.port}"
    ours = {"HOST", "AUTHORIZATION", "X_KEPT", "X_BOOKSTORE_CONTEXT", "CONNECTION"}
    assert set(headers) - {"USER_AGENT"} == ours


def test_the_context_names_who_asks_and_from_where(server: NotebookServer) -> None:
    context = raw_echo(server, f"/api/bookstore?token={TOKEN}")["context"]
    assert context["origin"] == f"http://127.0.0.1:{server.port}"
    assert context["authorization"] == f"token {TOKEN}"
    assert (context["base_url"], context["ui"]) == ("/", "notebook")
    # A shared token names nobody.
    assert context["user"] == ""
    # On this server, only bookstore_web is enabled.
    assert context["archives"] is False


def test_twenty_kilobytes_of_cookies_pass(server: NotebookServer) -> None:
    cookies = "; ".join(f"session-{number}={'x' * 4000}" for number in range(5))
    headers = raw_echo(server, "/api/bookstore", (("Cookie", cookies),))["headers"]
    assert cookies in headers["COOKIE"]


def test_a_long_query_passes(server: NotebookServer) -> None:
    target = f"/api/bookstore?path={'x' * 20_000}"
    assert raw_echo(server, target)["uri"] == target


def test_a_body_as_large_as_allowed_arrives_whole(server: NotebookServer) -> None:
    body = bytes(range(256)) * (LARGEST_BODY // 256)
    echo = server.request("PUT", "api/bookstore/published/a", data=body).json()
    assert echo["size"] == len(body)
    assert echo["sha256"] == hashlib.sha256(body).hexdigest()
    assert echo["type"] == "application/octet-stream"


def test_a_larger_body_is_refused_with_a_reason(server: NotebookServer) -> None:
    body = b"x" * (LARGEST_BODY + 1)
    answer = server.request("PUT", "api/bookstore/published/a", data=body)
    assert answer.status_code == 413
    assert str(LARGEST_BODY) in answer.json()["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_is_passed_on(server: NotebookServer, method: str) -> None:
    assert server.request(method, "api/bookstore").json()["method"] == method


def test_the_apps_answer_wins_over_the_servers_defaults(
    server: NotebookServer,
) -> None:
    answer = server.request("GET", "bookstore/?do=teapot")
    assert (answer.status_code, answer.reason) == (418, "Short and stout")
    assert answer.content == b"<p>tea"
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert {"one", "two"} <= set(answer.cookies.keys())
    raw = answer.raw.headers
    assert [len(raw.getlist(name)) for name in ("Date", "Server")] == [1, 1]


def test_answers_without_a_body_have_none(server: NotebookServer) -> None:
    head = server.request("HEAD", "bookstore/?do=teapot")
    assert (head.status_code, head.headers["Content-Length"]) == (418, "6")
    assert head.content == b""
    empty = server.request("GET", "bookstore/?do=no-content")
    assert (empty.status_code, empty.content) == (204, b"")
    unchanged = server.request("GET", "bookstore/?do=not-modified")
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (304, '"1"')


def test_a_large_answer_arrives_whole_and_has_its_length(
    server: NotebookServer,
) -> None:
    answer = server.request("GET", "api/bookstore?do=large")
    assert answer.headers["Content-Length"] == str(len(LARGE))
    assert answer.content == LARGE


def test_a_large_answer_that_breaks_off_is_not_taken_for_whole(
    server: NotebookServer,
) -> None:
    with pytest.raises(requests.RequestException):
        server.request("GET", "api/bookstore?do=half")
    assert server.request("GET", "api/bookstore?do=large").content == LARGE
    assert "A download ended early" in server.log


def test_names_beyond_ascii_are_passed_in_the_context(home: Path) -> None:
    with echo_server("modern", home, config=KNOWN_USER) as server:
        context = server.request("GET", "api/bookstore").json()["context"]
        assert context["user"] == "J\u00f6rg \u674e"
