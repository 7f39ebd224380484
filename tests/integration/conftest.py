"""Fixtures of the tests that run real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
