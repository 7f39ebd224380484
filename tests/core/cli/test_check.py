"""`jupyter bookstore check`: what it reads, and what it says of damage."""

import json
from pathlib import Path

from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.local.patches import SMALLEST
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
    keys = list(store.every_key())
    assert {"workspace/deleted.ipynb", "workspace/.bookstore/own.ipynb"} < {*keys}
    versions = sum(
        not version.deleted for k in keys for version in store.list_versions(k).versions
    )
    assert f"{versions} versions of {len(keys)} notebooks: all as they" in done.out


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
