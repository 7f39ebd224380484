"""Fixtures of the tests that run real servers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from harness.browsing import open_browser
from harness.front_ends import FRONT_ENDS, FrontEnd
from harness.notebook_server import GENERATIONS, Generation
from harness.s3_server import S3Server


@pytest.fixture(params=GENERATIONS)
def generation(request: pytest.FixtureRequest) -> Generation:
    """Both generations of notebook server, one after the other."""
    value: Generation = request.param
    return value


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(s3_server: S3Server) -> Iterator[str]:
    """A versioned bucket of the test's own, and a server in its normal mood."""
    name = f"bucket-{uuid4().hex}"
    s3_server.delay = 0.0
    yield s3_server.make_bucket(name)
    s3_server.delay = 0.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The HOME of a server under test."""
    return tmp_path / "home"


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A HOME whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="home-") as path:
        yield Path(path)


@pytest.fixture(params=FRONT_ENDS)
def front(request: pytest.FixtureRequest) -> FrontEnd:
    """All four front ends, one after the other."""
    return FRONT_ENDS[request.param]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, for the tests of a module."""
    with open_browser() as started:
        yield started


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Chromium, without pages and cookies of other tests."""
    yield chromium
    for context in chromium.contexts:
        context.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests in a browser have a second attempt, which the summary shows.

    Front ends lose a key or a click now and then while they start on a busy machine.
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))
