"""Finding the notebook server's root directory for the files of a command."""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from bookstore_core.errors import InvalidRequestError
from bookstore_core.jupyter.server_root import ServerRoot, find_root
from harness.notebook_server import free_port

Serve = Callable[..., Path]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Write the info file of a server with this root directory; return the root."""
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(runtime))

    def write(
        name: str, *, pid: Any = None, trait: str = "root_dir", **address: object
    ) -> Path:
        root = tmp_path / name
        root.mkdir(parents=True, exist_ok=True)
        pid = os.getpid() if pid is None else pid
        info = {trait: str(root), "pid": pid, **address}
        kind = "jp" if trait == "root_dir" else "nb"
        file = runtime / f"{kind}server-{len(list(runtime.iterdir()))}.json"
        file.write_text(json.dumps(info))
        return root

    return write


def test_the_given_root_is_taken(tmp_path: Path, serve: Serve) -> None:
    serve("running")
    found = find_root(Config(), ["a.ipynb"], str(tmp_path / "given"))
    assert found == ServerRoot(str(tmp_path / "given"))


@pytest.mark.parametrize("trait", ["root_dir", "notebook_dir"])
def test_the_root_of_the_running_server_that_has_the_file_is_taken(
    serve: Serve, trait: str
) -> None:
    root = serve("running", trait=trait)
    serve("elsewhere")
    found = find_root(Config(), [str(root / "reports" / "june.ipynb")])
    assert found == ServerRoot(str(root))


def test_the_variable_of_a_servers_terminals_comes_before_running_servers(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(serve("outer/inner") / "a.ipynb")
    serve("outer")
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path / "outer"))
    assert find_root(Config(), [name]) == ServerRoot(str(tmp_path / "outer"))


def test_a_variable_of_another_server_is_ignored(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = serve("running")
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path / "other"))
    assert find_root(Config(), [str(root / "a.ipynb")]) == ServerRoot(str(root))


def test_the_root_of_a_contents_manager_comes_before_that_of_its_server(
    tmp_path: Path, serve: Serve
) -> None:
    name = str(serve("running") / "a.ipynb")
    config = Config({"FileContentsManager": {"root_dir": str(tmp_path)}})
    assert find_root(config, [name]) == ServerRoot(str(tmp_path))


def test_the_configured_root_is_taken_without_a_running_server(
    tmp_path: Path, serve: Serve
) -> None:
    serve("elsewhere")
    config = Config({"ServerApp": {"root_dir": str(tmp_path / "home")}})
    name = str(tmp_path / "home" / "a.ipynb")
    assert find_root(config, [name]) == ServerRoot(str(tmp_path / "home"))


def test_nested_servers_leave_a_doubt_unless_one_is_configured(
    tmp_path: Path, serve: Serve
) -> None:
    inner, outer = serve("outer/inner"), serve("outer")
    name = str(inner / "a.ipynb")
    found = find_root(Config(), [name])
    assert found.path == str(inner)
    assert str(inner) in found.doubt
    assert str(outer) in found.doubt
    config = Config({"ServerApp": {"root_dir": str(outer)}})
    assert find_root(config, [name]) == ServerRoot(str(outer))


def test_without_any_root_the_current_directory_is_a_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_root(Config(), ["a.ipynb"])
    assert found.path == str(tmp_path)
    assert "--root-dir" in found.note
    with pytest.raises(InvalidRequestError, match="--root-dir"):
        found.sure()


@pytest.mark.parametrize("pid", ["gone", "many", 0, -1, 2**70])
def test_servers_that_have_ended_do_not_count(serve: Serve, pid: Any) -> None:
    if pid == "gone":
        with subprocess.Popen(["true"]) as ended:
            pid = ended.pid
    root = serve("ended", pid=pid)
    assert find_root(Config(), [str(root / "a.ipynb")]).doubt


def test_a_process_with_the_number_of_a_killed_server_is_none(
    tmp_path: Path, serve: Serve
) -> None:
    by_port = serve("port", hostname="127.0.0.1", port=free_port())
    by_socket = serve("socket", sock=str(tmp_path / "gone.sock"), port=0)
    for root in (by_port, by_socket):
        assert find_root(Config(), [str(root / "a.ipynb")]).doubt


def test_a_server_that_listens_is_running(tmp_path: Path, serve: Serve) -> None:
    name = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as unix, socket.socket() as tcp:
        unix.bind(name)
        tcp.bind(("127.0.0.1", 0))
        for server in (unix, tcp):
            server.listen()
        port = tcp.getsockname()[1]
        by_port = serve("port", hostname="localhost", port=port)
        by_socket = serve("socket", sock=name, port=0, hostname="localhost")
        for root in (by_port, by_socket):
            found = find_root(Config(), [str(root / "a.ipynb")])
            assert found == ServerRoot(str(root))


@pytest.mark.parametrize("value", ["notebooks", ".", "./reports"])
def test_a_relative_root_in_the_configuration_is_a_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for section in ("ServerApp", "FileContentsManager"):
        config = Config({section: {"root_dir": value}})
        assert find_root(config, ["a.ipynb"]).doubt


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1, "root_dir": 5}'])
def test_info_files_that_cannot_be_read_do_not_count(
    tmp_path: Path, serve: Serve, text: str
) -> None:
    root = serve("running")
    (tmp_path / "runtime" / "jpserver-1.json").write_text(text)
    assert find_root(Config(), [str(root / "a.ipynb")]) == ServerRoot(str(root))
