"""The scripts that come with the package: those of the manifest, sent to be kept."""

import gzip
import hashlib
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_web.rendering.renderers import FOLDER, renderer_at, renderers

PACKAGES: list[dict[str, Any]] = json.loads(
    (FOLDER / "manifest.json").read_text("utf-8")
)["packages"]
FILES = {file["file"]: file for package in PACKAGES for file in package["files"]}


@pytest.mark.parametrize("name", FILES)
def test_a_committed_file_is_that_of_the_manifest(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    if name.endswith(".gz"):
        assert data[4:8] == bytes(4), "the time in it"
        data = gzip.decompress(data)
    assert hashlib.sha256(data).hexdigest() == FILES[name]["sha256"]


def test_every_package_has_a_version_an_integrity_and_its_license() -> None:
    for package in PACKAGES:
        assert package["version"][0].isdigit()
        assert package["integrity"].startswith("sha512-")
        assert package["license"] in {"MIT", "BSD-3-Clause", "Apache-2.0"}
        for name in package["licenses"]:
            assert len((FOLDER / name).read_text("utf-8")) > 500
    assert "http" not in json.dumps(PACKAGES)


def test_nothing_is_in_the_folder_that_the_manifest_does_not_name() -> None:
    compressed = {path.name for path in FOLDER.glob("*.gz")}
    assert compressed == {name for name in FILES if name.endswith(".gz")}


def test_a_script_is_sent_compressed_and_kept(client: FlaskClient) -> None:
    found = renderers()["mathjax"]
    sent = client.get(f"/{found.address}", headers={"Accept-Encoding": "gzip, br"})
    assert sent.status_code == 200
    assert sent.headers["Content-Encoding"] == "gzip"
    assert sent.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sent.headers["Content-Type"].startswith("text/javascript")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    plain = client.get(f"/{found.address}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(sent.data) == plain.data


@pytest.mark.parametrize(
    "address", ["", "0/frame.js", "../app/factory.py", "manifest.json", "0/%2e%2e/x"]
)
def test_nothing_else_is_sent(client: FlaskClient, address: str) -> None:
    assert renderer_at(address) is None
    answer = client.get(f"/bookstore/renderers/{address}")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
