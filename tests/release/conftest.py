"""What `make release-check` builds and installs, once for all of its tests."""

import shutil
import tomllib
from pathlib import Path

import pytest

from harness.notebook_server import GENERATIONS, TOP, Generation
from harness.wheels import build, clean_environment, front_ends_of, source_of


@pytest.fixture(params=GENERATIONS, scope="session")
def generation(request: pytest.FixtureRequest) -> Generation:
    value: Generation = request.param
    return value


@pytest.fixture(scope="session")
def version() -> str:
    """The version that is about to be released."""
    manifest = source_of("bookstore") / "pyproject.toml"
    found: str = tomllib.loads(manifest.read_text("utf-8"))["project"]["version"]
    return found


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder with what will be uploaded: an sdist and its wheel of each."""
    folder = TOP / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    build(folder)
    return folder


@pytest.fixture(scope="session")
def environment(
    generation: Generation,
    built: Path,
    version: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A clean environment with the front ends, and all of bookstore from its wheels."""
    folder = tmp_path_factory.mktemp(generation) / "environment"
    wanted = [f"bookstore=={version}", *front_ends_of(generation)]
    clean_environment(folder, *wanted, wheelhouse=built)
    return folder
