"""Fixtures for all tests: a clean environment, and nothing left behind."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psutil
import pytest

from harness.command import Run, forget_application, runner

#: The process that renders and compares for the app; all tests share it.
CONFINED = "bookstore_web.confined.child"
#: The server of the tests' databases, and the processes that it starts.
POSTGRES = "postgres"
#: The process through which a module's tests drive their browser.
DRIVER = "playwright/driver"

#: The tests of real servers take most of the time.
SLOW = Path(__file__).parent / "integration"

SCRUBBED = ("AWS_", "JPYNB_", "JUPYTER", "JPY_", "XDG_")


def pytest_configure() -> None:
    """Let the servers of a run in the background be stopped as by Ctrl-C, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Let each of several workers begin with its share of the tests of real servers.

    A worker gets an equal part of the list. The quick tests at the end of its part are
    what others take over, so that all end at the same time, and no server is started
    twice because two workers share the tests of a module.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    modules: dict[Path, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    slow = [found for path, found in modules.items() if path.parent == SLOW]
    quick = iter([item for item in items if item.path.parent != SLOW])
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for module in sorted(slow, key=_weight, reverse=True):
        min(shares, key=_weight).extend(module)
    ordered: list[pytest.Item] = []
    for number, share in enumerate(shares):
        size = (len(items) - len(ordered)) // (workers - number)
        share += islice(quick, max(size - len(share), 0))
        ordered += share
    items[:] = [*ordered, *quick]


def _weight(items: list[pytest.Item]) -> int:
    """Return how long tests take, in about the time of one without a browser."""
    return sum(
        4 if "chromium" in getattr(item, "fixturenames", ()) else 1 for item in items
    )


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of the person who runs the tests reach them."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # The power does not fail in a test, and waiting for the disk takes long.
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(autouse=True)
def no_leaks(clean_environment: None) -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind."""
    threads_before = set(threading.enumerate())
    children_before = _children()
    yield
    started = [
        thread
        for thread in threading.enumerate()
        if thread not in threads_before and not _belongs_to_a_session(thread)
    ]
    for thread in started:
        # Threads of a server that a fixture has just stopped end on their own.
        thread.join(timeout=30)
    left = [thread for thread in started if thread.is_alive()]
    assert not left, f"threads left behind: {left}"
    children = _children() - children_before
    own = [
        process
        for process in children
        if not (_is_session_server(process) or _is_worker_of(process, children_before))
    ]
    _, alive = psutil.wait_procs(own, timeout=30)
    assert not alive, f"processes left behind: {alive}"


@pytest.fixture
def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Run `jupyter bookstore` with words; it reads no config but the test's own."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    yield runner(capsys)
    forget_application()


def _children() -> set[psutil.Process]:
    """Return all processes below this one.

    Linux lists the children of a thread in a file. psutil reads all processes of the
    machine instead, which takes longer than most tests.
    """
    if not Path("/proc/thread-self/children").exists():
        return set(psutil.Process().children(recursive=True))
    found: set[psutil.Process] = set()
    for number in _numbers_below(os.getpid()):
        with suppress(psutil.NoSuchProcess):
            found.add(psutil.Process(number))
    return found


def _numbers_below(parent: int) -> list[int]:
    numbers: list[int] = []
    with suppress(OSError):  # it may end meanwhile
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            numbers += map(int, listed.read_text().split())
    return [*numbers, *(below for n in numbers for below in _numbers_below(n))]


def _belongs_to_a_session(thread: threading.Thread) -> bool:
    return thread.name.startswith(("s3-server", "Thread-")) and thread.daemon


def _is_session_server(process: psutil.Process) -> bool:
    try:
        words = " ".join(process.cmdline())
        return any(
            known in words
            for known in ("hypercorn", "chromium", CONFINED, DRIVER, POSTGRES)
        )
    except psutil.Error:
        return False


def _is_worker_of(process: psutil.Process, masters: set[psutil.Process]) -> bool:
    """Return whether a gunicorn that ran before has replaced a worker by this one."""
    try:
        return "gunicorn" in process.cmdline() and process.parent() in masters
    except psutil.Error:
        return False


@pytest.fixture
def gone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the current one of `run`, and was deleted."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    return folder


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A directory of a file system that allows any time, if there is one."""
    place = Path("/dev", "shm")
    in_memory = place if os.access(place, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=in_memory) as name:
        yield Path(name)
