"""Runs are found from the notebook that ran, over each store."""

from datetime import timedelta
from typing import Any

import pytest

from bookstore_core.errors import InvalidRequestError
from bookstore_core.runs import markers
from bookstore_core.runs.markers import record_run, run_path, runs_of, shelf_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from core.saving import SAVED_AT, save

SETTINGS = BookstoreSettings(storage="local")
SOURCE = "workspace/reports/ü june.ipynb"
PLACE = "workspace/runs/reports/ü june.ipynb"


def keep(
    store: VersionStore, minute: int = 0, *, of: str = SOURCE, key: str = PLACE
) -> Version:
    """Keep a run, as those who run notebooks do."""
    started = SAVED_AT.replace(microsecond=0) + timedelta(minutes=minute)
    run = Run(of, "v/1+2=", started, 2.5, parameters={"minute": minute})
    version = save(store, key=key, run=run, saved_at=started + timedelta(seconds=3))
    assert record_run(store, SETTINGS, version)
    return version


def found(store: VersionStore, of: str = SOURCE, **page: Any) -> list[str]:
    return [run.version_id for run in runs_of(store, SETTINGS, of, **page).runs]


def test_the_run_is_in_the_metadata_of_its_version(store: VersionStore) -> None:
    kept = keep(store)
    known = store.head(PLACE, kept.version_id).metadata
    assert known == kept.metadata
    assert known is not None
    assert known.run is not None
    assert known.run.of == SOURCE


def test_the_longest_run_is_kept_with_the_longest_author(store: VersionStore) -> None:
    run = Run("w/" + "ü" * 200, "v", SAVED_AT, 1.0, "failed", error="数" * 90).fitting()
    kept = save(store, run=run, author="ann@example.org" * 10)
    known = store.head(kept.key, kept.version_id).metadata
    assert known == kept.metadata


def test_the_runs_of_a_notebook_are_listed_newest_first(store: VersionStore) -> None:
    ids = [keep(store, minute).version_id for minute in range(3)]
    keep(store, of="workspace/other.ipynb")
    assert found(store) == ids[::-1]
    first = runs_of(store, SETTINGS, SOURCE, limit=2)
    assert [run.version_id for run in first.runs] == [ids[2], ids[1]]
    assert first.cursor is not None
    assert found(store, limit=2, cursor=first.cursor) == [ids[0]]


def test_runs_that_are_kept_elsewhere_and_of_published_notebooks_are_found(
    store: VersionStore,
) -> None:
    elsewhere = keep(store, key="workspace/out, 100%/=2F.ipynb")
    published = keep(store, of="published/bob/x.ipynb", key="published/ann/y.ipynb")
    assert found(store) == [elsewhere.version_id]
    assert found(store, "published/bob/x.ipynb") == [published.version_id]


def test_a_marker_whose_version_is_another_or_gone_has_no_effect(
    local_store: VersionStore,
) -> None:
    kept = keep(local_store)
    plain = save(local_store, key=PLACE)
    folder = f"workspace/.bookstore/runs/{markers.digest_of(SETTINGS, SOURCE)}/"
    for name in (f"1,{plain.version_id},-", "1,nope,-", "1,x,nowhere=2Fa", "1", "a,b,"):
        save(local_store, key=folder + name)
    assert found(local_store) == [kept.version_id]


def test_markers_are_in_no_list_of_notebooks(store: VersionStore) -> None:
    keep(store)
    keys = [row.key for row in store.walk_keys("workspace").keys]
    assert keys == [PLACE]


def test_a_run_whose_marker_would_be_too_long_is_kept_without_one(
    local_store: VersionStore, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(SOURCE, "v", SAVED_AT, 1.0)
    kept = save(local_store, key="workspace/" + "ü" * 400, run=run)
    assert not record_run(local_store, SETTINGS, kept)
    assert not record_run(local_store, SETTINGS, save(local_store))
    (logged,) = caplog.messages
    assert f"Run {kept.version_id} of {SOURCE} is not in the list" in logged


def test_a_key_is_on_the_shelf_with_the_longest_prefix() -> None:
    inner = BookstoreSettings(storage="local", published_prefix="workspace/published")
    assert shelf_of(inner, "workspace/published/a.ipynb")[1] == "a.ipynb"
    with pytest.raises(InvalidRequestError, match="on no shelf"):
        shelf_of(inner, "elsewhere/a.ipynb")


def test_a_run_of_a_run_is_kept_with_it() -> None:
    assert run_path("a/b.ipynb") == "runs/a/b.ipynb"
    assert run_path("runs/a/b.ipynb") == "runs/a/b.ipynb"
