"""Notebook servers that listen with https, and on a unix socket."""

import datetime
import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from bookstore_web.contents.connections import open_pool
from harness.notebook_server import NotebookServer


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
