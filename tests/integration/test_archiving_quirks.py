"""Archiving under unusual conditions: clients, load, settings, a killed server."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import websocket
from jupyter_ydoc import YNotebook
from pycrdt import (
    YMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import TOKEN, Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import Versions, spool_is_empty
from harness.waiting import wait_for

pytestmark = pytest.mark.server

ARCHIVER = extension_lines("bookstore_archiver")
#: Seconds for a request to a slow store; after 30 it would be sent again.
SLOW = 20.0


@pytest.fixture
def versions(s3_server: S3Server, bucket: str) -> Versions:
    return Versions(s3_server, bucket)


@pytest.fixture
def store(s3_server: S3Server, bucket: str) -> str:
    """Config lines that name the bucket."""
    return settings_lines(**s3_server.settings(bucket))


def test_sixty_quick_saves_are_sixty_versions_in_order(
    generation: Generation,
    home: Path,
    store: str,
    versions: Versions,
    s3_server: S3Server,
) -> None:
    with NotebookServer(generation, home, config=store + ARCHIVER) as server:
        save_number(server, 0)
        versions.wait(1)
        s3_server.delay, before = SLOW, s3_server.answered
        for number in range(1, 60):
            save_number(server, number)
            assert server.request("GET", "api/status").ok
        assert s3_server.answered < before + 59, "saves wait for the store"
        s3_server.delay = 0.0
        wait_for(lambda: spool_is_empty(home), what="an empty spool")
        assert versions.wait(60) == [str(number) for number in range(60)]


def save_number(server: NotebookServer, number: int) -> None:
    server.save("note.ipynb", notebook(str(number)))


def test_saves_of_a_killed_server_are_uploaded_at_the_next_start(
    generation: Generation,
    home: Path,
    store: str,
    versions: Versions,
    s3_server: S3Server,
) -> None:
    server = NotebookServer(generation, home, config=store + ARCHIVER).start()
    s3_server.delay = SLOW
    for number in range(10):
        save_number(server, number)
    server.stop(signal.SIGKILL)
    s3_server.delay = 0.0
    assert len(versions.names()) < 10
    with NotebookServer(generation, home, config=store + ARCHIVER):
        assert versions.wait(10) == [str(number) for number in range(10)]
        assert len({v["Metadata"]["bookstore-save-id"] for v in versions.of()}) == 10


def test_servers_on_one_spool_take_over_from_each_other(
    generation: Generation, home: Path, tmp_path: Path, store: str, versions: Versions
) -> None:
    config = store + ARCHIVER + settings_lines(spool_dir=str(tmp_path / "spool"))
    first = NotebookServer(generation, home, config=config).start()
    with NotebookServer(generation, tmp_path / "home2", config=config) as second:
        first.save("first.ipynb", notebook("1"))
        second.save("second.ipynb", notebook("2"))
        assert versions.wait(1, "workspace/second.ipynb") == ["2"]
        first.stop(signal.SIGKILL)
        second.save("second.ipynb", notebook("3"))
        assert versions.wait(2, "workspace/second.ipynb") == ["2", "3"]
        assert versions.wait(1, "workspace/first.ipynb") == ["1"]


def test_saves_of_every_kind_count_once_and_others_do_not(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    text = notebook_text("uploaded")
    with NotebookServer(generation, home, config=store + ARCHIVER) as server:
        put(server, "up.ipynb", type="file", format="text", content=text)
        for chunk, part in ((1, text[:50]), (2, text[50:90]), (-1, text[90:])):
            put(
                server,
                "big.ipynb",
                type="file",
                format="text",
                chunk=chunk,
                content=part,
            )
        put(server, "plain.txt", type="file", format="text", content="no notebook")
        put(server, "folder", type="directory")
        refused = server.request(
            "PUT",
            "api/contents/missing/note.ipynb",
            json={"type": "notebook", "format": "json", "content": notebook("1")},
        )
        assert not refused.ok
        copy = server.request("POST", "api/contents", json={"copy_from": "up.ipynb"})
        server.save("last.ipynb", notebook("last"))
        assert versions.wait(1, "workspace/last.ipynb") == ["last"]
        assert versions.wait(1, "workspace/up.ipynb") == ["uploaded"]
        assert versions.wait(1, "workspace/big.ipynb") == ["uploaded"]
        assert versions.wait(1, f"workspace/{copy.json()['path']}") == ["uploaded"]
        assert len(versions.names("")) == 4


def notebook_text(source: str) -> str:
    return json.dumps(notebook(source))


def put(server: NotebookServer, path: str, **model: Any) -> None:
    answer = server.request("PUT", f"api/contents/{path}", json=model)
    assert answer.ok, answer.text


def test_synchronous_manager_on_a_modern_server_archives(
    home: Path, store: str, versions: Versions
) -> None:
    manager = "jupyter_server.services.contents.largefilemanager.LargeFileManager"
    config = store + ARCHIVER + f"c.ServerApp.contents_manager_class = {manager!r}\n"
    with NotebookServer("modern", home, config=config, program="lab") as server:
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(lambda n: save_number(server, n), range(8)))
        assert sorted(versions.wait(8)) == [str(number) for number in range(8)]


def test_saves_of_a_collaboration_server_are_archived(
    home: Path, store: str, versions: Versions
) -> None:
    config = (
        store
        + extension_lines("bookstore_archiver", "jupyter_server_ydoc")
        + "c.YDocExtension.document_save_delay = 0.1\n"
    )
    with NotebookServer("modern", home, config=config, program="lab") as server:
        server.save("note.ipynb", notebook("1"))
        versions.wait(1)
        edit_together(server, "note.ipynb", "2")
        wait_for(lambda: len(versions.names()) > 1, what="a version by the room")
        assert versions.sources()[-1] == "2"


def edit_together(server: NotebookServer, path: str, source: str) -> None:
    """Change the first cell as a browser does in a shared document."""
    model = {"format": "json", "type": "notebook"}
    session = server.request(
        "PUT", f"api/collaboration/session/{path}", json=model
    ).json()
    room = f"json:notebook:{session['fileId']}"
    address = server.url.replace("http", "ws") + f"/api/collaboration/room/{room}"
    socket = websocket.create_connection(
        f"{address}?sessionId={session['sessionId']}",
        header=[f"Authorization: token {TOKEN}"],
        timeout=20,
    )
    shared = YNotebook()
    document = shared.ydoc
    socket.send_binary(create_sync_message(document))
    while not shared.ycells:
        message = socket.recv()
        if message[0] == YMessageType.SYNC:
            reply = handle_sync_message(message[1:], document)
            if reply is not None:
                socket.send_binary(reply)
    before = document.get_state()
    text = shared.ycells[0]["source"]
    text.clear()
    text += source
    socket.send_binary(create_update_message(document.get_update(before)))
    wait_for(lambda: source in (server.root / path).read_text(), what="its save")
    socket.close()


def test_without_a_store_it_logs_one_line_and_the_api_and_pages_say_so(
    generation: Generation, home: Path
) -> None:
    config = extension_lines("bookstore_archiver", "bookstore_web")
    with NotebookServer(generation, home, config=config) as server:
        server.save("note.ipynb", notebook("1"))
        answer = server.request("GET", "api/bookstore")
        assert answer.status_code == 200
        assert not any(answer.json()["features"].values())
        assert "No store is configured" in answer.json()["store"]["check"][0]
        page = server.request("GET", "bookstore/")
        assert page.status_code == 200
        assert "No store is configured" in page.text
        query = {"path": "note.ipynb"}
        answer = server.request("GET", "api/bookstore/versions", params=query)
        assert answer.status_code == 503
        for method, route in (
            ("PUT", "published/note.ipynb"),
            ("POST", "cloned"),
            ("POST", "fs-clone"),
        ):
            answer = server.request(method, f"api/bookstore/{route}", json={})
            assert answer.status_code == 404, answer.text
        lines = [line for line in server.log.splitlines() if "Bookstore" in line]
        said = [line for line in lines if " | extension was" not in line]
        assert len(said) == 1, said
        assert "No store is configured" in said[0]
        assert not list(home.rglob("spool"))


def test_a_wrong_setting_disables_only_what_it_is_about(
    generation: Generation, home: Path, store: str, versions: Versions
) -> None:
    config = extension_lines("bookstore_archiver", "bookstore_web") + store
    wrong = settings_lines(fs_cloning_basedir="Users/x", max_threads=0)
    with NotebookServer(generation, home, config=config + wrong) as server:
        server.save("note.ipynb", notebook("1"))
        versions.wait(1)
        state = server.request("GET", "api/bookstore").json()
        assert state["features"]["archive_valid"]
        assert not state["features"]["fs_clone_valid"]
        assert len(state["wrong_settings"]) == 2
        page = server.request("GET", "bookstore/").text
        assert page.count("A setting is wrong.") == 2


def test_misspelt_settings_are_reported_and_a_local_store_works(
    generation: Generation, home: Path
) -> None:
    config = ARCHIVER + settings_lines(storage="local", s3_bukcet="x")
    with NotebookServer(generation, home, config=config) as server:
        assert "s3_bukcet" in server.log
        assert "Did you mean" in server.log
        server.save("note.ipynb", notebook("1"))
        wait_for(lambda: spool_is_empty(home), what="an empty spool")
        store = home / ".local/share/jupyter/bookstore/store"
        assert [path for path in store.rglob("*") if path.is_file()]


def test_wrong_settings_and_unversioned_buckets_leave_saving_alone(
    generation: Generation, home: Path, s3_server: S3Server, bucket: str
) -> None:
    wrong = ARCHIVER + settings_lines(s3_bucket="x", max_threads="many")
    with NotebookServer(generation, home, config=wrong) as server:
        server.save("note.ipynb", notebook("1"))
        assert "a setting is wrong" in server.log
        assert "max_threads" in server.log
    name = s3_server.make_bucket(f"{bucket}-plain", versioned=False)
    plain = ARCHIVER + settings_lines(**s3_server.settings(name))
    with NotebookServer(generation, home, config=plain) as server:
        for number in range(3):
            save_number(server, number)
        wait_for(lambda: "is not enabled" in server.log, what="the refusal")
    assert Versions(s3_server, name).names("") == []
    assert server.log.count("is not enabled") == 1
