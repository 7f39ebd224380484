"""`jupyter bookstore check`: what it reads, and what it says of damage."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.cli.check import _is_chosen
from bookstore_core.paths import is_own
from bookstore_core.stores import Label, Version, VersionStore
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.local.patches import SMALLEST
from bookstore_core.stores.local.upkeep.leftovers import (
    FOREIGN,
    LINK,
    NO_KEY,
    STRAY,
    TORN,
    UNFINISHED,
    leftovers,
)
from core.cli.conftest import Call
from core.saving import save

LARGE = bytes(range(256)) * (SMALLEST // 256)


def test_every_version_is_read(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    save(store, key="workspace/deleted.ipynb")
    store.mark_deleted("workspace/deleted.ipynb")
    save(store, key="workspace/.bookstore/own.ipynb")
    done = call("check")
    assert done.code == 0
    keys = [key for key in store.every_key() if not is_own(key)]
    assert "workspace/deleted.ipynb" in keys
    versions = sum(
        not version.deleted for k in keys for version in store.list_versions(k).versions
    )
    assert f"{versions} versions of {len(keys)} notebooks: all as they" in done.out


def test_records_of_bookstore_are_read_and_are_no_notebooks(
    call: Call, store: VersionStore
) -> None:
    save(store, b"{}", key="workspace/b.ipynb")
    save(store, b"12", key="workspace/.bookstore/labels/b.ipynb/1")
    told = json.loads(call("check", "--json").out)
    numbers = [told[name] for name in ("notebooks", "versions", "read", "bytes")]
    assert numbers == [1, 1, 1, 4]


def test_damage_is_listed_with_what_it_costs(call: Call, store: VersionStore) -> None:
    base, patch = (save(store, LARGE + end) for end in (b"1", b"2"))
    other = save(store, b"{}", key="workspace/other.ipynb")
    for version in (base, other):
        [file] = Path(store.location).rglob(f"{version.version_id}.ipynb")
        file.write_bytes(b"x" * version.size)
    done = call("check", "--json")
    assert done.code == 1
    damaged = json.loads(done.out)["damaged"]
    assert {damage["version_id"] for damage in damaged} == {
        version.version_id for version in (base, patch, other)
    }
    assert base.version_id in next(
        damage["problem"]
        for damage in damaged
        if damage["version_id"] == patch.version_id
    )
    assert "3 damaged" in " ".join(call("check").out.split())


def test_a_sample_is_the_same_with_the_same_seed(
    call: Call, store: VersionStore
) -> None:
    for number in range(60):
        save(store, b"%d" % number)
    first = json.loads(call("check", "--sample=20%", "--json").out)
    assert (first["versions"], first["damaged"]) == (60, [])
    assert 0 < first["read"] < 40
    seed = f"--seed={first['seed']}"
    assert json.loads(call("check", "--sample=20%", seed, "--json").out) == first
    told = call("check", "--sample=20", seed).out
    assert f"Read {first['read']} of 60 versions" in told
    assert f"--seed={first['seed']}" in told


def test_parts_of_all_seeds_have_about_the_size_that_was_asked_for(
    store: VersionStore,
) -> None:
    versions = [save(store, b"%d" % number) for number in range(40)]
    chosen = sum(_is_chosen(v, str(n), 0.05) for v in versions for n in range(100))
    assert 120 < chosen < 280


@pytest.mark.parametrize("sample", ["0%", "101%", "x", "-5%", "", "1e1%"])
def test_a_sample_that_is_none_is_refused(call: Call, sample: str) -> None:
    assert call("check", f"--sample={sample}").code == 2


def test_what_is_no_version_is_listed_and_harmless(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    top = Path(store.location)
    folder = key_directory(top, "workspace/new.ipynb")
    old = "20200101T000000.000000Z-00000000"
    (folder / f"{old}.ipynb").write_text("torn")
    (folder / f"{old}.removed.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    (folder / f"{old[:-1]}1.label.json").write_text("{}")
    (folder / f"{old[:-1]}2.ipynb").write_text("torn")
    (top / "README").write_text("hello")
    (top / "link").symlink_to(top)
    (top / "a%zz").mkdir()
    young = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-00000000.ipynb"
    (folder / young).write_text("a save under way")
    done = call("check", "--json")
    assert done.code == 0
    told = {
        Path(one["place"]).name: one["problem"]
        for one in json.loads(done.out)["leftovers"]
    }
    assert told == {
        f"{old}.removed.json": UNFINISHED,
        "notes.txt": FOREIGN,
        f"{old[:-1]}1.label.json": STRAY,
        f"{old[:-1]}2.ipynb": TORN,
        "README": FOREIGN,
        "link": LINK,
        "a%zz": NO_KEY,
    }


def test_a_store_that_was_pruned_and_labelled_has_no_leftovers(
    store: VersionStore,
) -> None:
    for number in range(6):
        save(store, LARGE + b"%d" % number, key="workspace/" + "ü" * 200 + "/x.ipynb")
    key = "workspace/" + "ü" * 200 + "/x.ipynb"
    versions = store.list_versions(key).versions
    store.set_label(key, versions[0].version_id, Label("sent"))
    store.remove_versions(key, versions[3:])
    store.mark_deleted(key)
    later = datetime.now(UTC) + timedelta(days=2)
    assert not list(leftovers(Path(store.location), later))
