"""Calls back to a notebook server: base URL, other port, https, unix socket."""

import json
import socket
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from harness.echo import echo_server
from harness.listening import HttpsServer, SocketServer
from harness.notebook_server import Generation, NotebookServer

pytestmark = pytest.mark.server


def test_everything_is_below_a_base_url(generation: Generation, home: Path) -> None:
    with echo_server(generation, home, base_url="/user/ann/") as server:
        echo = server.request("GET", "api/bookstore?q=1").json()
        assert echo["uri"] == "/user/ann/api/bookstore?q=1"
        assert echo["context"]["base_url"] == "/user/ann/"
        assert server.request("GET", "bookstore/?do=call-back").text == "200 directory"


class WanderingServer(NotebookServer):
    """A server whose port is taken, so that it takes another."""

    @property
    def _listen_arguments(self) -> list[str]:
        return [
            f"--{self.app}.ip=127.0.0.1",
            f"--{self.app}.port={self.port}",
            f"--{self.app}.port_retries=50",
        ]

    def _is_up(self) -> bool:
        runtime = self.home / ".local/share/jupyter/runtime"
        for path in runtime.glob("*server-*.json"):
            if text := path.read_text():  # empty until the server has written it
                self.port = json.loads(text)["port"]
                return super()._is_up()
        return False


def test_calls_back_go_to_the_port_that_the_server_really_has(
    generation: Generation, home: Path
) -> None:
    server = echo_server(generation, home, kind=WanderingServer)
    taken = server.port
    with socket.create_server(("127.0.0.1", taken)), server:
        assert server.port != taken
        answer = server.request("GET", "api/bookstore?do=call-back")
        assert answer.text == "200 directory"


def test_a_self_signed_certificate_works(generation: Generation, home: Path) -> None:
    with echo_server(generation, home, kind=HttpsServer) as server:
        echo = server.request("GET", "api/bookstore").json()
        assert echo["server_url"] == f"https://127.0.0.1:{server.port}"
        assert echo["context"]["origin"] == f"https://127.0.0.1:{server.port}"
        answer = server.request("GET", "api/bookstore?do=call-back")
        assert answer.text == "200 directory"


def test_a_server_on_a_unix_socket_works(
    generation: Generation, short_home: Path
) -> None:
    with echo_server(generation, short_home, kind=SocketServer) as server:
        echo = server.request("GET", "api/bookstore").json()
        path = quote(str(short_home / "jupyter.sock"), safe="")
        assert echo["server_url"] == f"http+unix://{path}"
        answer = server.request("GET", "api/bookstore?do=call-back")
        assert answer.text == "200 directory"


def test_the_real_app_answers_through_the_server(
    generation: Generation, home: Path
) -> None:
    with echo_server(generation, home, extension="bookstore_web") as server:
        answer = server.request("GET", "api/bookstore")
        assert answer.json()["features"]["bookstore_valid"] is True
        assert (
            requests.get(f"{server.url}/api/bookstore", timeout=60).status_code == 403
        )
