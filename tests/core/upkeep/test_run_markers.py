"""Markers of runs go after the versions that they name, and those left are found."""

from datetime import UTC, datetime, timedelta

import pytest

from bookstore_core.retention.durations import Duration
from bookstore_core.retention.rules import Keep
from bookstore_core.runs.markers import record_run, runs_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_core.upkeep.prune import Pruner
from bookstore_core.upkeep.repair import repair_markers
from bookstore_core.upkeep.run_markers import dangling, remove_markers
from core.saving import save

NOW = datetime.now(UTC) + timedelta(days=100)


def settings_of(workspace: str) -> BookstoreSettings:
    return BookstoreSettings(storage="local", workspace_prefix=workspace)


def keep_runs(store: VersionStore, workspace: str) -> list[str]:
    """Keep four runs of a notebook, each of the same version; return their ids."""
    source = f"{workspace}/a.ipynb"
    ran = save(store, key=source).version_id
    runs = [
        save(
            store,
            key=f"{workspace}/runs/a.ipynb",
            saved_at=NOW - timedelta(days=9 - day),
            source_path="runs/a.ipynb",
            run=Run(source, ran, NOW, 1.0),
        )
        for day in range(4)
    ]
    assert all(record_run(store, settings_of(workspace), run) for run in runs)
    return [run.version_id for run in runs]


def prune(store: VersionStore) -> int:
    rules = {"min_age": Duration(), "now": NOW, "zone": UTC}
    ours = Pruner(store, settings_of("workspace"), Keep(last=1), **rules)
    done = [removal for _, removal in ours.prune(dry_run=False)]
    return sum(len(removal.removed) for removal in done)


def markers(store: VersionStore) -> int:
    keys = [key for key in store.every_key() if "/.bookstore/runs/" in key]
    return sum(bool(store.list_versions(key, limit=1).versions) for key in keys)


@pytest.mark.parametrize("workspace", ["workspace", "workspace/ann"])
def test_a_prune_removes_the_markers_of_the_runs_that_go(
    own_store: VersionStore, workspace: str
) -> None:
    runs = keep_runs(own_store, workspace)
    assert markers(own_store) == 4
    assert prune(own_store) == 3
    assert markers(own_store) == 1
    found = runs_of(own_store, settings_of(workspace), f"{workspace}/a.ipynb")
    assert [run.version_id for run in found.runs] == runs[3:]
    assert dangling(own_store) == []


def test_markers_that_are_left_are_found_and_removed(own_store: VersionStore) -> None:
    runs = keep_runs(own_store, "workspace")
    key = "workspace/runs/a.ipynb"
    gone = [own_store.head(key, version_id) for version_id in runs[:2]]
    own_store.remove_versions(key, gone)  # and killed before the markers
    assert len(dangling(own_store)) == 2
    assert repair_markers(own_store).ok
    assert (markers(own_store), dangling(own_store)) == (2, [])
    assert "Removed 0 markers" in repair_markers(own_store).sentence


def test_a_marker_that_cannot_be_removed_is_left(local_store: VersionStore) -> None:
    assert remove_markers(local_store, ["workspace/a.ipynb"]).removed == ()
    [version] = [save(local_store, key="workspace/a.ipynb")]
    assert remove_markers(local_store, ["workspace/a.ipynb"]).removed == ()
    assert local_store.head("workspace/a.ipynb", version.version_id)
