"""The wheels, installed into clean environments, for each way of deployment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from harness.notebook_server import TOP, NotebookServer, free_port, notebook
from harness.waiting import wait_for
from harness.wheels import (
    DISTRIBUTIONS,
    build,
    clean_environment,
    names_in,
    source_of,
)


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All wheels, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheels")
    build(folder, "--wheel")
    return folder


def test_pip_install_in_a_checkout_installs_all_its_packages() -> None:
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet"]
    flags = ["--no-build-isolation", "--no-index", "--report=-"]
    report = json.loads(subprocess.check_output([*pip, *flags, str(TOP)]))
    sources = {
        found["metadata"]["name"].replace("-", "_"): found["download_info"]["url"]
        for found in report["install"]
    }
    assert sources.keys() == {*DISTRIBUTIONS, "bookstore_checkout"}
    for name in DISTRIBUTIONS:
        assert sources[name] == source_of(name).as_uri()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_wheel_is_marked_as_typed(wheelhouse: Path, distribution: str) -> None:
    assert f"{distribution}/py.typed" in names_in(wheelhouse, distribution)


def test_the_web_wheel_contains_templates_and_static_files(wheelhouse: Path) -> None:
    names = names_in(wheelhouse, "bookstore_web")
    source = source_of("bookstore_web") / "src"
    for folder in ("app/templates", "app/static", "front", "renderers"):
        files = [p for p in (source / "bookstore_web" / folder).rglob("*.*")]
        assert files
        assert {str(path.relative_to(source)) for path in files} <= names


def test_front_ends_find_our_extensions_and_are_spared_those_of_nbdime(
    wheelhouse: Path,
) -> None:
    names = names_in(wheelhouse, "bookstore_web")
    for path in (
        "share/jupyter/labextensions/bookstore/package.json",
        "share/jupyter/labextensions/bookstore/install.json",
        "share/jupyter/labextensions/bookstore/static/remoteEntry.js",
        "share/jupyter/nbextensions/bookstore/main.js",
        "share/jupyter/nbextensions/bookstore/tree.js",
        "etc/jupyter/nbconfig/notebook.d/bookstore.json",
        "etc/jupyter/nbconfig/tree.d/bookstore.json",
        "etc/jupyter/labconfig/page_config.d/nbdime_by_bookstore.json",
        "etc/jupyter/nbconfig/notebook.d/nbdime_by_bookstore.json",
        "etc/jupyter/jupyter_server_config.d/nbdime_by_bookstore.json",
        "etc/jupyter/jupyter_notebook_config.d/nbdime_by_bookstore.json",
    ):
        assert any(name.endswith(f"data/{path}") for name in names), path


@pytest.mark.parametrize("name", ["bookstore_archiver", "bookstore_web"])
@pytest.mark.parametrize("config", ["jupyter_server_config", "jupyter_notebook_config"])
def test_plugin_wheels_enable_themselves_on_both_generations(
    wheelhouse: Path, name: str, config: str
) -> None:
    path = f"etc/jupyter/{config}.d/{name}.json"
    assert any(n.endswith(f"data/{path}") for n in names_in(wheelhouse, name))


def test_the_archiver_alone_archives_saves_without_flask(
    wheelhouse: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    python = clean_environment(
        environment, "bookstore-archiver", "jupyter_server", wheelhouse=wheelhouse
    )
    found = subprocess.run([python / "python", "-c", "import flask"])
    assert found.returncode != 0, "Flask is installed"
    store = tmp_path / "store"
    server = NotebookServer(
        "modern",
        tmp_path / "home",
        program="server",
        config="c.BookstoreSettings.storage = 'local'\n"
        f"c.BookstoreSettings.local_root = {str(store)!r}\n",
        environments={"modern": environment},
    )
    with server:
        server.save("mine.ipynb", notebook("1"))
        wait_for(lambda: list(store.rglob("*mine*/*")), what="a version")


def test_the_client_alone_installs_nothing_else_of_bookstore(wheelhouse: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--pre"]
    flags = ["--ignore-installed", f"--find-links={wheelhouse}", "--report=-"]
    known = f"--constraint={TOP / 'constraints.txt'}"
    command = [*pip, *flags, known, "bookstore-client"]
    report = json.loads(subprocess.check_output(command))
    names = {found["metadata"]["name"].lower() for found in report["install"]}
    needed = {"jupyter-core", "platformdirs", "traitlets", "urllib3"}
    assert {name.replace("_", "-") for name in names} - {"typing-extensions"} == (
        needed | {"bookstore-client"}
    )


#: nbdime, which compares versions, installs a notebook server. It is not loaded.
SERVES_ALONE = """
import importlib.util, json, sys
from bookstore_core.diff.notebooks import diff_notebooks
from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app

def notebook(*sources):
    cells = [{"cell_type": "raw", "metadata": {}, "source": text} for text in sources]
    known = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    return json.dumps(known).encode()

create_app(BookstoreSettings())
diff_notebooks(notebook("a b c d", "e f g h"), notebook("a b c x", "e f g y", "z"))
assert "nbdime.diffing" in sys.modules
assert not {"jupyter_server", "notebook", "tornado"} & set(sys.modules)
assert not importlib.util.find_spec("bookstore_archiver")
"""


def test_the_web_app_alone_serves_without_a_notebook_server(
    wheelhouse: Path, tmp_path: Path
) -> None:
    python = clean_environment(
        tmp_path / "environment", "bookstore-web", wheelhouse=wheelhouse
    )
    subprocess.run([python / "python", "-c", SERVES_ALONE], check=True)
    port = free_port()
    config = tmp_path / "config"
    config.mkdir()
    settings = {"storage": "local", "local_root": str(tmp_path / "store")}
    (config / "jupyter_config.json").write_text(
        json.dumps({"BookstoreSettings": settings})
    )
    # The notebook server's own config, which names packages not installed here.
    (config / "jupyter_notebook_config.py").write_text(
        "from bookstore import BookstoreContentsArchiver\n"
        "c.NotebookApp.contents_manager_class = BookstoreContentsArchiver\n"
        "c.BookstoreSettings.published_prefix = 'shelf'\n"
    )
    gunicorn = subprocess.Popen(
        [python / "gunicorn", f"--bind=127.0.0.1:{port}", "bookstore_web:create_app()"],
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(config)},
        cwd=tmp_path,
    )
    try:
        features = wait_for(
            lambda: answered(f"http://127.0.0.1:{port}/api/bookstore"), what="gunicorn"
        )
        assert features["features"]["publish_valid"] is True
    finally:
        gunicorn.terminate()
        gunicorn.wait(60)


def answered(url: str) -> dict[str, dict[str, bool]] | None:
    try:
        answer = requests.get(url, timeout=10)
    except (requests.ConnectionError, requests.Timeout):
        return None
    value: dict[str, dict[str, bool]] = answer.json()
    return value


def test_everything_installs_together_and_the_documented_names_are_there(
    wheelhouse: Path, tmp_path: Path
) -> None:
    python = clean_environment(
        tmp_path / "environment", "bookstore", "jupyter_server", wheelhouse=wheelhouse
    )
    script = (
        "import sys, bookstore; "
        "assert not {'flask', 'bookstore_archiver'} & set(sys.modules); "
        "from bookstore import BookstoreContentsArchiver, BookstoreSettings; "
        "from bookstore.archive import ArchiveRecord; "
        "from bookstore.bookstore_config import validate_bookstore; "
        "from bookstore.s3_paths import s3_key, s3_path, s3_display_path; "
        "from bookstore_web import create_app"
    )
    subprocess.run([python / "python", "-c", script], check=True)
