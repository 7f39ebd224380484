"""The address at which other processes on this machine reach a notebook server."""

import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

#: Addresses that mean all interfaces, and the loopback address of each.
LOOPBACK = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

FIRST_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)


@dataclass(frozen=True)
class ServerAddress:
    """An address; `url` and `certificate_sha256` are as in `wire.Launch`."""

    url: str
    certificate_sha256: str = ""


def address_of(app: Any) -> ServerAddress:
    """Return the address of a notebook server of either generation.

    Call it when a request arrives: the port may change after extensions are loaded.
    """
    if app.sock:
        return ServerAddress(f"http+unix://{quote(app.sock, safe='')}")
    host = LOOPBACK.get(app.ip, app.ip)
    if ":" in host:
        host = f"[{host}]"
    certificate = app.certfile or (app.ssl_options or {}).get("certfile", "")
    if not certificate:
        return ServerAddress(f"http://{host}:{_port_of(app)}")
    return ServerAddress(
        f"https://{host}:{_port_of(app)}", certificate_sha256=fingerprint(certificate)
    )


def _port_of(app: Any) -> int:
    if app.port:
        return int(app.port)
    # Port 0 lets the system choose; older servers do not write the choice back.
    sockets = app.http_server._sockets.values()
    return int(next(iter(sockets)).getsockname()[1])


def fingerprint(certfile: str) -> str:
    """Return the SHA-256 of the first certificate in a PEM file: the server's own.

    Raises ValueError if the file contains no certificate.
    """
    found = FIRST_CERTIFICATE.search(Path(certfile).read_text(errors="replace"))
    if found is None:
        raise ValueError(f"{certfile} contains no certificate")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest()
