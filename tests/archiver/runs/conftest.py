"""A local store with a notebook, found by Jupyter's config path, and engines without
a kernel, so that papermill itself runs in a moment."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat.v4 import new_output
from papermill.engines import Engine, papermill_engines

from bookstore_archiver.runs.handler import handler
from bookstore_core.jupyter.config_files import load_settings
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore, open_store
from core.saving import all_versions, save

PATH = "reports/june.ipynb"
SOURCE = f"workspace/{PATH}"
RUNS = f"workspace/runs/{PATH}"

Config = Callable[..., None]


class Scripted(Engine):  # type: ignore[misc]
    """Runs cells by words in them: they fail, or the kernel dies."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, **_: object
    ) -> None:
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            try:
                if "die" in cell.source:
                    raise DeadKernelError("Kernel died")
                if "1/0" in cell.source:
                    known = {"ename": "ZeroDivisionError", "evalue": "division by zero"}
                    cell.outputs = [new_output("error", traceback=[], **known)]
                    nb_man.cell_exception(cell, index)
                    break
            except CellExecutionError:
                raise AssertionError from None
            finally:
                nb_man.cell_complete(cell, index)


@pytest.fixture(autouse=True)
def engine() -> Iterator[None]:
    papermill_engines.register("scripted", Scripted)
    yield
    papermill_engines._engines.pop("scripted")
    handler.keep_unfinished()


def notebook(*sources: str, **metadata: Any) -> bytes:
    """Return a notebook with a cell of parameters, and these."""
    empty = {"cell_type": "code", "execution_count": None, "outputs": []}
    tagged = {**empty, "metadata": {"tags": ["parameters"]}, "source": "month = 1"}
    cells = [{**empty, "metadata": {}, "source": source} for source in sources]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    known = {"kernelspec": kernel, **metadata}
    parts = {"metadata": known, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps({"cells": [tagged, *cells], **parts}).encode()


@pytest.fixture
def config(tmp_path: Path, spool_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Write the settings where Jupyter looks for them."""
    folder = tmp_path / "config"
    folder.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder))

    def write(**traits: Any) -> None:
        known = {
            "storage": "local",
            "local_root": str(tmp_path / "store"),
            "spool_dir": str(spool_dir),
            **traits,
        }
        text = json.dumps({"BookstoreSettings": known})
        (folder / "jupyter_config.json").write_text(text)

    write()
    return write


@pytest.fixture
def settings(config: Config) -> BookstoreSettings:
    return load_settings()


@pytest.fixture
def kept(settings: BookstoreSettings) -> VersionStore:
    """The store in these settings."""
    return open_store(settings)


@pytest.fixture
def saved(kept: VersionStore) -> Version:
    """The second of two versions of the notebook; the first would fail."""
    save(kept, notebook("1/0"), key=SOURCE)
    return save(kept, notebook("print(month)"), key=SOURCE)


def runs_in(store: VersionStore, key: str = RUNS) -> list[Version]:
    """Return the versions of a key, newest first, with their metadata."""
    return [store.head(key, row.version_id) for row in all_versions(store, key)]


def content_of(store: VersionStore, version: Version) -> dict[str, Any]:
    with store.open(version.key, version.version_id) as opened:
        content: dict[str, Any] = json.loads(opened.read(None))
    return content
