"""gunicorn beside a real notebook server: started, lost, replaced, ended."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from harness.echo import echo_server
from harness.notebook_server import TOKEN, Generation, NotebookServer
from harness.waiting import wait_for

pytestmark = pytest.mark.server


@pytest.fixture
def server(generation: Generation, home: Path) -> Iterator[NotebookServer]:
    with echo_server(generation, home) as server:
        yield server


def gunicorns(server: NotebookServer) -> list[psutil.Process]:
    assert server.process is not None
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if "gunicorn" in " ".join(child.cmdline())]


def runtime_dir(server: NotebookServer) -> Path:
    """Return the directory of the gunicorn that runs, from its command line."""
    option = "--worker-tmp-dir="
    words = gunicorns(server)[0].cmdline()
    return Path(next(w for w in words if w.startswith(option)).removeprefix(option))


def wait_until_gone(processes: list[psutil.Process], directory: Path) -> None:
    wait_for(
        lambda: not any(process.is_running() for process in processes),
        what=f"the end of {processes}",
    )
    wait_for(lambda: not directory.exists(), what=f"the end of {directory}")


def echo(server: NotebookServer) -> dict[str, int]:
    answer = server.request("GET", "api/bookstore")
    assert answer.ok, f"{answer.status_code} {answer.text}\n{server.log}"
    body: dict[str, int] = answer.json()
    return body


def test_many_first_requests_start_one_gunicorn(server: NotebookServer) -> None:
    assert gunicorns(server) == []
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: echo(server), range(8)))
    assert len({answer["master"] for answer in answers}) == 1
    assert len(gunicorns(server)) == 2  # a master and a worker


def test_without_requests_gunicorn_ends_until_the_next_one(
    generation: Generation, home: Path
) -> None:
    config = "c.BookstoreSettings.web_idle_after = 0.2\n"
    with echo_server(generation, home, config=config) as server:
        first = echo(server)
        wait_for(lambda: not psutil.pid_exists(first["pid"]), what="the worker's end")
        wait_for(
            lambda: not psutil.pid_exists(first["master"]), what="the master's end"
        )
        assert echo(server)["master"] != first["master"]


def kill_master(server: NotebookServer) -> None:
    master = psutil.Process(echo(server)["master"])
    master.kill()
    wait_for(lambda: has_ended(master), what="the master's end")


def kill_worker(server: NotebookServer) -> None:
    psutil.Process(echo(server)["pid"]).kill()


def end_in_good_order(server: NotebookServer) -> None:
    master = psutil.Process(echo(server)["master"])
    master.terminate()
    wait_for(lambda: has_ended(master), what="gunicorn's end")


def remove_socket(server: NotebookServer) -> None:
    (runtime_dir(server) / "gunicorn.sock").unlink()


def has_ended(process: psutil.Process) -> bool:
    # Its parent has not read its exit status yet.
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_gunicorn_that_is_lost_is_replaced_however_it_was_lost(
    server: NotebookServer,
) -> None:
    # One server for all ways, because starting a server takes long.
    for lose in (kill_worker, kill_master, end_in_good_order, remove_socket):
        echo(server)
        processes, directory = gunicorns(server), runtime_dir(server)
        lose(server)
        after = echo(server)
        if lose is not kill_worker:
            wait_until_gone(processes, directory)
        assert [after["master"], after["pid"]] == [p.pid for p in gunicorns(server)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_that_ends_its_worker_is_not_sent_again(
    server: NotebookServer, method: str
) -> None:
    words = {"GET": "ended while it worked", "POST": "before you try again"}
    answer = server.request(method, "api/bookstore?do=die-once")
    assert answer.status_code == 502
    assert words[method] in answer.json()["message"]
    assert server.request(method, "api/bookstore?do=die-once").ok


def test_an_app_that_fails_at_start_leaves_the_server_alive(
    server: NotebookServer, home: Path
) -> None:
    broken = home / "broken"
    broken.touch()
    refused = server.request("GET", "api/bookstore")
    assert refused.status_code == 503
    assert "could not start" in refused.json()["message"]
    assert int(refused.headers["Retry-After"]) >= 1
    page = server.request("GET", "bookstore/")
    assert "could not start" in page.text
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "broken by the test" in server.log
    assert server.request("GET", "api/status").ok
    broken.unlink()
    wait_for(lambda: server.request("GET", "api/bookstore").ok, what="recovery")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_leaves_nothing(
    generation: Generation, home: Path, how: signal.Signals
) -> None:
    app = {"classic": "NotebookApp", "modern": "ServerApp"}[generation]
    arguments = (f"--{app}.answer_yes=True",)
    with echo_server(generation, home, arguments=arguments) as server:
        echo(server)
        processes, directory = gunicorns(server), runtime_dir(server)
        server.stop(how)
    wait_until_gone(processes, directory)


def test_a_killed_server_leaves_nothing(server: NotebookServer) -> None:
    echo(server)
    processes, directory = gunicorns(server), runtime_dir(server)
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    wait_until_gone(processes, directory)


def test_a_server_killed_before_the_app_has_loaded_leaves_nothing(
    home: Path,
) -> None:
    os.mkfifo(home / "slow")  # the app waits for a line in it
    with echo_server("classic", home) as server, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(server.request, "GET", "api/bookstore")
        wait_for(lambda: len(gunicorns(server)) == 2, what="a worker")
        processes, directory = gunicorns(server), runtime_dir(server)
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        assert waiting.exception() is not None
    wait_until_gone(processes, directory)


def test_gunicorn_sees_no_token_of_server_or_hub(home: Path) -> None:
    environment = {
        "JUPYTERHUB_API_TOKEN": "hub-secret",
        "JPY_API_TOKEN": "hub-secret",
        "JUPYTER_TOKEN": TOKEN,
        "GUNICORN_CMD_ARGS": "--workers=3 --bind=127.0.0.1:1",
        "AWS_PROFILE": "kept",
    }
    with echo_server("classic", home, environment=environment) as server:
        echo(server)
        processes = gunicorns(server)
        assert len(processes) == 2
        for process in processes:
            seen = f"{process.environ()} {process.cmdline()}"
            assert "hub-secret" not in seen
            assert TOKEN not in seen
            assert process.environ()["AWS_PROFILE"] == "kept"
