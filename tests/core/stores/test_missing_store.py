"""A local store that is not there any more, such as one on an unmounted disk."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bookstore_core.errors import StoreMissingError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.report import report_spool
from bookstore_core.stores import Label, VersionStore, open_store
from bookstore_core.stores.local import home
from bookstore_core.stores.local.identity import IDENTITY, recall
from core.saving import KEY, Traits, contents_of, save
from harness.forms import FORM_1

USES: dict[str, Callable[[VersionStore], object]] = {
    "put": save,
    "head": lambda store: store.head(KEY),
    "open": lambda store: store.open(KEY),
    "list_versions": lambda store: store.list_versions(KEY),
    "list_keys": lambda store: store.list_keys(""),
    "walk_keys": lambda store: store.walk_keys(""),
    "labels": lambda store: store.labels(KEY),
    "set_label": lambda store: store.set_label(KEY, "x", Label("x")),
}


@pytest.fixture
def settings(local: Traits) -> BookstoreSettings:
    return BookstoreSettings(**local)


@pytest.fixture
def disk(settings: BookstoreSettings) -> Path:
    """The directory that a disk is mounted on, with a version in it."""
    save(open_store(settings), b"kept")
    return Path(settings.local_root)


def unmount(disk: Path, *, leave: bool) -> None:
    disk.rename(disk.with_name("unmounted"))
    if leave:
        (disk / "bookstore").mkdir(parents=True)


def mount(disk: Path) -> None:
    shutil.rmtree(disk, ignore_errors=True)
    disk.with_name("unmounted").rename(disk)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("leave", [False, True])
def test_a_store_that_is_gone_is_refused_and_not_made_again(
    settings: BookstoreSettings, disk: Path, use: str, leave: bool
) -> None:
    old, new = open_store(settings), open_store(settings)
    old.list_versions(KEY)
    unmount(disk, leave=leave)
    for store in (old, new):
        with pytest.raises(StoreMissingError, match=r"cannot be read.*mount.*init"):
            USES[use](store)
    assert list(disk.rglob("*")) == ([disk / "bookstore"] if leave else [])
    mount(disk)
    for store in (old, new):
        assert contents_of(store) == [b"kept"]
    save(old)


def test_the_check_and_the_status_say_that_the_store_is_gone(
    settings: BookstoreSettings, disk: Path
) -> None:
    unmount(disk, leave=False)
    check = open_store(settings).check()
    assert (check.ok, check.retryable) == (False, True)
    assert "jupyter bookstore init" in check.sentences[0]
    report = report_spool(settings)
    assert not report.ok
    assert any("cannot be read" in problem for problem in report.problems)
    assert not disk.exists()
    mount(disk)
    assert report_spool(settings).ok
    assert open_store(settings).check().ok


def test_another_store_in_its_place_is_refused(
    settings: BookstoreSettings, disk: Path
) -> None:
    known = open_store(settings)
    known.list_versions(KEY)
    text = (disk / "bookstore" / IDENTITY).read_text()
    (disk / "bookstore" / IDENTITY).write_text(text.replace('"id": "', '"id": "f00d'))
    for store in (known, open_store(settings)):
        with pytest.raises(StoreMissingError, match="another store"):
            save(store)
        with pytest.raises(StoreMissingError, match="another store"):
            store.list_versions(KEY)


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"id": 5}', '{"id": "../x"}'])
def test_a_damaged_identity_is_none(
    settings: BookstoreSettings, disk: Path, damaged: str
) -> None:
    (disk / "bookstore" / IDENTITY).write_text(damaged)
    with pytest.raises(StoreMissingError, match=IDENTITY):
        save(open_store(settings))


@pytest.mark.parametrize("leave", [False, True])
def test_init_starts_a_new_store_for_all_processes(
    settings: BookstoreSettings, disk: Path, leave: bool
) -> None:
    running = open_store(settings)
    running.list_versions(KEY)
    unmount(disk, leave=leave)
    done = open_store(settings).prepare()
    assert any("not the one" in sentence for sentence in done)
    assert open_store(settings).prepare() == []
    save(running)
    assert open_store(settings).list_versions(KEY).versions


def test_a_store_of_an_earlier_release_gets_an_identity_at_its_first_use(
    tmp_path: Path,
) -> None:
    shutil.copytree(FORM_1 / "store", tmp_path / "store")
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path / "store"))
    assert open_store(settings).walk_keys("").keys
    assert (tmp_path / "store" / "bookstore" / IDENTITY).exists()
    (tmp_path / "store").rename(tmp_path / "away")
    with pytest.raises(StoreMissingError):
        open_store(settings).walk_keys("")


def test_a_store_that_is_not_used_yet_is_empty(settings: BookstoreSettings) -> None:
    store = open_store(settings)
    assert store.list_keys("").keys == ()
    assert report_spool(settings).ok
    assert not Path(settings.local_root).exists()


def test_a_process_knows_its_store_where_nothing_can_be_remembered(
    settings: BookstoreSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file" / "data"))
    store = open_store(settings)
    save(store)
    unmount(Path(settings.local_root), leave=True)
    with pytest.raises(StoreMissingError):
        save(store)


SAVING = """
import json, sys
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from core.saving import save

store = open_store(BookstoreSettings.from_config(json.loads(sys.argv[1])))
save(store)
assert store.check().ok
"""


def test_a_store_whose_folders_alone_are_writable_works_on(
    settings: BookstoreSettings,
) -> None:
    bucket = Path(settings.local_root) / "bookstore"
    (bucket / "workspace").mkdir(parents=True)
    bucket.chmod(0o555)
    # Root must respect the permissions of files.
    mortal = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    command = [sys.executable, "-c", SAVING, json.dumps(settings.as_config())]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [*(mortal if os.geteuid() == 0 else ()), *command], env=environment, check=True
    )
    bucket.chmod(0o700)
    assert open_store(settings).list_versions(KEY).versions


def test_the_check_tries_the_folder_that_versions_go_to(
    settings: BookstoreSettings,
) -> None:
    bucket = Path(settings.local_root) / "bookstore"
    bucket.mkdir(parents=True)
    (bucket / "workspace").write_text("a file is in the way")
    check = open_store(settings).check()
    assert not check.ok
    assert "Correct BookstoreSettings.local_root." in check.findings[0].sentence


def test_a_store_that_is_made_at_this_moment_is_not_missing(
    settings: BookstoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recall_what_is_made(path: Path) -> str:
        if not path.exists():
            open_store(settings).prepare()
        return recall(path)

    store = open_store(settings)
    monkeypatch.setattr(home, "recall", recall_what_is_made)
    assert not store.list_versions(KEY).versions
