"""Fixtures of the tests that run real servers."""

from collections.abc import Iterator
from pathlib import Path

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
def bucket(s3_server: S3Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """A versioned bucket of the test's own, and a server in its normal mood."""
    name = f"bucket-{abs(hash(request.node.nodeid)) % 10**12}"
    s3_server.delay = 0.0
    yield s3_server.make_bucket(name)
    s3_server.delay = 0.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The HOME of a server under test."""
    return tmp_path / "home"


@pytest.fixture(params=FRONT_ENDS)
def front(request: pytest.FixtureRequest) -> FrontEnd:
    """All four front ends, one after the other."""
    return FRONT_ENDS[request.param]


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium, for one test."""
    with open_browser() as chromium:
        yield chromium
