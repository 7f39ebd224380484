"""The state of a notebook's newest save, for front ends."""

import pytest

from archiver.conftest import MakeArchiver
from archiver.saving import DOWN, REFUSED, Files, SmallDisk, text
from bookstore_archiver.hooks.saves import attach
from bookstore_core.spool.save_state import (
    OFF,
    STORED,
    UNKNOWN,
    UNPROTECTED,
    WAITING,
    SaveState,
    save_state_of,
)
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for


def state(files: Files, path: str = "a.ipynb") -> SaveState:
    found = save_state_of(files, path)
    assert found is not None
    return found


def test_a_save_waits_and_is_then_stored(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore
) -> None:
    store.before = [fail_with(DOWN)] * 10_000
    archiver = make_archiver()
    attach(files, archiver.intake)
    assert state(files).state == UNKNOWN
    files.save(text("1"), "a.ipynb")
    first = state(files)
    assert (first.state, first.since) == (WAITING, first.saved_at)
    files.save(text("2"), "a.ipynb")
    second = state(files, "/a.ipynb")
    assert second.since == first.since
    assert second.saved_at != first.saved_at
    store.before.clear()
    wait_for(lambda: state(files).state == STORED, what="the upload")
    assert state(files).saved_at == second.saved_at
    assert state(files).since is None


@pytest.mark.parametrize("failure", [DOWN, REFUSED])
def test_a_save_that_does_not_reach_the_store_has_the_reason(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore, failure: Exception
) -> None:
    store.before = [fail_with(failure)] * 10_000
    archiver = make_archiver()
    attach(files, archiver.intake)
    archiver.start()
    files.save(text("1"), "a.ipynb")
    wait_for(lambda: state(files).reason == str(failure), what="the reason")
    assert state(files).state == WAITING


def test_a_notebook_that_could_not_be_spooled_is_unprotected(
    make_archiver: MakeArchiver, files: Files
) -> None:
    archiver = make_archiver(disk=SmallDisk())
    attach(files, archiver.intake)
    files.save(text("1"), "a.ipynb")
    assert state(files).state == UNPROTECTED
    long = f"{'x' * 200}/" * 6 + "a.ipynb"
    (files.root / long).parent.mkdir(parents=True)
    files.save(text("1"), long)
    assert "shorter names" in state(files, long).reason


def test_a_manager_whose_saves_are_not_archived_has_no_state(files: Files) -> None:
    assert save_state_of(files, "a.ipynb") is None
    assert SaveState(OFF, reason="why").as_json() == {
        "state": "off",
        "saved_at": None,
        "since": None,
        "reason": "why",
    }
