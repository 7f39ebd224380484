"""BookstoreContentsArchiver, on the manager of the generation that is installed."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Application, Config

import bookstore_archiver
from bookstore_archiver import ArchiveRecord
from bookstore_archiver.server.registry import archiver_for
from harness.notebook_server import notebook
from harness.waiting import wait_for

CLASSIC = version("notebook").startswith("6.")

# Warnings of classic itself, which is older than the Python that it runs on.
pytestmark = pytest.mark.filterwarnings("ignore" if CLASSIC else "error")


def application_class() -> Any:
    if CLASSIC:
        from notebook.notebookapp import NotebookApp

        return NotebookApp
    from jupyter_server.serverapp import ServerApp

    return ServerApp


@pytest.fixture
def app() -> Iterator[Application]:
    """The application of this generation, made but not run."""
    kind = application_class()
    kind.clear_instance()
    app = kind.instance()
    if not CLASSIC:
        app.init_event_logger()
    yield app
    kind.clear_instance()


def configured(tmp_path: Path) -> Config:
    return Config(
        {
            "BookstoreSettings": {
                "storage": "local",
                "local_root": str(tmp_path / "store"),
                "spool_dir": str(tmp_path / "spool"),
            }
        }
    )


@pytest.fixture
def manager(app: Application, tmp_path: Path) -> Iterator[Any]:
    """A manager of the class, whose archiver ends with the test."""
    app.config = configured(tmp_path)
    root = tmp_path / "work"
    root.mkdir()
    manager = bookstore_archiver.BookstoreContentsArchiver(
        parent=app, root_dir=str(root)
    )
    yield manager
    archiver = archiver_for(app)
    if archiver is not None:
        archiver.close()


async def done(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


def stored(tmp_path: Path) -> list[Path]:
    return [p for p in (tmp_path / "store").rglob("*") if p.is_file()]


def test_base_is_the_default_manager_of_the_running_application(
    app: Application,
) -> None:
    kind = bookstore_archiver.BookstoreContentsArchiver
    default = app.traits()["contents_manager_class"].default_value
    names = [base.__module__ + "." + base.__name__ for base in kind.__mro__]
    if CLASSIC:
        assert issubclass(kind, default)
    else:
        assert any(name.endswith(".AsyncLargeFileManager") for name in names)
    assert kind is bookstore_archiver.BookstoreContentsArchiver


def test_base_without_an_application_is_that_of_jupyter_server() -> None:
    code = (
        "from bookstore_archiver import BookstoreContentsArchiver as kind;"
        "print([base.__name__ for base in kind.__mro__])"
    )
    names = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "AsyncLargeFileManager" in names


def test_saving_with_the_class_makes_a_version(manager: Any, tmp_path: Path) -> None:
    model = {"type": "notebook", "format": "json", "content": notebook("1")}
    saved = asyncio.run(done(manager.save(model, "a.ipynb")))
    assert saved["path"] == "a.ipynb"
    wait_for(lambda: stored(tmp_path), what="a version")
    assert manager.path_locks == {}
    assert manager.settings.local_root == str(tmp_path / "store")


def test_archive_takes_a_record(manager: Any, tmp_path: Path) -> None:
    asyncio.run(manager.archive(ArchiveRecord("a.ipynb", '{"cells": []}', 0.0)))
    wait_for(lambda: stored(tmp_path), what="a version")


def test_extension_and_class_share_one_archiver(manager: Any, app: Any) -> None:
    assert archiver_for(manager) is archiver_for(app)


def test_class_without_a_store_saves_archives_nothing_and_says_so(
    app: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kind = bookstore_archiver.BookstoreContentsArchiver
    manager = kind(parent=app, root_dir=str(tmp_path))
    model = {"type": "notebook", "format": "json", "content": notebook("1")}
    asyncio.run(done(manager.save(model, "a.ipynb")))
    app.log.addHandler(caplog.handler)
    asyncio.run(manager.archive(ArchiveRecord("a.ipynb", "{}", 0.0)))
    assert "No store is configured: 'a.ipynb' is not archived." in caplog.text
    assert manager.settings.missing


def test_wrong_setting_is_logged_and_stops_nothing(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app.config = Config({"BookstoreSettings": {"s3_bucket": "x", "max_threads": 0}})
    app.log.propagate = True
    archiver = archiver_for(app)
    assert archiver is not None
    assert archiver_for(app) is archiver
    archiver.close()
    assert sum("a setting is wrong" in message for message in caplog.messages) == 1


def test_without_a_workspace_prefix_nothing_is_archived_and_the_log_says_so(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app.config = Config({"BookstoreSettings": {"s3_bucket": "x"}})
    app.config.BookstoreSettings.workspace_prefix = ""
    app.log.propagate = True
    assert archiver_for(app) is None
    assert sum("prefix is empty" in message for message in caplog.messages) == 1


def test_manager_that_jupytext_derives_archives_without_a_parent(
    app: Any, tmp_path: Path
) -> None:
    if CLASSIC:
        from jupytext.sync_contentsmanager import (
            build_sync_jupytext_contents_manager_class as build,
        )
    else:
        from jupytext.async_contentsmanager import (
            build_async_jupytext_contents_manager_class as build,
        )
    kind = build(bookstore_archiver.BookstoreContentsArchiver)
    manager = kind(config=configured(tmp_path), root_dir=str(tmp_path))
    model = {"type": "notebook", "format": "json", "content": notebook("1")}
    asyncio.run(done(manager.save(model, "a.ipynb")))
    wait_for(lambda: stored(tmp_path), what="a version")
    archiver_for(manager).close()


@pytest.mark.skipif(not CLASSIC, reason="only classic can be embedded as NotebookApp")
def test_embedded_classic_server_takes_the_class_by_its_name() -> None:
    application_class().clear_instance()
    name = "bookstore_archiver.BookstoreContentsArchiver"
    embedded = application_class()(contents_manager_class=name)
    bases = [base.__module__ for base in embedded.contents_manager_class.__mro__]
    assert "notebook.services.contents.largefilemanager" in bases


def test_importing_the_archiver_imports_no_server_and_no_botocore() -> None:
    heavy = {"tornado", "jupyter_server", "notebook", "flask", "botocore"}
    code = (
        "import sys, bookstore_archiver, bookstore_archiver.archiver;"
        f"print({heavy!r} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
