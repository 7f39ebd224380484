"""Where a notebook server can be reached by a process beside it."""

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
    """`url` and `certificate_sha256` as in `wire.Launch`."""

    url: str
    certificate_sha256: str = ""


def address_of(app: Any) -> ServerAddress:
    """Return the address of a notebook server of either generation.

    Ask when a request is there: the port may change after extensions have loaded.
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
    """Return the SHA-256 of the first certificate in a PEM file: the server's own."""
    found = FIRST_CERTIFICATE.search(Path(certfile).read_text(errors="replace"))
    if found is None:
        raise ValueError(f"{certfile} holds no certificate")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest()
