"""Renames and restores in real notebook servers, and the histories they make."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import requests

from bookstore_core.history import History
from bookstore_core.history.departures import open_note
from bookstore_core.moved_notes import read_note
from bookstore_core.origins import Origin
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore, open_store
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import first_source, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server


@pytest.fixture(params=["s3", "local"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, s3_server: S3Server
) -> dict[str, Any]:
    """Settings of either store, as config lines take them."""
    if request.param == "local":
        return {"storage": "local", "local_root": str(tmp_path / "store")}
    bucket: str = request.getfixturevalue("bucket")
    return s3_server.settings(bucket)


@pytest.fixture
def store(settings: dict[str, Any]) -> VersionStore:
    return open_store(BookstoreSettings.from_config(settings))


@pytest.fixture
def config(settings: dict[str, Any]) -> str:
    return settings_lines(**settings) + extension_lines("bookstore_archiver")


def rename(server: NotebookServer, old: str, new: str) -> None:
    quoted = requests.utils.quote(old)
    answer = server.request("PATCH", f"api/contents/{quoted}", json={"path": new})
    assert answer.ok, answer.text


def versions_of(store: VersionStore, path: str) -> list[Version]:
    """Return a path's versions with their metadata, newest first."""
    key = f"workspace/{path}"
    found = store.list_versions(key).versions
    return [store.head(key, version.version_id) for version in found]


def sources(store: VersionStore, versions: list[Version]) -> list[str]:
    texts = []
    for version in versions:
        with store.open(version.key, version.version_id) as opened:
            texts.append(first_source(opened.read(10**6)))
    return texts


def thread_of(store: VersionStore, path: str) -> list[tuple[str, list[str]]]:
    """Return each path that a notebook had with its contents, newest first."""
    thread = []
    while path:
        versions = versions_of(store, path)
        thread.append((path, sources(store, versions)))
        origins = [v.metadata.moved_from if v.metadata else None for v in versions]
        assert set(origins[:-1]) <= {""}, "only the first version under a path moved"
        path = origins[-1] or ""
    return thread


def test_history_continues_when_a_notebook_and_then_its_folder_are_renamed(
    generation: Generation, home: Path, config: str, store: VersionStore
) -> None:
    first, second, third = "old/Untitled ü.ipynb", "old/100%.ipynb", "new/100%.ipynb"
    with NotebookServer(generation, home, config=config) as server:
        server.request("PUT", "api/contents/old", json={"type": "directory"})
        server.save(first, notebook("1"))
        rename(server, first, second)
        server.save(second, notebook("2"))
        rename(server, "old", "new")
        server.save(third, notebook("3"))
        wait_for(
            lambda: spool_is_empty(home) and len(versions_of(store, third)) == 2,
            what="both versions under the last path",
            every=0.2,
        )
    assert thread_of(store, third) == [
        (third, ["3", "2"]),
        (second, ["2", "1"]),
        (first, ["1"]),
    ]
    for old, new in ((first, second), (second, third)):
        with open_note(store, f"workspace/{old}") as opened:
            assert read_note(opened.read(1000)) == new


def restore(
    server: NotebookServer, path: str, content: dict[str, Any], origin: Origin
) -> requests.Response:
    model = {"type": "notebook", "format": "json", "content": content, **origin.member}
    return server.request("PUT", f"api/contents/{path}", json=model)


def test_restore_keeps_what_was_never_archived_and_records_its_origin(
    generation: Generation, home: Path, config: str, store: VersionStore
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        server.save("a.ipynb", notebook("1"))
        changed = json.dumps(notebook("by a program"))
        (server.root / "a.ipynb").write_text(changed)
        assert restore(server, "a.ipynb", notebook("1"), Origin("v1", "b.ipynb")).ok
        assert restore(server, "new.ipynb", notebook("1"), Origin("v1")).ok
        assert first_source((server.root / "a.ipynb").read_bytes()) == "1"
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, "new.ipynb"),
            what="the last version",
            every=0.2,
        )
    versions = versions_of(store, "a.ipynb")
    assert sources(store, versions) == ["1", "by a program", "1"]
    metadata = versions[0].metadata
    assert metadata
    assert (metadata.restored_from, metadata.restored_path) == ("v1", "b.ipynb")
    (new,) = versions_of(store, "new.ipynb")
    assert new.metadata
    assert new.metadata.restored_from == "v1"


def test_restore_is_refused_with_a_reason_if_the_current_state_cannot_be_kept(
    generation: Generation, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "spool").write_text("A file, where the spool's directory should be.")
    config = extension_lines("bookstore_archiver") + settings_lines(
        storage="local", local_root=str(tmp_path), spool_dir=str(tmp_path / "spool")
    )
    with NotebookServer(generation, home, config=config) as server:
        server.save("a.ipynb", notebook("present"))
        answer = restore(server, "a.ipynb", notebook("old"), Origin("v1"))
        assert answer.status_code == 503
        assert "Nothing was restored" in answer.json()["message"]
        assert first_source((server.root / "a.ipynb").read_bytes()) == "present"


def test_notebooks_that_jupytext_keeps_as_text_are_followed_too(
    generation: Generation, home: Path, settings: dict[str, Any], store: VersionStore
) -> None:
    extensions = extension_lines("bookstore_archiver", "jupyterlab_jupytext")
    config = settings_lines(**settings) + extensions
    paired = {"formats": "ipynb,py:percent"}
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1", jupytext=paired))
        server.save("script.py", notebook("print(1)"))
        rename(server, "note.ipynb", "other.ipynb")
        rename(server, "script.py", "program.py")
        assert (server.root / "other.py").exists()
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, "program.py"),
            what="the versions under the new paths",
            every=0.2,
        )
    for old, new in (("note.ipynb", "other.ipynb"), ("script.py", "program.py")):
        (version,) = versions_of(store, new)
        assert version.metadata
        assert version.metadata.moved_from == old


def test_histories_continue_when_the_server_is_killed_right_after_a_folders_rename(
    generation: Generation, home: Path, tmp_path: Path
) -> None:
    local = {"storage": "local", "local_root": str(tmp_path / "store")}
    store = open_store(BookstoreSettings.from_config(local))
    config = settings_lines(**local) + extension_lines("bookstore_archiver")
    names = [f"{number:03}.ipynb" for number in range(300)]
    with NotebookServer(generation, home, config=config) as server:
        server.request("PUT", "api/contents/old", json={"type": "directory"})
        for name in names:
            server.save(f"old/{name}", notebook(name))
        rename(server, "old", "new")
        server.stop(signal.SIGKILL)
    assert list((home / ".local/share/jupyter/bookstore/spool/renamed").iterdir())
    with NotebookServer(generation, home, config=config) as server:
        server.save("new/299.ipynb", notebook("after"))
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, "new/298.ipynb"),
            what="the last notebook",
            every=0.2,
        )
    for name in names[:-1]:
        path = f"new/{name}"
        assert thread_of(store, path) == [(path, [name]), (f"old/{name}", [name])]
    # The save may be before or after the version that the rename made.
    versions = versions_of(store, "new/299.ipynb")
    assert [v.metadata.moved_from for v in versions if v.metadata][
        -1
    ] == "old/299.ipynb"


def test_next_notebook_at_a_path_does_not_get_the_history_of_the_renamed_one(
    generation: Generation, home: Path, config: str, store: VersionStore
) -> None:
    with NotebookServer(generation, home, config=config) as server:
        for name, texts in (("alpha", ("a1", "a2")), ("beta", ("b1",))):
            for text in texts:
                server.save("Untitled.ipynb", notebook(text))
            rename(server, "Untitled.ipynb", f"{name}.ipynb")
        server.save("Untitled.ipynb", notebook("c1"))
        wait_for(lambda: spool_is_empty(home), what="an empty spool")
    history = History(store, BookstoreSettings())

    def contents(path: str) -> list[str]:
        rows = history.page(path).rows
        data = [history.read(row.path, row.version.version_id)[1] for row in rows]
        return [first_source(content) for content in data]

    assert contents("alpha.ipynb") == ["a2", "a2", "a1"]
    assert contents("beta.ipynb") == ["b1", "b1"]
    assert contents("Untitled.ipynb") == ["c1"]


#: A contents manager that passes renames on, and never calls its own `rename_file`.
DISPATCHING = """
import importlib
name = "{package}.services.contents.largefilemanager"
kind = importlib.import_module(name).LargeFileManager

class Dispatching(kind):
    def rename(self, old_path, new_path):
        kind.rename_file(self, old_path, new_path)

c.{app}.contents_manager_class = Dispatching
"""


def test_renames_by_a_manager_that_overrides_rename_are_followed(
    generation: Generation, home: Path, config: str, store: VersionStore
) -> None:
    names = {"package": "jupyter_server", "app": "ServerApp"}
    if generation == "classic":
        names = {"package": "notebook", "app": "NotebookApp"}
    config += DISPATCHING.format(**names)
    with NotebookServer(generation, home, config=config) as server:
        server.request("PUT", "api/contents/old", json={"type": "directory"})
        server.save("old/a.ipynb", notebook("1"))
        rename(server, "old/a.ipynb", "old/b.ipynb")
        rename(server, "old", "new")
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, "new/b.ipynb"),
            what="the version under the last path",
        )
    assert thread_of(store, "new/b.ipynb") == [
        (path, ["1"]) for path in ("new/b.ipynb", "old/b.ipynb", "old/a.ipynb")
    ]


def test_notebooks_of_a_copied_folder_are_archived(
    home: Path, config: str, store: VersionStore
) -> None:
    with NotebookServer("modern", home, config=config) as server:
        server.request("PUT", "api/contents/old", json={"type": "directory"})
        server.request("PUT", "api/contents/old/in", json={"type": "directory"})
        for path in ("old/a.ipynb", "old/in/b.ipynb"):
            server.save(path, notebook(path))
        answer = server.request("POST", "api/contents/", json={"copy_from": "old"})
        assert answer.status_code == 201, answer.text
        copy = answer.json()["path"].strip("/")
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, f"{copy}/in/b.ipynb"),
            what="the copies",
        )
    for path in ("a.ipynb", "in/b.ipynb"):
        assert thread_of(store, f"{copy}/{path}") == [
            (f"{copy}/{path}", [f"old/{path}"])
        ]


def test_history_of_a_path_that_needs_more_than_the_metadata_continues(
    generation: Generation, home: Path, config: str, store: VersionStore
) -> None:
    folder = "/".join(["测" * 80] * 3)
    old, new = f"{folder}/old.ipynb", f"{folder}/new.ipynb"
    with NotebookServer(generation, home, config=config) as server:
        (server.root / folder).mkdir(parents=True)
        server.save(old, notebook("1"))
        rename(server, old, new)
        wait_for(
            lambda: spool_is_empty(home) and versions_of(store, new),
            what="the version under the new path",
        )
    assert thread_of(store, new) == [(new, ["1"]), (old, ["1"])]
