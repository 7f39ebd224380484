"""Starting gunicorn, failing to start it, and stopping it."""

import asyncio
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_web.server.address import ServerAddress
from bookstore_web.server.environment import LESS_MEMORY, child_environment
from bookstore_web.server.supervisor import GunicornSupervisor, NotRunningError
from bookstore_web.wire import Launch

LOG = logging.getLogger("notebook-server")
TESTS = Path(__file__).resolve().parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def make_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., GunicornSupervisor]]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = []

    def make(
        application: str,
        clock: Callable[[], float] = time.monotonic,
        idle_after: float = 0.0,
    ) -> GunicornSupervisor:
        settings = BookstoreSettings(storage="local", web_idle_after=idle_after)
        supervisor = GunicornSupervisor(
            settings,
            lambda: ServerAddress("http://127.0.0.1:1"),
            log=LOG,
            application=application,
            clock=clock,
        )
        made.append(supervisor)
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def failure_of(supervisor: GunicornSupervisor) -> NotRunningError:
    with pytest.raises(NotRunningError) as caught:
        await supervisor.ensure_running()
    return caught.value


def test_after_failed_starts_the_next_one_waits_longer_and_longer(
    make_supervisor: Callable[..., GunicornSupervisor],
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    supervisor = make_supervisor("harness.nowhere:application", clock)

    async def fail() -> list[float]:
        waits = []
        for seconds in (0.0, 0.25, 0.75):
            clock.now += seconds
            waits.append((await failure_of(supervisor)).retry_after)
        return waits

    assert asyncio.run(fail()) == [1.0, 0.75, 2.0]
    assert caplog.text.count("gunicorn could not start") == 2


def test_a_failed_start_leaves_no_directory(
    make_supervisor: Callable[..., GunicornSupervisor], tmp_path: Path
) -> None:
    supervisor = make_supervisor("harness.nowhere:application", Clock())
    error = asyncio.run(failure_of(supervisor))
    assert "ended with status 3" in str(error)
    assert list(tmp_path.glob("bookstore-*")) == []


def test_gunicorns_output_goes_to_the_servers_log(
    make_supervisor: Callable[..., GunicornSupervisor],
    caplog: pytest.LogCaptureFixture,
) -> None:
    supervisor = make_supervisor("harness.nowhere:application", Clock())
    asyncio.run(failure_of(supervisor))
    assert "gunicorn: ModuleNotFoundError: No module named" in caplog.text


def test_simultaneous_callers_share_one_start_and_stop_ends_it(
    make_supervisor: Callable[..., GunicornSupervisor],
) -> None:
    supervisor = make_supervisor("harness.echo:application()", Clock())

    async def start_thrice() -> list[Launch]:
        return await asyncio.gather(*(supervisor.ensure_running() for _ in range(3)))

    first, *others = asyncio.run(start_thrice())
    assert others == [first, first]
    assert len(first.secret) > 40
    assert stat.S_IMODE(os.stat(first.runtime_dir).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(first.socket_path).st_mode) == 0o600
    supervisor.stop()
    assert not os.path.exists(first.runtime_dir)


def test_without_requests_gunicorn_ends_and_the_next_one_starts_another(
    make_supervisor: Callable[..., GunicornSupervisor],
) -> None:
    supervisor = make_supervisor("harness.echo:application()", idle_after=0.01)

    async def ask() -> Launch:
        with supervisor.in_use():
            launch = await supervisor.ensure_running()
            await asyncio.sleep(0.05)
            assert await supervisor.ensure_running() is launch
        return launch

    async def ask_again() -> None:
        first = await ask()
        await until(lambda: not os.path.exists(first.runtime_dir))
        assert (await ask()).runtime_dir != first.runtime_dir

    asyncio.run(ask_again())


def test_a_socket_has_a_short_path_below_a_long_temporary_directory(
    make_supervisor: Callable[..., GunicornSupervisor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    supervisor = make_supervisor("harness.echo:application()", Clock())
    launch = asyncio.run(supervisor.ensure_running())
    assert len(launch.socket_path) < 100
    assert list(long.iterdir()) == []


def test_files_of_the_user_are_not_imported(
    make_supervisor: Callable[..., GunicornSupervisor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    supervisor = make_supervisor("harness.echo:application()", Clock())
    assert asyncio.run(supervisor.ensure_running()).runtime_dir


@pytest.mark.parametrize(
    "name",
    [
        "CONFIGPROXY_AUTH_TOKEN",
        "FLASK_DEBUG",
        "FORWARDED_ALLOW_IPS",
        "GUNICORN_CMD_ARGS",
        "JPY_API_TOKEN",
        "JPY_COOKIE_SECRET",
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_API_URL",
        "JUPYTER_PASSWORD",
        "JUPYTER_TOKEN",
        "JUPYTER_TOKEN_FILE",
        "SCRIPT_NAME",
        "WEB_CONCURRENCY",
    ],
)
def test_gunicorn_does_not_see_the_servers_own_variables(name: str) -> None:
    assert child_environment({name: "1"}) == LESS_MEMORY


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_SESSION_TOKEN", "HOME", "JUPYTERHUB_USER", "JUPYTER_PATH", "PATH"),
        "MALLOC_TRIM_THRESHOLD_",
    ],
)
def test_gunicorn_sees_all_other_variables(name: str) -> None:
    assert child_environment({name: "1"}) == {**LESS_MEMORY, name: "1"}
