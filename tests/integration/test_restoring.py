"""Restoring on real servers of both generations: nothing that was there is lost."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import GENERATIONS, Generation, NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=GENERATIONS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    generation: Generation = request.param
    home = tmp_path_factory.mktemp("restoring")
    config = extension_lines("bookstore_web", "bookstore_archiver") + settings_lines(
        storage="local",
        local_root=str(home / "store"),
        spool_dir=str(home / "spool"),
    )
    with NotebookServer(generation, home, config=config) as running:
        assert running.request("GET", "api/bookstore").ok  # gunicorn has started
        yield running


def ask(server: NotebookServer, method: str, name: str, **options: Any) -> Any:
    answer = server.request(method, f"api/bookstore/{name}", **options)
    assert answer.ok, f"{answer.status_code} {answer.text}"
    return answer.json()


def versions(server: NotebookServer, path: str, count: int) -> list[dict[str, Any]]:
    """Return the versions of a notebook, oldest first, as soon as there are `count`."""

    def look() -> list[dict[str, Any]] | None:
        answer = server.request("GET", "api/bookstore/versions", params={"path": path})
        found = answer.json().get("versions", []) if answer.ok else []
        assert len(found) <= count, found
        return found[::-1] if len(found) == count else None

    found: list[dict[str, Any]] = wait_for(look, what=f"{count} versions of {path}")
    return found


def content_of(server: NotebookServer, version: dict[str, Any]) -> bytes:
    query = {"path": version["path"], "version_id": version["version_id"]}
    answer = server.request(
        "GET", "api/bookstore/version", params={**query, "download": "1"}
    )
    assert answer.ok
    data: bytes = answer.content
    return data


def restore(server: NotebookServer, path: str, **wish: str) -> Any:
    return ask(server, "POST", "restore", json={"path": path, **wish})


def read_notebook(data: bytes) -> Any:
    """Return a notebook with each source as one string, whatever its form."""
    content = json.loads(data)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return content


EDITED = {
    # As an editor, a merge or nbconvert may write it: not as a server lays it out.
    "a notebook": json.dumps(notebook("edited outside")).encode(),
    "half a notebook": b'{"nbformat": 4, "cells": [{"source": "edited outs',
    "no text at all": b"\x80\xff\x00 edited outside",
}


@pytest.mark.parametrize("kind", EDITED)
def test_a_state_that_was_never_saved_survives_a_restore(
    server: NotebookServer, kind: str
) -> None:
    path = f"{kind}.ipynb"
    server.save(path, notebook("one"))
    server.save(path, notebook("one", "two"))
    (one, _) = versions(server, path, 2)
    file, edited = server.root / path, EDITED[kind]
    file.write_bytes(edited)

    answer = restore(server, path, version_id=one["version_id"])
    assert server.read(path)["content"]["cells"][0]["source"] == "one"
    assert answer["undo"] == {"sha256": hashlib.sha256(edited).hexdigest()}
    (*_, kept, restored) = versions(server, path, 4)
    assert content_of(server, kept) == edited
    assert restored["restored_from"] == one["version_id"]
    assert content_of(server, restored) == content_of(server, one)

    again = restore(server, path, **answer["undo"])
    assert again["restored_from"] == kept["version_id"]
    if kind == "a notebook":
        assert read_notebook(file.read_bytes()) == read_notebook(edited)
    else:
        assert file.read_bytes() == edited
    # The restored content was in the store already: it is not archived again.
    (*_, undone) = versions(server, path, 5)
    assert undone["restored_from"] == kept["version_id"]


def test_the_restored_version_is_listed_at_once(server: NotebookServer) -> None:
    path, query = "at once.ipynb", {"path": "at once.ipynb"}
    server.save(path, notebook("one"))
    server.save(path, notebook("two"))
    (one, two) = versions(server, path, 2)
    answer = restore(server, path, version_id=one["version_id"])
    (newest, *_) = ask(server, "GET", "versions", params=query)["versions"]
    assert newest["restored_from"] == one["version_id"]
    # Its undo needs no waiting either.
    assert restore(server, path, **answer["undo"])["restored_from"] == two["version_id"]
    page = server.request("GET", "bookstore/history", params=query)
    assert page.text.count("Restored from") == 2


def test_the_first_version_and_that_after_a_rename_are_listed_at_once(
    server: NotebookServer,
) -> None:
    server.save("first.ipynb", notebook("one"))
    query = {"path": "first.ipynb"}
    assert len(ask(server, "GET", "versions", params=query)["versions"]) == 1
    server.request("PATCH", "api/contents/first.ipynb", json={"path": "then.ipynb"})
    query = {"path": "then.ipynb"}
    (newest, *_) = ask(server, "GET", "versions", params=query)["versions"]
    assert newest["moved_from"] == "first.ipynb"


def test_a_deleted_notebook_is_found_and_restored(server: NotebookServer) -> None:
    (server.root / "sub").mkdir()
    server.save("sub/gone.ipynb", notebook("one"))
    versions(server, "sub/gone.ipynb", 1)
    query = {"prefix": "sub"}
    (found,) = ask(server, "GET", "notebooks", params=query)["notebooks"]
    assert found["here"] is True
    shutil.rmtree(server.root / "sub")
    (found,) = ask(server, "GET", "notebooks", params=query)["notebooks"]
    assert (found["here"], found["moved_to"]) == (False, "")
    answer = restore(server, "sub/gone.ipynb", version_id="@0")
    assert answer["undo"] is None
    assert server.read("sub/gone.ipynb")["content"]["cells"][0]["source"] == "one"


def test_a_renamed_notebook_is_restored_from_its_older_name(
    server: NotebookServer,
) -> None:
    server.save("before.ipynb", notebook("one"))
    (one,) = versions(server, "before.ipynb", 1)
    answer = server.request(
        "PATCH", "api/contents/before.ipynb", json={"path": "after.ipynb"}
    )
    assert answer.ok, answer.text
    server.save("after.ipynb", notebook("one", "two"))
    found = versions(server, "after.ipynb", 3)
    assert [known["path"] for known in found] == [
        "before.ipynb",
        "after.ipynb",
        "after.ipynb",
    ]
    answer = restore(server, "after.ipynb", version_id=one["version_id"])
    assert answer["restored_path"] == "before.ipynb"
    assert len(server.read("after.ipynb")["content"]["cells"]) == 1
    restored = versions(server, "after.ipynb", 4)[-1]
    assert restored["restored_from"] == one["version_id"]
    assert restored["restored_path"] == "before.ipynb"
    moved = {n["path"]: n for n in ask(server, "GET", "notebooks")["notebooks"]}
    assert moved["before.ipynb"]["here"] is False
    assert moved["before.ipynb"]["moved_to"] == "after.ipynb"

    # Another one comes to the old path, and is deleted there.
    server.save("before.ipynb", notebook("three"))
    wait_for(
        lambda: versions(server, "before.ipynb", 1)[0] != one, what="its own version"
    )
    (server.root / "before.ipynb").unlink()

    def gone() -> bool:
        """Whether it is gone, and not moved; a listing is kept for a second."""
        listed = ask(server, "GET", "notebooks")["notebooks"]
        [found] = [known for known in listed if known["path"] == "before.ipynb"]
        return (found["here"], found["moved_to"]) == (False, "")

    wait_for(gone, what="the notebook that is gone")


def test_a_copy_stands_beside_the_original_and_is_not_trusted(
    server: NotebookServer,
) -> None:
    content = notebook("one")
    server.save("original.ipynb", content)
    (one,) = versions(server, "original.ipynb", 1)
    copy = restore(server, "original.ipynb", version_id="@0", target_path="")
    assert copy["path"] == "original-1.ipynb"
    (made,) = versions(server, "original-1.ipynb", 1)
    assert made["restored_from"] == one["version_id"]
    assert made["restored_path"] == "original.ipynb"
    assert len(versions(server, "original.ipynb", 1)) == 1


def test_a_restore_that_could_lose_something_is_refused(
    server: NotebookServer,
) -> None:
    server.save("kept.ipynb", notebook("one"))
    server.save("kept.ipynb", notebook("two"))
    versions(server, "kept.ipynb", 2)
    file = server.root / "kept.ipynb"
    file.write_bytes(EDITED["a notebook"])
    spool = server.home / "spool"
    spool.rename(server.home / "spool-away")
    spool.write_text("where the spool was")
    try:
        answer = server.request(
            "POST",
            "api/bookstore/restore",
            json={"path": "kept.ipynb", "version_id": "@1"},
        )
        assert answer.status_code == 503, answer.text
        assert "Nothing was restored" in answer.json()["message"]
        assert file.read_bytes() == EDITED["a notebook"]
    finally:
        spool.unlink()
        (server.home / "spool-away").rename(spool)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("in-the-way.ipynb/b.ipynb", 409),
        ("in-the-way.ipynb/deep/b.ipynb", 409),
        ("folder.ipynb", 400),
        (f"{'x' * 250}.ipynb", 400),
        (".hidden/b.ipynb", 400),
    ],
)
def test_nothing_is_restored_where_a_notebook_cannot_be(
    server: NotebookServer, path: str, status: int
) -> None:
    server.save("in-the-way.ipynb", notebook("one"))
    (server.root / "folder.ipynb").mkdir(exist_ok=True)
    wait_for(
        lambda: (
            server.request(
                "GET", "api/bookstore/version", params={"path": "in-the-way.ipynb"}
            ).ok
        ),
        what="the first version",
    )
    wish = {"path": path, "version_id": "@0", "version_path": "in-the-way.ipynb"}
    answer = server.request("POST", "api/bookstore/restore", json=wish)
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]


def test_the_difference_to_the_file_is_returned(server: NotebookServer) -> None:
    server.save("compared.ipynb", notebook("one"))
    versions(server, "compared.ipynb", 1)
    edited = json.dumps(notebook("one", "two")).encode()
    (server.root / "compared.ipynb").write_bytes(edited)
    query = {"path": "compared.ipynb", "remote": "file", "summary": "1"}
    found = ask(server, "GET", "diff", params=query)
    assert found["summary"]["sentence"] == "1 cell added"
    assert found["remote"]["size"] == len(edited)


def test_a_label_is_given_and_found(server: NotebookServer) -> None:
    server.save("labelled.ipynb", notebook("one"))
    versions(server, "labelled.ipynb", 1)
    wish = {"path": "labelled.ipynb", "version_id": "@0", "name": "before refactor"}
    assert ask(server, "PUT", "label", json=wish)["label"]["name"] == "before refactor"
    query = {"path": "labelled.ipynb", "q": "refactor"}
    assert len(ask(server, "GET", "versions", params=query)["versions"]) == 1
