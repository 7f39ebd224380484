"""The web app on its own, started by the command that docs/deploy.md gives."""

import io
import json
import os
import re
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from harness.notebook_server import TOP, notebook
from harness.standalone import SocketConnection
from harness.waiting import wait_for

#: A key whose encoded form is three times as long.
KEY = "published/" + "ü" * 428 + ".ipynb"
Start = Callable[..., Path]


def documented_command() -> str:
    """Return the shell's command that starts gunicorn."""
    text = (TOP / "docs" / "deploy.md").read_text()
    block = next(b for b in re.findall(r"```sh\n(.*?)```", text, re.S) if "--bind" in b)
    return block[block.index("\ngunicorn ") :].strip()


def ask(path: Path, target: str, **headers: str) -> tuple[int, str]:
    connection = SocketConnection(path)
    try:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start gunicorn, by default on the documented socket, below `tmp_path`."""
    config = tmp_path / "config"
    config.mkdir()
    (tmp_path / "run").mkdir()
    path, started = tmp_path / "run" / "web.sock", []

    def start_gunicorn() -> Path:
        known = {"storage": "local", "local_root": str(tmp_path / "store")}
        text = json.dumps({"BookstoreSettings": known})
        (config / "jupyter_config.json").write_text(text)
        line = command.replace("/run/bookstore", str(path.parent))
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {line}"],
                env={**os.environ, "JUPYTER_CONFIG_DIR": str(config), "PATH": programs},
                cwd=tmp_path,
                stderr=log,
            )
        started.append(process)
        wait_for(path.exists, what="the socket")
        return path

    command = documented_command()
    programs = f"{TOP / '.venv' / 'bin'}:{os.environ['PATH']}"
    yield start_gunicorn
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def put_version(tmp_path: Path) -> None:
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))
    store, data = open_store(settings), json.dumps(notebook("1")).encode()
    store.prepare()
    metadata = VersionMetadata(save_id=new_save_id(), saved_at=utc_now())
    store.put(KEY, io.BytesIO(data), size=len(data), metadata=metadata)


def test_long_keys_and_large_cookies_pass(start: Start, tmp_path: Path) -> None:
    put_version(tmp_path)
    path = start()
    target = f"/bookstore/clone?s3_bucket=bookstore&s3_key={quote(KEY)}"
    status, page = ask(path, target, Cookie="a=" + "x" * 9000)
    assert status == 200, page
    assert KEY in page
    name = quote(KEY.removeprefix("published/"))
    query = f"shelf=published&path={name}&base_path={name}&remote_path={name}"
    assert len(query) > 3 * 878
    # The notebook is found, and has only one version.
    status, page = ask(path, f"/bookstore/diff?{query}&base=@0&remote=@0")
    assert status == 200, page
    # The proxy is in the group of the directory.
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_client_cannot_choose_base_url_or_scheme(start: Start) -> None:
    path = start()
    headers = {"SCRIPT_NAME": "/evil", "Script-Name": "/evil"}
    headers["X-Forwarded-Ssl"] = "on"
    status, page = ask(path, "/bookstore/", **headers)
    assert status == 200
    assert "/evil" not in page
    assert 'href="/bookstore/static/' in page
