"""Settings with wrong values: saves are archived, or kept until they are corrected."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from archiver.conftest import QUICK
from archiver.saving import Files, text
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.hooks.saves import attach
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.origins import MARK
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.report import report_spool
from bookstore_core.stores import open_store
from harness.waiting import wait_for

Serve = Callable[..., BookstoreSettings]


@pytest.fixture
def serve(tmp_path: Path, spool_dir: Path, files: Files) -> Iterator[Serve]:
    """Archive the saves of `files` with these settings, as a new server would."""
    running: list[Archiver] = []

    def start(**traits: Any) -> BookstoreSettings:
        right = {"storage": "local", "local_root": str(tmp_path / "store")}
        known = {**right, "spool_dir": str(spool_dir), **traits}
        settings = read_settings(Config({"BookstoreSettings": known}))
        log = logging.getLogger("bookstore-test")
        archiver = Archiver(settings, log=log, timing=QUICK)
        for earlier in running:
            earlier.close()
        running[:] = [archiver]
        for name in ("save", MARK):
            files.__dict__.pop(name, None)
        attach(files, archiver.intake)
        archiver.start()
        return settings

    yield start
    for archiver in running:
        archiver.close()


def has_version(settings: BookstoreSettings) -> bool:
    return bool(open_store(settings).list_versions("workspace/a.ipynb").versions)


@pytest.mark.parametrize(
    "traits",
    [
        {"max_threads": 0},
        {"max_threads": "many"},
        {"fs_cloning_basedir": "Users/x"},
        {"enable_s3_cloning": "maybe"},
        {"published_prefix": "a/../b"},
        {"max_notebook_size": -1},
        {"min_interval": "soon", "shutdown_timeout": -1, "skip_unchanged": 5},
    ],
)
def test_saves_are_archived_whatever_other_settings_are_wrong(
    serve: Serve, files: Files, traits: dict[str, Any]
) -> None:
    settings = serve(**traits)
    assert settings.wrong.keys() == traits.keys()
    files.save(text("1"), "a.ipynb")
    wait_for(lambda: has_version(settings), what="the version")


@pytest.mark.parametrize("traits", [{"storage": "tape"}, {"local_root": "store"}])
def test_saves_wait_in_the_spool_while_the_store_has_a_wrong_setting(
    serve: Serve, files: Files, traits: dict[str, Any]
) -> None:
    settings = serve(**traits)
    files.save(text("1"), "a.ipynb")
    (sentence,) = settings.wrong.values()
    wait_for(lambda: report_spool(settings).refused, what="the refusal")
    report = report_spool(settings)
    assert sentence in report.problems[0]
    right = serve()
    wait_for(lambda: has_version(right), what="the version")


def test_notebooks_are_listed_while_the_prefix_is_wrong_and_archived_later(
    serve: Serve, files: Files
) -> None:
    settings = serve(workspace_prefix="a//b")
    files.save(text("1"), "a.ipynb")
    report = report_spool(settings)
    assert report.unprotected == ("a.ipynb",)
    assert "workspace_prefix" in report.problems[0]
    right = serve()
    wait_for(lambda: has_version(right), what="the version")
    wait_for(lambda: report_spool(right).ok, what="the end of the problem")
