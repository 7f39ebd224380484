"""Calls back to a notebook server: base URL, other port, https, unix socket."""

import datetime
import ipaddress
import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from bookstore_web.contents.connections import open_pool
from harness.echo import echo_server
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


class HttpsServer(NotebookServer):
    """A server with a self-signed certificate."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.certificate = self.home / "certificate.pem"
        self.key = self.home / "key.pem"
        write_certificate(self.certificate, self.key)
        # REQUESTS_CA_BUNDLE would override `verify`.
        self.session.trust_env = False
        self.session.verify = str(self.certificate)

    @property
    def url(self) -> str:
        return super().url.replace("http://", "https://")

    @property
    def _listen_arguments(self) -> list[str]:
        return [
            *super()._listen_arguments,
            f"--{self.app}.certfile={self.certificate}",
            f"--{self.app}.keyfile={self.key}",
        ]


def write_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "notebook server")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def test_a_self_signed_certificate_works(generation: Generation, home: Path) -> None:
    with echo_server(generation, home, kind=HttpsServer) as server:
        echo = server.request("GET", "api/bookstore").json()
        assert echo["server_url"] == f"https://127.0.0.1:{server.port}"
        assert echo["context"]["origin"] == f"https://127.0.0.1:{server.port}"
        answer = server.request("GET", "api/bookstore?do=call-back")
        assert answer.text == "200 directory"


class UnixAdapter(HTTPAdapter):
    """requests over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._pool = open_pool(f"http+unix://{quote(str(path), safe='')}")

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


class SocketServer(NotebookServer):
    """A server on a unix socket."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.socket = self.home / "jupyter.sock"
        self.session.mount("http://localhost", UnixAdapter(self.socket))

    @property
    def url(self) -> str:
        return f"http://localhost{self.base_url}".rstrip("/")

    @property
    def _listen_arguments(self) -> list[str]:
        return [f"--{self.app}.sock={self.socket}"]


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A HOME whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="home-") as path:
        yield Path(path)


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
            requests.get(f"{server.url}/api/bookstore", timeout=10).status_code == 403
        )
