"""How gunicorn reaches the notebook server that started it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bookstore_web.server.address import ServerAddress, address_of, fingerprint

#: An Ed25519 certificate for "t", and the SHA-256 that openssl shows for it.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBLjCB4aADAgECAhR/ClQiuQMK4j6BZ7Og/3NZHNe0KjAFBgMrZXAwDDEKMAgG
A1UEAwwBdDAgFw0yNjExMjMxOTM3MTlaGA8yMTI2MTAzMDE5MzcxOVowDDEKMAgG
A1UEAwwBdDAqMAUGAytlcAMhAPcqIBkAnOFyHItmddSsi8167lrNqAhq74l+Vie4
eMfxo1MwUTAdBgNVHQ4EFgQUtWwdHeSGwTjfJ2Uf1o29T0j99fIwHwYDVR0jBBgw
FoAUtWwdHeSGwTjfJ2Uf1o29T0j99fIwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
QQBG8qhCC6VpiURVcXjVxnE1vXEK3z0kBtbHzC4VNgIoBnibxM54/OWL5RgCGZOS
dz0xzqwMdk6V/iHPgp0oGxQM
-----END CERTIFICATE-----
"""
SHA256 = "387e7b65cdea146233bace46bfb5aff2f1bb9d72bf51bc2798b8fe9f9d65a042"


def app(**traits: Any) -> SimpleNamespace:
    defaults = {"sock": "", "ip": "localhost", "port": 8888, "certfile": ""}
    return SimpleNamespace(**{**defaults, "ssl_options": {}, **traits})


@pytest.mark.parametrize(
    ("ip", "host"),
    [
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
        ("*", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104
        ("::", "[::1]"),
        ("::1", "[::1]"),
    ],
)
def test_the_address_can_be_connected_to(ip: str, host: str) -> None:
    assert address_of(app(ip=ip)).url == f"http://{host}:8888"


def test_a_server_on_a_unix_socket_is_reached_there() -> None:
    address = address_of(app(sock="/run/user 1/jupyter.sock", port=0))
    assert address.url == "http+unix://%2Frun%2Fuser%201%2Fjupyter.sock"


def test_the_port_that_the_system_chose_is_read_from_the_socket() -> None:
    listening = SimpleNamespace(getsockname=lambda: ("127.0.0.1", 49152))
    http_server = SimpleNamespace(_sockets={3: listening})
    address = address_of(app(port=0, http_server=http_server))
    assert address.url == "http://localhost:49152"


def test_a_server_with_a_certificate_is_identified_by_its_fingerprint(
    tmp_path: Path,
) -> None:
    certfile = tmp_path / "server.pem"
    certfile.write_text(f"a key may come first\n{CERTIFICATE}{CERTIFICATE}")
    expected = ServerAddress("https://localhost:8888", certificate_sha256=SHA256)
    assert address_of(app(certfile=str(certfile))) == expected
    assert address_of(app(ssl_options={"certfile": str(certfile)})) == expected


def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ValueError, match=r"empty\.pem contains no certificate"):
        fingerprint(str(tmp_path / "empty.pem"))
