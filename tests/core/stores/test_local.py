"""What the local store writes to disk, and what it does if the disk fails."""

import errno
import io
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
    VersionNotFoundError,
)
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore, open_store
from bookstore_core.stores.local.files import translate_os_error
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.local.store import LocalStore
from core.saving import KEY, Traits, contents_of, metadata_for, save

#: Parts of keys, including everything that is invalid in a file name.
PARTS = [
    *"aA.%~ /é🙂",
    "..",
    "//",
    ".versions",
    "%2E",
    "%~",
    "%",
    "\n",
    "\\",
    ":",
    "x" * 90,
    "é" * 60,
]


def random_keys(count: int) -> list[str]:
    chance = random.Random(2026)  # noqa: S311  # the same keys in every run
    keys = {
        "".join(chance.choices(PARTS, k=chance.randint(1, 8))) for _ in range(count)
    }
    return sorted(key for key in keys if len(key.encode()) <= 1024)


def all_keys(store: VersionStore, prefix: str = "") -> list[str]:
    page = store.list_keys(prefix)
    below = [key for folder in page.folders for key in all_keys(store, folder)]
    return [*(found.key for found in page.keys), *below]


def directory_of(store: VersionStore, key: str = KEY) -> Path:
    return key_directory(Path(store.location), key)


def test_the_layout_can_be_read_by_people(local_store: VersionStore) -> None:
    saved = save(local_store, b"{}", save_id="1f")
    directory = Path(local_store.location) / "workspace/ann/mine.ipynb.versions"
    names = sorted(path.name for path in directory.iterdir())
    assert names == [f"{saved.version_id}.ipynb", f"{saved.version_id}.meta.json"]
    assert (directory / names[0]).read_bytes() == b"{}"
    described = json.loads((directory / names[1]).read_bytes())
    assert (described["save_id"], described["key"]) == ("1f", KEY)


def test_no_two_keys_share_a_directory(tmp_path: Path) -> None:
    keys = random_keys(3000)
    directories = {key_directory(tmp_path, key) for key in keys}
    assert len(directories) == len(keys) > 1000


@pytest.mark.parametrize("key", ["..", "../../x", "/etc/passwd", "a/../../b", "./."])
def test_no_key_leaves_its_bucket(tmp_path: Path, key: str) -> None:
    directory = key_directory(tmp_path, key)
    assert Path(os.path.normpath(directory)) == directory
    assert directory.is_relative_to(tmp_path)
    assert directory != tmp_path


def test_every_name_is_valid_on_file_systems(tmp_path: Path) -> None:
    for key in random_keys(3000):
        for name in key_directory(tmp_path, key).relative_to(tmp_path).parts:
            assert len(name.encode()) <= 255
            assert not name.startswith(".")
            assert not name.endswith((" ", "."))
            assert not set(name) & set('\\:*?"<>|\n')


def test_every_key_is_found_again_under_its_own_name(local_store: VersionStore) -> None:
    keys = random_keys(60)
    for key in keys:
        save(local_store, key.encode(), key=key)
    assert sorted(all_keys(local_store)) == keys
    assert [contents_of(local_store, key) for key in keys] == [
        [key.encode()] for key in keys
    ]


def test_a_key_and_a_folder_may_have_the_same_name(local_store: VersionStore) -> None:
    keys = ["a", "a/b", "a.versions", "a.versions/b", "a/", "a//b"]
    for key in keys:
        save(local_store, key.encode(), key=key)
    assert [contents_of(local_store, key) for key in keys] == [
        [key.encode()] for key in keys
    ]


def test_ids_grow_even_if_the_clock_goes_back(local: Traits) -> None:
    start = datetime(2026, 11, 23, 18, 32, 25, 999999, tzinfo=UTC)
    times = [start, start - timedelta(days=1), start - timedelta(days=2), start]
    store = LocalStore(BookstoreSettings(**local), now=iter(times).__next__)
    ids = [save(store).version_id for _ in times]
    assert ids == sorted(set(ids))
    assert ids[0].startswith("20261123T183225.999999Z-")
    assert [v.version_id for v in store.list_versions(KEY).versions] == ids[::-1]


def test_an_unfinished_save_is_not_a_version(local_store: VersionStore) -> None:
    saved = save(local_store, b"whole")
    directory, later = directory_of(local_store), "20991231T000000.000000Z-00000000"
    (directory / f"{later}.ipynb").write_bytes(b"half")
    (directory / f"{later}.meta.json.tmp").write_bytes(b"{")
    assert contents_of(local_store) == [b"whole"]
    assert local_store.head(KEY).version_id == saved.version_id
    with pytest.raises(VersionNotFoundError):
        local_store.head(KEY, later)


def test_foreign_files_are_left_alone(local_store: VersionStore) -> None:
    save(local_store)
    directory = directory_of(local_store)
    (directory / "notes.meta.json").write_text("mine")
    (directory.parent / "lost+found").mkdir()
    (directory.parent / os.fsdecode(b"\xff")).mkdir()
    assert len(local_store.list_versions(KEY).versions) == 1
    assert local_store.list_keys("workspace/ann").folders == ()


def test_a_sidecar_of_an_earlier_release_is_read(local_store: VersionStore) -> None:
    saved = save(local_store)
    [sidecar] = Path(local_store.location).rglob("*.meta.json")
    described = json.loads(sidecar.read_bytes())
    for name in ("restored_from", "restored_path", "moved_from"):
        del described[name]
    sidecar.write_text(json.dumps(described))
    assert local_store.head(KEY).metadata == saved.metadata


def test_a_damaged_sidecar_loses_only_the_metadata(local_store: VersionStore) -> None:
    saved = save(local_store, b"kept")
    (directory_of(local_store) / f"{saved.version_id}.meta.json").write_text("{")
    assert local_store.head(KEY).metadata is None
    assert contents_of(local_store) == [b"kept"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"saved_at": "9999-12-31T23:59:59+00:00"},
        {"saved_at": "0001-01-01T00:00:00+23:00"},
        {"saved_at": 5},
        {"save_id": None, "saved_at": None},
    ],
)
def test_a_sidecar_with_wrong_values_loses_only_the_metadata(
    local_store: VersionStore, wrong: dict[str, object]
) -> None:
    saved = save(local_store, b"kept")
    sidecar = directory_of(local_store) / f"{saved.version_id}.meta.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_bytes()), **wrong}))
    assert local_store.head(KEY).metadata is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"name": ""}', b'{"name": null}', b"[" * 100_000],
)
def test_a_damaged_label_file_is_not_a_label(
    local_store: VersionStore, content: bytes
) -> None:
    saved = save(local_store)
    (directory_of(local_store) / f"{saved.version_id}.label.json").write_bytes(content)
    assert local_store.labels(KEY) == {}
    local_store.set_label(KEY, saved.version_id, Label("mended"))
    assert local_store.labels(KEY)[saved.version_id].name == "mended"


def test_missing_content_is_reported(local_store: VersionStore) -> None:
    saved = save(local_store)
    (directory_of(local_store) / f"{saved.version_id}.ipynb").unlink()
    assert local_store.head(KEY).metadata == saved.metadata
    with pytest.raises(StorageError, match="missing"):
        local_store.open(KEY)


class FullDisk(io.BytesIO):
    """Content that fails like a full disk after its first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().read(2)


def test_a_save_that_fails_leaves_nothing_behind(local_store: VersionStore) -> None:
    with pytest.raises(StorageUnavailableError, match="No space left"):
        local_store.put(KEY, FullDisk(b"1234"), size=4, metadata=metadata_for())
    assert list(directory_of(local_store).iterdir()) == []
    assert local_store.list_keys("workspace").folders == ()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, StorageUnavailableError),
        (errno.EDQUOT, StorageUnavailableError),
        (errno.ESTALE, StorageUnavailableError),
        (errno.EIO, StorageUnavailableError),
        (errno.EMFILE, StorageUnavailableError),
        (errno.EACCES, ForbiddenError),
        (errno.EPERM, ForbiddenError),
        (errno.EROFS, ForbiddenError),
        (errno.ENAMETOOLONG, InvalidRequestError),
        (errno.ENOTDIR, ConfigurationError),
        (errno.EXDEV, StorageError),
    ],
)
def test_a_failure_of_the_disk_has_its_own_error(
    code: int, expected: type[BookstoreError]
) -> None:
    error = translate_os_error(OSError(code, os.strerror(code)), "/store")
    assert type(error) is expected
    assert "/store" in str(error)


def test_a_file_in_place_of_the_directory_is_a_configuration_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path / "file"))
    store = open_store(settings)
    with pytest.raises(ConfigurationError, match="local_root"):
        save(store)
    check = store.check()
    assert not check.ok
    assert not check.retryable


def test_a_missing_directory_is_created(local: Traits) -> None:
    store = open_store(BookstoreSettings(**local))
    assert store.check().ok
    assert store.prepare() == []
    save(store)


def test_a_disk_that_ignores_case_mixes_no_keys(local_store: VersionStore) -> None:
    upper, lower = "workspace/Mine.ipynb", "workspace/mine.ipynb"
    saved = save(local_store, b"upper", key=upper)
    directory_of(local_store, upper).rename(directory_of(local_store, lower))
    with pytest.raises(ConflictError, match="another name"):
        save(local_store, b"lower", key=lower)
    with pytest.raises(NotFoundError):
        local_store.head(lower)
    with pytest.raises(VersionNotFoundError):
        local_store.head(lower, saved.version_id)
    assert local_store.list_versions(lower).versions == ()
    directory_of(local_store, lower).rename(directory_of(local_store, upper))
    assert contents_of(local_store, upper) == [b"upper"]


SAVING = """
import sys
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.local.store import LocalStore
from core.saving import save

root, bucket, name = sys.argv[1:]
traits = {"storage": "local", "local_root": root, "s3_bucket": bucket}
store = LocalStore(BookstoreSettings(**traits), batch=7)
for number in range(20):
    save(store, f"{name} {number}".encode())
"""


def test_processes_that_save_in_parallel_lose_nothing(
    local: Traits, local_store: VersionStore
) -> None:
    command = [sys.executable, "-c", SAVING, local["local_root"], local_store.bucket]
    tests = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": tests}
    processes = [
        subprocess.Popen([*command, name], env=environment) for name in ("a", "b", "c")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    contents = [content.decode().split() for content in contents_of(local_store)]
    for name in ("a", "b", "c"):
        own = [int(number) for owner, number in contents if owner == name]
        assert own == list(range(19, -1, -1)), "each process's saves are in order"
