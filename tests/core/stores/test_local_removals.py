"""Versions of the local store removed for good: bases, space, and interruptions."""

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.local.patches import RUN
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.stores.local.upkeep.removals import BASE, BUSY, REMOVED
from core.saving import KEY, all_versions, contents_of, save
from core.stores.test_local_patches import changed

SAVED = datetime(2026, 11, 1, tzinfo=UTC)


class Clock:
    """The time of the store, which a test moves on."""

    def __init__(self) -> None:
        self.now = SAVED

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> LocalStore:
    """A store with small batches, whose saves are old when versions are removed."""
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))
    return LocalStore(settings, now=clock, batch=6)


def fill(store: LocalStore, count: int) -> list[Version]:
    return [save(store, changed(number)) for number in range(count)]


def files(store: LocalStore) -> dict[str, int]:
    top = key_directory(Path(store.location), KEY)
    found = (path for path in top.rglob("*") if path.is_file())
    return {path.name: path.stat().st_size for path in found}


def test_a_base_stays_while_versions_need_it(store: LocalStore, clock: Clock) -> None:
    base, *patches = saved = fill(store, 5)
    clock.now += BUSY * 2
    store.remove_versions(KEY, saved[:3])
    assert contents_of(store) == [changed(4), changed(3)]
    assert {base.version_id + ".ipynb", base.version_id + BASE} < files(store).keys()
    assert not [name for name in files(store) if patches[0].version_id in name]
    newest = save(store, changed(9))  # its base is not one that was removed
    clock.now += BUSY * 2
    removal = store.remove_versions(KEY, saved[3:])
    assert removal.freed > 40_000
    assert contents_of(store) == [changed(9)]
    assert {name.partition(".ipynb")[0] for name in files(store)} >= {newest.version_id}
    assert not [name for name in files(store) if base.version_id in name]


def test_what_is_said_to_be_freed_is_freed(store: LocalStore, clock: Clock) -> None:
    saved = fill(store, 30)
    clock.now += BUSY * 2
    before = sum(files(store).values())
    gone = saved[:-1]
    planned = store.remove_versions(KEY, gone, dry_run=True)
    assert sum(files(store).values()) == before
    removal = store.remove_versions(KEY, gone)
    assert removal == planned
    assert before - sum(files(store).values()) == removal.freed
    top = key_directory(Path(store.location), KEY)
    assert len([path for path in top.rglob("*") if path.is_dir()]) == 2  # the last one


def test_what_a_writer_may_take_as_its_base_waits(
    store: LocalStore, clock: Clock
) -> None:
    first = save(store, changed(0))
    save(store, random.Random(1).randbytes(40_000))  # noqa: S311
    store.remove_versions(KEY, [first])
    assert first.version_id + ".ipynb" in files(store)
    assert [v.version_id for v in all_versions(store, KEY)] != [first.version_id]
    clock.now += BUSY * 2
    assert store.remove_versions(KEY, []).freed > 40_000
    assert first.version_id + ".ipynb" not in files(store)


def test_a_patch_that_nobody_can_place_keeps_all_bases(
    store: LocalStore, clock: Clock
) -> None:
    saved = fill(store, 4)
    clock.now += BUSY * 2
    top = key_directory(Path(store.location), KEY)
    (top / f"{saved[2].version_id}.meta.json").write_text("{")
    store.remove_versions(KEY, saved[:2])
    assert saved[0].version_id + ".ipynb" in files(store)


def test_a_version_in_a_newer_form_keeps_all_bases(
    store: LocalStore, clock: Clock
) -> None:
    saved = fill(store, 3)
    clock.now += BUSY * 2
    sidecar = key_directory(Path(store.location), KEY) / (
        f"{saved[1].version_id}.meta.json"
    )
    described = json.loads(sidecar.read_bytes())
    sidecar.write_text(json.dumps({**described, "bookstore_store": 9}))
    store.remove_versions(KEY, saved[:1])
    assert saved[0].version_id + ".ipynb" in files(store)


#: Removes versions, and is killed before its n-th change of the directory.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.local.store import LocalStore

root, key, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
settings = BookstoreSettings(storage="local", local_root=root)
now = datetime(2026, 12, 1, tzinfo=UTC)
store = LocalStore(settings, now=lambda: now, batch=6)
versions = store.list_versions(key, limit=1000).versions[1:]
going = [known for number, known in enumerate(versions) if number % 4]

def hook(event, _):
    global left
    if event in ("os.remove", "os.rename", "os.rmdir"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hook)
store.remove_versions(key, going)
"""


def test_a_removal_that_is_killed_anywhere_tears_nothing_and_goes_on(
    store: LocalStore, clock: Clock, tmp_path: Path
) -> None:
    contents = {known.version_id: changed(n) for n, known in enumerate(fill(store, 40))}
    words = [sys.executable, "-c", KILLED, str(tmp_path / "store"), KEY]
    kills = 0
    for change in (0, 5, 18, 31, 10_000):
        done = subprocess.run(
            [*words, str(change)], env=dict(os.environ), timeout=60, check=False
        )
        kills += done.returncode == -9
        for version in all_versions(store, KEY):
            with store.open(KEY, version.version_id) as opened:
                assert opened.read(10**6) == contents[version.version_id]
    assert done.returncode == 0
    assert kills == 4
    clock.now += timedelta(days=99)
    store.remove_versions(KEY, [])
    assert not [name for name in files(store) if name.endswith(REMOVED)]
    left = {known.version_id for known in all_versions(store, KEY)}
    for name in files(store):
        known = name[:32]
        assert known in left or known + BASE in files(store), name


def test_another_process_may_remove_the_same_versions(
    store: LocalStore, clock: Clock
) -> None:
    saved = fill(store, RUN)
    clock.now += BUSY * 2
    settings = BookstoreSettings(storage="local", local_root=str(store._root))
    other = LocalStore(settings, now=clock, batch=6)
    other.remove_versions(KEY, saved[1:20])
    store.remove_versions(KEY, saved[:30])
    assert contents_of(other) == [changed(n) for n in reversed(range(30, RUN))]
