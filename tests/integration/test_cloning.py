"""Publishing and cloning through real notebook servers of both generations."""

import hashlib
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from bookstore_web.contents.drafts import LARGE
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import (
    GENERATIONS,
    TOKEN,
    Generation,
    NotebookServer,
    notebook,
)

pytestmark = pytest.mark.server

COPY = "api/bookstore/copy"
#: A script that a stranger may have put into a notebook: it runs if it is trusted.
SCRIPT = "<script>document.title = 'owned by {}'</script>"


@pytest.fixture(scope="module", params=GENERATIONS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    generation: Generation = request.param
    home = tmp_path_factory.mktemp("cloning")
    mounted = home / "mounted"
    mounted.mkdir()
    config = extension_lines("bookstore_web") + settings_lines(
        storage="local",
        local_root=str(home / "store"),
        spool_dir=str(home / "spool"),
        fs_cloning_basedir=str(mounted),
    )
    with NotebookServer(generation, home, config=config) as running:
        (running.root / "sub").mkdir()
        assert running.request("GET", "api/bookstore").ok  # gunicorn has started
        yield running


def store_bytes(server: NotebookServer, key: str, data: bytes) -> str:
    """Put bytes into the server's store without any checks; return the version's id."""
    settings = BookstoreSettings(storage="local", local_root=str(server.home / "store"))
    metadata = VersionMetadata(
        save_id=new_save_id(),
        saved_at=utc_now(),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    body = io.BytesIO(data)
    version = open_store(settings).put(key, body, size=len(data), metadata=metadata)
    return version.version_id


def hostile(name: str) -> dict[str, Any]:
    """Return a notebook whose cells all claim trust, and one of which is a script."""
    content = notebook("1", "2")
    for cell in content["cells"]:
        cell["metadata"]["trusted"] = True
        data = {"text/html": SCRIPT.format(name)}
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        cell["outputs"] = [output]
    return content


def clone(server: NotebookServer, key: str, **fields: str) -> Any:
    payload = {"s3_bucket": "bookstore", "s3_key": key, **fields}
    return server.request("POST", "api/bookstore/cloned", json=payload)


def trusts(server: NotebookServer, path: str) -> list[bool]:
    """Return for each cell whether the server reports it as trusted."""
    cells = server.read(path)["content"]["cells"]
    return [bool(cell["metadata"].get("trusted")) for cell in cells]


def test_a_server_trusts_a_notebook_that_claims_trust(
    server: NotebookServer,
) -> None:
    # Shows why cloning must drop the claim, which the next tests check.
    server.save("own.ipynb", hostile("own"))
    assert trusts(server, "own.ipynb") == [True, True]


def test_a_cloned_notebook_is_not_trusted(server: NotebookServer) -> None:
    store_bytes(server, "published/evil.ipynb", json.dumps(hostile("s3")).encode())
    answer = clone(server, "published/evil.ipynb")
    assert answer.status_code == 200, answer.text
    assert answer.json()["path"] == "evil.ipynb"
    assert trusts(server, "evil.ipynb") == [False, False]
    assert SCRIPT.format("s3") in json.dumps(server.read("evil.ipynb")["content"])


def test_a_large_cloned_notebook_is_not_trusted_and_else_byte_for_byte(
    server: NotebookServer,
) -> None:
    data = json.dumps(hostile("large")).encode() + b"\n" * LARGE
    store_bytes(server, "published/large.ipynb", data)
    for name in ("large.ipynb", "large-1.ipynb"):
        assert clone(server, "published/large.ipynb").json()["path"] == name
        assert trusts(server, name) == [False, False]
        expected = data.replace(b'"trusted": true', b"")
        assert (server.root / name).read_bytes() == expected


def test_a_notebook_cloned_from_a_directory_is_not_trusted(
    server: NotebookServer,
) -> None:
    path = server.home / "mounted" / "mounted.ipynb"
    path.write_text(json.dumps(hostile("fs")))
    payload = {"relpath": "mounted.ipynb"}
    answer = server.request("POST", "api/bookstore/fs-clone", json=payload)
    assert answer.status_code == 200, answer.text
    assert trusts(server, "mounted.ipynb") == [False, False]


def test_what_2x_took_and_refused_is_taken_and_refused(server: NotebookServer) -> None:
    (server.home / "mounted" / "plain.ipynb").write_text(json.dumps(notebook("1")))
    payload = {"relpath": "./plain.ipynb", "target_path": "./sub/plain.ipynb"}
    answer = server.request("POST", "api/bookstore/fs-clone", json=payload)
    assert answer.status_code == 200, answer.text
    assert answer.json()["path"] == "sub/plain.ipynb"
    escaping = {"relpath": "../server.log"}
    answer = server.request("POST", "api/bookstore/fs-clone", json=escaping)
    assert answer.status_code == 404
    answer = server.request("PUT", "api/bookstore/published/a.ipynb", json={})
    assert answer.status_code == 400
    payload = {"s3_bucket": "/", "s3_key": "published/a.ipynb"}
    answer = server.request("POST", "api/bookstore/clone/", json=payload)
    assert answer.status_code == 400


def test_a_notebook_published_and_cloned_is_not_trusted(
    server: NotebookServer,
) -> None:
    answer = server.request(
        "PUT",
        "api/bookstore/published/shared.ipynb",
        json={"type": "notebook", "content": hostile("published")},
    )
    assert answer.status_code == 200, answer.text
    page = server.request("GET", answer.json()["url"].partition(server.url)[2])
    assert "shared.ipynb" in page.text
    assert clone(server, "published/shared.ipynb").status_code == 200
    assert trusts(server, "shared.ipynb") == [False, False]


def test_a_taken_name_is_incremented_and_a_subfolder_is_used(
    server: NotebookServer,
) -> None:
    store_bytes(server, "published/same.ipynb", json.dumps(notebook("1")).encode())
    paths = [
        clone(server, "published/same.ipynb", **fields).json()["path"]
        for fields in ({}, {}, {"target_path": "sub/same.ipynb"})
    ]
    assert paths == ["same.ipynb", "same-1.ipynb", "sub/same.ipynb"]


@pytest.mark.parametrize(
    ("data", "fields", "status"),
    [
        (b'{"cells": []}', {}, 422),
        (b'\xff\xfe{"cells"', {}, 422),
        (json.dumps(notebook("1")).encode(), {"target_path": "no/such.ipynb"}, 404),
        (json.dumps(notebook("1")).encode(), {"s3_version_id": "nonsense"}, 404),
        (json.dumps(notebook("1")).encode(), {"s3_bucket": "elsewhere"}, 403),
    ],
)
def test_a_failed_clone_leaves_nothing_behind(
    server: NotebookServer, data: bytes, fields: dict[str, str], status: int
) -> None:
    store_bytes(server, "published/bad.ipynb", data)
    answer = clone(server, "published/bad.ipynb", **fields)
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]
    assert not list(Path(server.root).rglob("bad*"))


def test_a_clone_looks_at_its_name_alone_and_logs_nothing(
    server: NotebookServer,
) -> None:
    store_bytes(server, "published/named.txt", b"1")
    (server.root / "sub" / "named.txt").symlink_to("nothing")  # it is not written over
    before = len(server.log)
    for expected in ("sub/named-1.txt", "sub/named-2.txt"):
        answer = clone(server, "published/named.txt", target_path="sub/")
        assert answer.json()["path"] == expected
    assert " 404 " not in server.log[before:]
    kinds = server.request("GET", "api/bookstore/kinds?path=sub&path=sub/named-1.txt")
    assert kinds.json() == {"kinds": ["directory", "file"]}
    stranger = requests.get(f"{server.url}/api/bookstore/kinds?path=sub", timeout=30)
    assert stranger.status_code == 403


def test_copies_made_at_once_are_all_there(server: NotebookServer) -> None:
    # What is large is streamed, and its name chosen when all of it has arrived.
    bodies = {"": b"small", "large/": b"large" * LARGE}
    for folder, body in bodies.items():
        store_bytes(server, f"published/{folder}race.txt", body)
    keys = [*["published/race.txt"] * 14, *["published/large/race.txt"] * 2]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda key: clone(server, key).json(), keys))
    sizes = [(server.root / answer["path"]).stat().st_size for answer in answers]
    assert sizes == [*[5] * 14, *[5 * LARGE] * 2]
    assert len({answer["path"] for answer in answers}) == 16


def test_a_stream_of_a_copy_overwrites_nothing(server: NotebookServer) -> None:
    (server.root / "own.txt").write_text("mine")
    query = {"path": "own.txt", "new": "1"}
    answer = server.request("PUT", "api/bookstore/file", params=query, data=b"copy")
    assert answer.json()["path"] == "own-1.txt"
    assert (server.root / "own.txt").read_text() == "mine"


TEXT = {"type": "file", "format": "text", "content": "1"}
NO_TYPE = {"format": "text", "content": "1"}


@pytest.mark.parametrize(
    ("name", "target", "model", "status"),
    [
        ("a.txt", "", "no model", 400),
        ("a.txt", "", [], 400),
        ("a.txt", "", NO_TYPE, 400),
        ("a.txt", "", {"type": "directory"}, 400),
        ("a.txt", "", TEXT | {"chunk": 1}, 400),
        ("a.txt", "", TEXT | {"format": "base64", "content": "\u00fc"}, 400),
        (".profile", "", TEXT, 400),
        ("a.txt", "no/such/", TEXT, 404),
        ("a.txt", "../", TEXT, 400),
        ("a.txt", "b.ipynb", TEXT, 400),
        ("", "", TEXT, 400),
        ("x" * 256, "", TEXT, 400),
    ],
)
def test_a_copy_is_saved_only_where_and_what_a_save_would_be(
    server: NotebookServer, name: str, target: str, model: object, status: int
) -> None:
    before = sorted(server.root.rglob("*"))
    query = {"name": name, "target": target}
    answer = server.request("PUT", COPY, params=query, json=model)
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]
    assert sorted(server.root.rglob("*")) == before


def test_a_stranger_copies_nothing_and_others_only_by_put(
    server: NotebookServer,
) -> None:
    url = f"{server.url}/{COPY}?name=stranger.txt&target="
    assert requests.put(url, json=TEXT, timeout=30).status_code == 403
    assert server.request("POST", COPY, json=TEXT).status_code == 405
    assert not (server.root / "stranger.txt").exists()


def test_a_control_character_is_part_of_a_name(server: NotebookServer) -> None:
    store_bytes(server, "published/a\x01b.txt", b"1")
    paths = [clone(server, "published/a\x01b.txt").json()["path"] for _ in range(2)]
    assert paths == ["a\x01b.txt", "a\x01b-1.txt"]


def test_a_file_that_is_not_a_notebook_is_cloned_unchanged(
    server: NotebookServer,
) -> None:
    store_bytes(server, "published/data.bin", b"\x00\xff\x01")
    assert clone(server, "published/data.bin").status_code == 200
    assert (server.root / "data.bin").read_bytes() == b"\x00\xff\x01"


def test_a_browser_with_cookies_clones_by_the_pages_button(
    server: NotebookServer,
) -> None:
    store_bytes(server, "published/button.ipynb", json.dumps(notebook("1")).encode())
    with requests.Session() as session:
        url = f"{server.url}/bookstore/clone"
        query = {"s3_bucket": "bookstore", "s3_key": "published/button.ipynb"}
        session.get(url, params={**query, "token": TOKEN}, timeout=30)
        form = {**query, "_xsrf": session.cookies["_xsrf"]}
        assert session.post(url, data=query, timeout=30).status_code == 403
        answer = session.post(url, data=form, timeout=30, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"].endswith("/notebooks/button.ipynb")
    assert (server.root / "button.ipynb").is_file()
