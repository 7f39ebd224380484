"""What restores, clones and reverts write has the form that front ends send."""

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import GENERATIONS, Generation, NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server

#: A hook as people write them: it expects what front ends send.
SCRUB = """
def scrub(model, **options):
    if model["type"] == "notebook":
        for cell in model["content"]["cells"]:
            cell["source"] = cell["source"].replace("SECRET", "***")
            cell["outputs"] = []

c.ContentsManager.pre_save_hook = scrub
c.FileContentsManager.pre_save_hook = scrub
c.ContentsManager.checkpoints_class = "bookstore.BookstoreCheckpoints"
"""

PAIRED = {"formats": "ipynb,py:percent"}


@pytest.fixture(scope="module", params=GENERATIONS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    generation: Generation = request.param
    home = tmp_path_factory.mktemp("forms")
    (home / "mounted").mkdir()
    enabled = ("bookstore_web", "bookstore_archiver", "jupyterlab_jupytext")
    config = SCRUB + extension_lines(*enabled)
    config += settings_lines(
        storage="local",
        local_root=str(home / "store"),
        spool_dir=str(home / "spool"),
        fs_cloning_basedir=str(home / "mounted"),
    )
    with NotebookServer(generation, home, config=config) as running:
        assert running.request("GET", "api/bookstore").ok  # gunicorn has started
        yield running


def ask(server: NotebookServer, name: str, **body: str) -> Any:
    answer = server.request("POST", f"api/bookstore/{name}", json=body)
    assert answer.ok, f"{answer.status_code} {answer.text}"
    return answer.json()


def restore(server: NotebookServer, path: str, **wish: str) -> Any:
    return ask(server, "restore", path=path, **wish)


def wait_for_versions(server: NotebookServer, path: str, count: int) -> list[Any]:
    """Return the versions of a notebook, newest first, as soon as there are `count`."""

    def look() -> list[Any]:
        answer = server.request("GET", "api/bookstore/versions", params={"path": path})
        found: list[Any] = answer.json().get("versions", []) if answer.ok else []
        return found if len(found) >= count else []

    return wait_for(look, what=f"{count} versions of {path}")


def source_in_jupyter(server: NotebookServer, path: str) -> str:
    """Return what Jupyter shows; it refuses to open a pair that is out of step."""
    source: str = server.read(path)["content"]["cells"][0]["source"]
    return source


def save_pair(server: NotebookServer, name: str) -> None:
    for source in ("one", "two"):
        server.save(f"{name}.ipynb", notebook(source, jupytext=PAIRED))
    wait_for_versions(server, f"{name}.ipynb", 2)


def is_in_step(server: NotebookServer, name: str, source: str) -> bool:
    text = (server.root / f"{name}.py").read_text()
    return source in text and source == source_in_jupyter(server, f"{name}.ipynb")


def test_a_pair_is_restored_and_the_restore_undone(server: NotebookServer) -> None:
    save_pair(server, "pair")
    undo = restore(server, "pair.ipynb", version_id="@1")["undo"]
    assert is_in_step(server, "pair", "one")
    wait_for_versions(server, "pair.ipynb", 3)
    restore(server, "pair.ipynb", **undo)
    assert is_in_step(server, "pair", "two")


def test_a_pair_is_reverted_to_a_checkpoint(server: NotebookServer) -> None:
    save_pair(server, "reverted")
    url = "api/contents/reverted.ipynb/checkpoints"
    first = server.request("GET", url).json()[0]["id"]
    answer = server.request("POST", f"{url}/{first}")
    assert answer.status_code == 204, answer.text
    assert is_in_step(server, "reverted", "one")


def test_copy_of_a_pair_is_a_pair_and_overwrites_no_text(
    server: NotebookServer,
) -> None:
    save_pair(server, "copied")
    (server.root / "copied-1.py").write_text("# somebody's own")
    copy = restore(server, "copied.ipynb", version_id="@1", target_path="")
    assert copy["path"] == "copied-2.ipynb"
    assert is_in_step(server, "copied-2", "one")
    assert (server.root / "copied-1.py").read_text() == "# somebody's own"


def test_edits_of_the_text_survive_a_restore(server: NotebookServer) -> None:
    save_pair(server, "edited")
    text = server.root / "edited.py"
    text.write_text(text.read_text().replace("two", "edited outside"))
    later = time.time() + 2
    os.utime(text, (later, later))
    restore(server, "edited.ipynb", version_id="@1")
    assert is_in_step(server, "edited", "one")
    # The two saves, what Jupyter showed before the restore, and the restore.
    _, kept, *_ = wait_for_versions(server, "edited.ipynb", 4)
    restore(server, "edited.ipynb", version_id=kept["version_id"])
    assert is_in_step(server, "edited", "edited outside")


def test_text_that_is_left_of_a_pair_survives_a_restore(server: NotebookServer) -> None:
    save_pair(server, "left")
    (server.root / "left.ipynb").unlink()
    text = server.root / "left.py"
    text.write_text(text.read_text().replace("two", "edited outside"))
    restore(server, "left.ipynb", version_id="@1")
    assert is_in_step(server, "left", "one")
    _, kept, *_ = wait_for_versions(server, "left.ipynb", 4)
    restore(server, "left.ipynb", version_id=kept["version_id"])
    assert is_in_step(server, "left", "edited outside")


def with_secret(form: str) -> bytes:
    """Return a notebook as a file may hold it: not as front ends send it."""
    source = ["a = 1\n", "b = 'SECRET'"]
    if form == "v3":
        cell = {"cell_type": "code", "language": "python", "input": source}
        cell |= {"outputs": [], "metadata": {}, "collapsed": False}
        sheets = [{"cells": [cell], "metadata": {}}]
        old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
        return json.dumps({**old, "worksheets": sheets}).encode()
    content = notebook("")
    content["cells"][0]["source"] = source
    if form == "invalid":
        content["cells"][0]["unknown"] = 1
    return json.dumps(content).encode()


def put(server: NotebookServer, key: str, data: bytes) -> str:
    settings = BookstoreSettings(storage="local", local_root=str(server.home / "store"))
    digest = hashlib.sha256(data).hexdigest()
    metadata = VersionMetadata(new_save_id(), utc_now(), sha256=digest)
    body = io.BytesIO(data)
    return (
        open_store(settings)
        .put(key, body, size=len(data), metadata=metadata)
        .version_id
    )


def by_restore(server: NotebookServer, name: str, data: bytes) -> str:
    version_id = put(server, f"workspace/{name}", data)
    path: str = restore(server, name, version_id=version_id)["path"]
    return path


def by_copy(server: NotebookServer, name: str, data: bytes) -> str:
    version_id = put(server, f"workspace/{name}", data)
    path: str = restore(server, name, version_id=version_id, target_path="")["path"]
    return path


def by_clone(server: NotebookServer, name: str, data: bytes) -> str:
    put(server, f"published/{name}", data)
    key = f"published/{name}"
    path: str = ask(server, "cloned", s3_bucket="bookstore", s3_key=key)["path"]
    return path


def by_mounted_clone(server: NotebookServer, name: str, data: bytes) -> str:
    (server.home / "mounted" / name).write_bytes(data)
    path: str = ask(server, "fs-clone", relpath=name)["path"]
    return path


WAYS = (by_restore, by_copy, by_clone, by_mounted_clone)


@pytest.mark.parametrize("form", ["lines", "v3", "invalid"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_hooks_before_a_save_apply(
    server: NotebookServer,
    form: str,
    way: Callable[[NotebookServer, str, bytes], str],
) -> None:
    if form == "invalid" and way in (by_clone, by_mounted_clone):
        return  # refused: test_cloning.py
    path = way(server, f"{form}-{way.__name__}.ipynb", with_secret(form))
    on_disk = json.loads((server.root / path).read_bytes())
    assert on_disk["cells"][0]["source"] == ["a = 1\n", "b = '***'"]
    assert on_disk["nbformat"] == 4
