"""What the local store lists, however many versions and notebooks there are."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from bookstore_core.disk.remembered import COARSE_STEP, LONGEST, Remembered
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore
from bookstore_core.stores.local.names import key_directory
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.stores.local.tree import Folder
from core.saving import KEY, Traits, all_versions, contents_of, save

#: Versions of a key, and notebooks in a folder.
MANY = 300


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all entries of directories that are listed."""
    names: list[str] = []

    class Counted(Iterator["os.DirEntry[str]"]):
        def __init__(self, entries: Iterator["os.DirEntry[str]"]) -> None:
            self.entries = entries

        def __enter__(self) -> "Counted":
            return self

        def __exit__(self, *_: object) -> None:
            self.entries.close()  # type: ignore[attr-defined]

        def __next__(self) -> "os.DirEntry[str]":
            entry = next(self.entries)
            names.append(entry.name)
            return entry

    scandir: Callable[..., Iterator[os.DirEntry[str]]] = os.scandir
    monkeypatch.setattr(os, "scandir", lambda *place: Counted(scandir(*place)))
    return names


@pytest.fixture
def store(local: Traits) -> LocalStore:
    """A store whose clock goes on by a second whenever it is looked at."""
    seconds = count()
    return LocalStore(BookstoreSettings(**local), monotonic=lambda: next(seconds) / 3)


def directory_of(store: VersionStore, key: str = KEY) -> Path:
    return key_directory(Path(store.location), key)


def plant(directory: Path, numbers: range) -> None:
    """Add versions as earlier releases stored them."""
    [sidecar, *_] = directory.glob("*.meta.json")
    for number in numbers:
        name = f"20200101T000000.{number:06}Z-1a2b3c4d"
        (directory / f"{name}.ipynb").write_text(str(number))
        (directory / f"{name}.meta.json").write_bytes(sidecar.read_bytes())


def test_a_long_history_is_not_listed_again_for_each_call(
    store: LocalStore, listed: list[str]
) -> None:
    save(store)
    plant(directory_of(store), range(MANY))
    saved = [save(store), save(store)]
    listed.clear()
    saved += [save(store), save(store)]
    assert store.head(KEY) == saved[-1]
    page = store.list_versions(KEY, limit=50)
    store.list_versions(KEY, cursor=page.cursor, limit=50)
    assert [known.version_id for known in page.versions[:4]] == [
        version.version_id for version in reversed(saved)
    ]
    assert not [name for name in listed if name.startswith("20200101")]


def test_labels_are_read_once_until_one_is_set(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = [save(store, str(number).encode()).version_id for number in range(60)]
    for number, version_id in enumerate(saved):
        store.set_label(KEY, version_id, Label(f"step {number}"))
    os.utime(directory_of(store), ns=(1, 1))  # a later change shows in its time
    assert len(store.labels(KEY)) == 60
    opened, known = list[str](), os.open
    monkeypatch.setattr(
        os, "open", lambda path, *o, **m: opened.append(path) or known(path, *o, **m)
    )
    assert list(store.labels_named(KEY, "step 7")) == [saved[7]]
    assert len(store.labels(KEY)) == 60
    assert not [name for name in opened if str(name).endswith(".label.json")]
    assert len(opened) < 30
    store.set_label(KEY, saved[7], Label("another"))
    assert list(store.labels_named(KEY, "another")) == [saved[7]]
    assert store.labels_named(KEY, "step 7") == {}


def test_each_batch_is_listed_once_for_all_versions(
    local: Traits, listed: list[str]
) -> None:
    store = LocalStore(BookstoreSettings(**local), batch=10)
    saved = [save(store).version_id for _ in range(55)]
    listed.clear()
    found = store.list_versions(KEY, limit=100).versions
    assert [version.version_id for version in found] == saved[::-1]
    assert len([name for name in listed if name.endswith(".meta.json")]) == 55
    assert len(list((directory_of(store) / "later").iterdir())) == 5


def test_the_newest_may_be_one_of_an_earlier_release(local: Traits) -> None:
    store = LocalStore(BookstoreSettings(**local), batch=2)
    for number in range(5):
        save(store, str(number).encode())
    [content] = directory_of(store).rglob(f"{store.head(KEY).version_id}.ipynb")
    for ending in (".ipynb", ".meta.json"):
        file = content.with_suffix(ending)
        file.rename(directory_of(store) / f"20991231T000000.000000Z-1a2b3c4d{ending}")
    assert contents_of(store) == [b"4", b"3", b"2", b"1", b"0"]
    save(store, b"5")
    assert contents_of(store)[:2] == [b"5", b"4"]


def test_a_version_in_the_batch_before_is_in_order(local: Traits) -> None:
    store = LocalStore(BookstoreSettings(**local), batch=2)
    saved = [save(store, str(number).encode()).version_id for number in range(8)]
    *_, before, _ = sorted((directory_of(store) / "later").iterdir())
    for file in list(directory_of(store).rglob(f"{saved[6]}.*")):
        file.rename(before / file.name)
    assert [v.version_id for v in all_versions(store, KEY, limit=1)] == saved[::-1]
    assert contents_of(store)[1] == b"6"


def test_a_folder_is_not_listed_again_for_each_page(
    store: LocalStore, listed: list[str]
) -> None:
    keys = [f"workspace/{number:03}.ipynb" for number in range(60)]
    for key in keys:
        save(store, key=key)
    for walk in (store.walk_keys, store.list_keys):
        listed.clear()
        found, cursor = [], None
        while len(found) < len(keys):
            page = walk("workspace", cursor=cursor, limit=5)
            found += [version.key for version in page.keys]
            cursor = page.cursor
        assert found == keys
        folders = [name for name in listed if name.endswith(".versions")]
        assert len(folders) <= 2 * len(keys)


def test_keys_that_nobody_wants_are_not_read(
    store: LocalStore, listed: list[str]
) -> None:
    for number in range(60):
        save(store, key=f"workspace/{number:03}.ipynb")
    listed.clear()
    page = store.walk_keys("", limit=2, wanted=lambda key: key.endswith("9.ipynb"))
    assert [version.key[-9:] for version in page.keys] == ["009.ipynb", "019.ipynb"]
    assert len([name for name in listed if name.endswith(".meta.json")]) == 2
    page = store.walk_keys("", limit=2, wanted=lambda key: False)
    assert (page.keys, bool(page.cursor)) == ((), True)


def test_a_directory_is_remembered_until_it_changes(tmp_path: Path) -> None:
    now = 0.0
    place = tmp_path / "place"
    place.mkdir()
    for number in range(100):
        (place / str(number)).touch()
    made: list[list[str]] = []
    known = Remembered[int](
        lambda names: made.append(names) or len(names), monotonic=lambda: now
    )
    with Folder.at(place) as folder:
        assert [known.of(folder) for _ in range(3)] == [100] * 3
        assert len(made) == 3, "a change in the same step would not show"
        now = COARSE_STEP + 1
        assert [known.of(folder) for _ in range(3)] == [100] * 3
        assert len(made) == 4
        (place / "new").touch()
        assert known.of(folder) == 101
        now += LONGEST
        made.clear()
        assert [known.of(folder) for _ in range(3)] == [101] * 3
        assert len(made) == 1


def test_only_so_many_entries_are_remembered(tmp_path: Path) -> None:
    seconds = count(0, 10)
    made: list[str] = []
    known = Remembered[None](made.extend, monotonic=lambda: next(seconds), most=150)
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        for number in range(100):
            (tmp_path / place / f"{place}{number}").touch()
    for place in ("a", "a", "b", "b", "a"):
        with Folder.at(tmp_path / place) as folder:
            known.of(folder)
    assert [made.count(name) for name in ("a0", "b0")] == [2, 1]


def test_a_save_syncs_its_two_files_and_their_directory(
    local: Traits, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(BookstoreSettings(**local))
    save(store)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    save(store)
    assert len(synced) == 3
    save(store, key="workspace/new/mine.ipynb")
    assert len(synced) == 3 + 3 + 2, "and the directories in which it made others"
