"""What somebody plants in the directory of a local store: it hurts nothing else."""

import os
import resource
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bookstore_core.errors import BookstoreError, NotFoundError, StorageError
from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore, open_store
from bookstore_core.stores.local.names import key_directory
from core.saving import KEY, Traits, contents_of, save
from harness.planting import LAST, LATE, NO_FILES, SIDECARS, nest

OTHER = "workspace/ann/other.ipynb"


@pytest.fixture
def saved(local_store: VersionStore) -> Version:
    """The first of two versions; it is the one to damage."""
    first = save(local_store, b"first")
    save(local_store, b"second")
    save(local_store, b"other", key=OTHER)
    return first


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 200 * 2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def directory_of(store: VersionStore, key: str = KEY) -> Path:
    return key_directory(Path(store.location), key)


def use(store: VersionStore) -> None:
    """Ask for everything; only our own errors are allowed, and only for contents."""
    for version in store.list_versions(KEY).versions:
        with suppress(BookstoreError):
            store.head(KEY, version.version_id)
        with suppress(BookstoreError), store.open(KEY, version.version_id) as opened:
            opened.read(1000)
    store.labels(KEY)
    store.walk_keys("")
    store.list_keys("workspace/ann")
    history = History(store, BookstoreSettings())
    history.page("ann/mine.ipynb")


def is_whole(store: VersionStore) -> bool:
    """Use the store; return whether it is as if nothing had been planted."""
    use(store)
    save(store, b"third")
    assert [v.key for v in store.walk_keys("").keys] == [KEY, OTHER]
    assert store.list_keys("workspace").folders == ("workspace/ann/",)
    return contents_of(store, OTHER) == [b"other"]


@pytest.mark.parametrize("what", NO_FILES)
@pytest.mark.parametrize("ending", [".ipynb", ".meta.json", ".label.json"])
def test_what_is_not_a_file_counts_as_missing(
    local_store: VersionStore, saved: Version, what: str, ending: str
) -> None:
    local_store.set_label(KEY, saved.version_id, Label("named"))
    file = directory_of(local_store) / (saved.version_id + ending)
    file.unlink()
    NO_FILES[what](file)
    assert is_whole(local_store)
    ids = [version.version_id for version in local_store.list_versions(KEY).versions]
    assert (saved.version_id in ids) == (ending != ".meta.json")
    assert bool(local_store.labels(KEY)) == (ending == ".ipynb")
    if ending != ".label.json":
        with pytest.raises(NotFoundError if ending == ".meta.json" else StorageError):
            local_store.open(KEY, saved.version_id)


@pytest.mark.parametrize("what", NO_FILES)
def test_what_is_no_folder_of_batches_holds_none(
    local_store: VersionStore, saved: Version, what: str
) -> None:
    NO_FILES[what](directory_of(local_store) / "later")
    assert is_whole(local_store)
    assert contents_of(local_store) == [b"third", b"second", b"first"]


@pytest.mark.parametrize("what", SIDECARS)
def test_what_a_sidecar_holds_is_unknown_at_worst(
    local_store: VersionStore, saved: Version, what: str
) -> None:
    sidecar = directory_of(local_store) / f"{saved.version_id}.meta.json"
    sidecar.write_bytes(SIDECARS[what])
    assert is_whole(local_store)
    sizes = [version.size for version in local_store.list_versions(KEY).versions]
    assert sizes == [len(b"third"), len(b"second"), len(b"first")]


@pytest.mark.parametrize("what", SIDECARS)
def test_a_sidecar_without_content_is_listed(
    local_store: VersionStore, saved: Version, what: str
) -> None:
    sidecar = directory_of(local_store) / f"{LAST}.meta.json"
    sidecar.write_bytes(SIDECARS[what])
    use(local_store)
    listed = local_store.list_keys("workspace/ann").keys
    assert [version.version_id == LAST for version in listed] == [True, False]
    save(local_store, b"third")
    assert b"third" in [content for content in readable(local_store)]


def readable(store: VersionStore) -> Iterator[bytes]:
    for version in store.list_versions(KEY).versions:
        with suppress(BookstoreError), store.open(KEY, version.version_id) as opened:
            yield opened.read(1000)


@pytest.mark.parametrize(
    "name",
    [
        LATE,
        "00000101T000000.000000Z-00000000",
        "20260231T000000.000000Z-00000000",
        "20260101T250000.000000Z-00000000",
        "\u0662\u0660\u0662\u0666\u0660\u0661\u0660\u0661T000000.000000Z-00000000",
        "20260101T000000.000000Z-00000000\n",
    ],
)
def test_what_is_no_time_is_no_version(
    local_store: VersionStore, saved: Version, name: str
) -> None:
    for ending in (".ipynb", ".meta.json", ".label.json"):
        (directory_of(local_store) / (name + ending)).write_text('{"name": "x"}')
    assert is_whole(local_store)
    assert contents_of(local_store) == [b"third", b"second", b"first"]
    with pytest.raises(NotFoundError):
        local_store.head(KEY, name)


@pytest.mark.parametrize("what", ["folder", "key"])
def test_no_link_to_a_directory_is_followed(
    local_store: VersionStore, saved: Version, tmp_path: Path, what: str
) -> None:
    place = directory_of(local_store)
    place = place.parent if what == "folder" else place
    shutil.move(place, tmp_path / "private")
    place.symlink_to(tmp_path / "private")
    with pytest.raises(NotFoundError):
        local_store.head(KEY, saved.version_id)
    assert local_store.list_versions(KEY).versions == ()
    assert KEY not in [version.key for version in local_store.walk_keys("").keys]
    before = sorted((tmp_path / "private").rglob("*"))
    with pytest.raises(BookstoreError):
        save(local_store, b"third")
    assert sorted((tmp_path / "private").rglob("*")) == before


@pytest.mark.parametrize(
    "plant", [Path.touch, lambda path: path.symlink_to(path.parent)]
)
@pytest.mark.parametrize("name", ["reports", "reports/x.ipynb.versions"])
def test_what_is_in_the_way_of_one_notebook_stops_no_other(
    local_store: VersionStore, saved: Version, plant: Callable[[Path], None], name: str
) -> None:
    place = Path(local_store.location, "workspace", name)
    place.parent.mkdir(exist_ok=True)
    plant(place)
    with pytest.raises(StorageError, match=rf"{place.name} is a file or a link") as was:
        save(local_store, key="workspace/reports/x.ipynb")
    assert not was.value.wide
    assert save(local_store, b"third").is_latest
    place.unlink()
    assert save(local_store, key="workspace/reports/x.ipynb").is_latest


def test_a_loop_of_links_ends(local_store: VersionStore, saved: Version) -> None:
    (directory_of(local_store).parent / "again").symlink_to("..")
    assert is_whole(local_store)


def test_directories_deeper_than_a_key_are_left_out(
    local_store: VersionStore, saved: Version
) -> None:
    nest(directory_of(local_store).parent, 1500)
    try:
        assert is_whole(local_store)
    finally:
        # Python's own functions for this would recurse too deep.
        os.system(f"rm -rf '{directory_of(local_store).parent}/d'")  # noqa: S605


@pytest.mark.parametrize(
    "name", ["%41.versions", "a%2Fb", "a%00.versions", "x%~", "%ff", "a.", "%"]
)
def test_a_name_that_the_store_would_not_give_is_left_out(
    local_store: VersionStore, saved: Version, name: str
) -> None:
    shutil.copytree(
        directory_of(local_store),
        directory_of(local_store).parent / name / "b.versions",
    )
    shutil.copytree(
        directory_of(local_store), directory_of(local_store).parent / name / name
    )
    if name == "%":
        assert len(local_store.walk_keys("").keys) == 3  # the name of an empty part
    else:
        assert is_whole(local_store)


def test_the_store_is_private_whatever_the_umask(local: Traits) -> None:
    store = open_store(BookstoreSettings(**local))
    for umask in (0o000, 0o277):
        before = os.umask(umask)
        try:
            save(store, key=f"w/{umask}/a.ipynb")
        finally:
            os.umask(before)
    assert modes_below(Path(local["local_root"])) == {0o700, 0o600}


@pytest.mark.parametrize("configured", ["0770", ""])
def test_a_shared_store_has_the_modes_that_were_configured(
    local: Traits, configured: str
) -> None:
    root = Path(local["local_root"])
    root.mkdir()
    root.chmod(0o2770)
    store = open_store(BookstoreSettings(**local, local_mode=configured))
    before = os.umask(0o077)
    try:
        save(store)
        store.set_label(KEY, store.head(KEY).version_id, Label("shared"))
    finally:
        os.umask(before)
    assert modes_below(root) == {0o2770, 0o660}


def modes_below(root: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))}
