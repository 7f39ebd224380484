"""Versions of the local store that are kept as what differs from an earlier one."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import zstandard

from bookstore_core.errors import NewerVersionError, StorageError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.local.patches import LARGEST, RUN, SMALLEST
from bookstore_core.stores.local.store import LocalStore
from core.saving import KEY, Traits, all_versions, contents_of, save
from harness.waiting import wait_for

#: A content in which a few bytes are changed, and which does not compress.
CONTENT = random.Random(2026).randbytes(40_000)  # noqa: S311


def changed(number: int) -> bytes:
    text = f"changed {number}".encode()
    at = number * 37
    return CONTENT[:at] + text + CONTENT[at + len(text) :]


def save_all(store: VersionStore, numbers: range) -> list[Version]:
    return [save(store, changed(number)) for number in numbers]


def directory_of(store: VersionStore) -> Path:
    return key_directory(Path(store.location), KEY)


def file_of(store: VersionStore, version: Version, ending: str) -> Path:
    [file] = directory_of(store).rglob(version.version_id + ending)
    return file


def test_small_changes_take_little_space(local_store: VersionStore) -> None:
    saved = save_all(local_store, range(RUN + 10))
    assert contents_of(local_store) == [changed(n) for n in reversed(range(RUN + 10))]
    wholes = sorted(path.name for path in directory_of(local_store).glob("*.ipynb"))
    assert wholes == [f"{saved[n].version_id}.ipynb" for n in (0, RUN)]
    assert sum(f.stat().st_size for f in directory_of(local_store).glob("*.zst")) < 9000
    assert {version.size for version in all_versions(local_store, KEY)} == {40_000}
    assert local_store.list_keys("workspace/ann").keys[0].size == 40_000
    assert local_store.head(KEY) == saved[-1]


@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not installed")
def test_a_version_can_be_read_without_bookstore(
    local_store: VersionStore, tmp_path: Path
) -> None:
    base, saved = save_all(local_store, range(2))
    described = json.loads(file_of(local_store, saved, ".meta.json").read_bytes())
    assert (described["bookstore_store"], described["base"]) == (2, base.version_id)
    patch_from = f"--patch-from={file_of(local_store, base, '.ipynb')}"
    patch = file_of(local_store, saved, ".ipynb.zst")
    out = tmp_path / "version.ipynb"
    subprocess.run(["zstd", "-q", "-d", patch_from, patch, "-o", out], check=True)
    assert out.read_bytes() == changed(1)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "torn": lambda file: os.truncate(file, file.stat().st_size // 2),
    "empty": lambda file: os.truncate(file, 0),
    "changed": lambda file: file.write_bytes(file.read_bytes()[:-9] + b"x" * 9),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_base_costs_its_run_and_is_named(
    local_store: VersionStore, damage: str
) -> None:
    saved = save_all(local_store, range(RUN + 2))
    DAMAGES[damage](file_of(local_store, saved[0], ".ipynb"))
    for version in saved[1:RUN]:
        with pytest.raises(StorageError, match=saved[0].version_id) as raised:
            local_store.open(KEY, version.version_id)
        assert version.version_id in str(raised.value)
    for number in (RUN, RUN + 1):
        with local_store.open(KEY, saved[number].version_id) as opened:
            assert opened.read(None) == changed(number)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_patch_costs_one_version(
    local_store: VersionStore, damage: str
) -> None:
    saved = save_all(local_store, range(4))
    DAMAGES[damage](file_of(local_store, saved[2], ".ipynb.zst"))
    with pytest.raises(StorageError, match=saved[2].version_id):
        local_store.open(KEY, saved[2].version_id)
    for number in (0, 1, 3):
        with local_store.open(KEY, saved[number].version_id) as opened:
            assert opened.read(None) == changed(number)


@pytest.mark.parametrize("damage", DAMAGES)
def test_nothing_is_based_on_a_damaged_version(
    local_store: VersionStore, damage: str
) -> None:
    saved = save_all(local_store, range(2))
    DAMAGES[damage](file_of(local_store, saved[0], ".ipynb"))
    later = save(local_store, changed(2))
    assert file_of(local_store, later, ".ipynb").read_bytes() == changed(2)
    assert file_of(local_store, save(local_store, changed(3)), ".ipynb.zst")


@pytest.mark.parametrize("size", [SMALLEST - 1, LARGEST + 1])
def test_small_and_large_contents_are_whole(
    local_store: VersionStore, size: int
) -> None:
    for _ in range(2):
        saved = save(local_store, bytes(size))
        assert file_of(local_store, saved, ".ipynb").stat().st_size == size


def test_other_contents_are_whole_and_begin_a_run(local_store: VersionStore) -> None:
    first = save(local_store, changed(0))
    other = save(local_store, bytes(reversed(CONTENT)))
    patch = save(local_store, bytes(reversed(changed(1))))
    assert file_of(local_store, first, ".ipynb")
    assert file_of(local_store, other, ".ipynb")
    described = json.loads(file_of(local_store, patch, ".meta.json").read_bytes())
    assert described["base"] == other.version_id


@pytest.mark.parametrize("size", [10, 40_000, 2**40])
def test_a_patch_says_no_more_than_its_size(
    local_store: VersionStore, size: int
) -> None:
    _, saved = save_all(local_store, range(2))
    sidecar = file_of(local_store, saved, ".meta.json")
    described = json.loads(sidecar.read_bytes())
    sidecar.write_text(json.dumps({**described, "size": size}))
    bomb = zstandard.ZstdCompressor().compress(bytes(200 * 2**20))
    file_of(local_store, saved, ".ipynb.zst").write_bytes(bomb)
    with pytest.raises(StorageError, match="damaged"):
        local_store.open(KEY, saved.version_id)


def test_a_later_form_is_refused(local_store: VersionStore) -> None:
    _, saved = save_all(local_store, range(2))
    sidecar = file_of(local_store, saved, ".meta.json")
    described = json.loads(sidecar.read_bytes())
    sidecar.write_text(json.dumps({**described, "bookstore_store": 3}))
    with pytest.raises(NewerVersionError):
        local_store.open(KEY, saved.version_id)


SAVING = """
import sys
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.local.store import LocalStore
from core.stores.test_local_patches import save_all

root, bucket = sys.argv[1:]
traits = {"storage": "local", "local_root": root, "s3_bucket": bucket}
save_all(LocalStore(BookstoreSettings(**traits), batch=7), range(1000))
"""


def _has(store: VersionStore, versions: int) -> bool:
    return len(all_versions(store, KEY)) >= versions


def test_what_killed_processes_have_stored_is_whole(
    local: Traits, local_store: VersionStore
) -> None:
    command = [sys.executable, "-c", SAVING, local["local_root"], local_store.bucket]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for enough in (11, 22, 33):
        with subprocess.Popen(command, env=environment) as saving:
            wait_for(partial(_has, local_store, enough), what="versions")
            saving.kill()
    contents = contents_of(local_store)
    assert len(contents) > 30
    assert set(contents) <= {changed(number) for number in range(len(contents))}
    store = LocalStore(BookstoreSettings(**local, s3_bucket=local_store.bucket))
    save(store, changed(0))
    assert contents_of(store) == [changed(0), *contents]
