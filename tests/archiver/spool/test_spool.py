"""The spool on disk: its files after each step, and files that do not belong there."""

import errno
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from bookstore_archiver.spool.disk import Disk, Place
from bookstore_archiver.spool.entry import Entry
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import ABANDONED_AFTER, SMALL, Spool
from bookstore_core.errors import SpoolError
from bookstore_core.spool.directory import count_spool

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, UTC)


def add(spool: Spool, data: bytes = b"{}", key: str = "workspace/a.ipynb") -> Entry:
    return spool.add(BytesSource(data), key=key, author="ann", source_path="a.ipynb")


def found(spool: Spool) -> list[Entry]:
    return list(spool.scan(()))


@pytest.fixture
def spool(spool_dir: Path) -> Spool:
    return Spool(spool_dir)


def test_save_is_one_readable_file_in_new(spool: Spool, spool_dir: Path) -> None:
    entry = add(spool, b'{"cells": []}')
    (path,) = (spool_dir / "new").iterdir()
    content, trailer, end = path.read_bytes().split(b"\n")
    assert content == b'{"cells": []}'
    assert b'"key": "workspace/a.ipynb"' in trailer
    assert end == b""
    assert found(spool) == [entry]


class ForgetfulDisk(Disk):
    """NFS whose answers are lost: each rename is done, then repeated."""

    def move(self, source: Place, target: Place) -> None:
        super().move(source, target)
        super().move(source, target)


def test_rename_whose_answer_was_lost_neither_repeats_nor_loses_a_save(
    spool_dir: Path,
) -> None:
    spool = Spool(spool_dir, disk=ForgetfulDisk())
    entry = add(spool)
    assert found(spool) == [entry]
    claimed = spool.claim(entry)
    assert claimed is not None
    assert (spool_dir / "cur" / claimed.name).exists()


def test_only_the_owner_can_read_it(spool: Spool, spool_dir: Path) -> None:
    add(spool)
    (path,) = (spool_dir / "new").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert (spool_dir / "new").stat().st_mode & 0o077 == 0


def test_save_moves_from_new_to_cur_and_is_removed(
    spool: Spool, spool_dir: Path
) -> None:
    claimed = spool.claim(add(spool))
    assert claimed is not None
    assert [p.name for p in (spool_dir / "cur").iterdir()] == [claimed.name]
    assert not list((spool_dir / "new").iterdir())
    spool.done(claimed)
    assert count_spool(str(spool_dir)).pending == 0
    assert found(spool) == []


def test_save_found_in_cur_may_have_been_sent(spool: Spool) -> None:
    entry = add(spool)
    spool.claim(entry)
    (again,) = found(spool)
    assert again.name == entry.name
    assert again.unsure


def test_save_that_a_power_cut_left_in_both_folders_is_found_once(
    spool: Spool, spool_dir: Path
) -> None:
    entry = spool.claim(add(spool))
    assert entry is not None
    twin = spool_dir / "new" / entry.name
    os.link(spool_dir / "cur" / entry.name, twin)
    (again,) = found(spool)
    assert again.unsure
    assert not twin.exists()


def test_copy_of_a_save_that_is_being_sent_is_set_aside(
    spool: Spool, spool_dir: Path
) -> None:
    entry = spool.claim(add(spool))
    assert entry is not None
    shutil.copy(spool_dir / "cur" / entry.name, spool_dir / "new" / entry.name)
    assert [again.claimed for again in found(spool)] == [True]
    assert (spool_dir / "failed" / entry.name).exists()


@pytest.mark.parametrize("size", [0, 3000, SMALL, SMALL + 1])
def test_opened_save_begins_with_the_notebook(spool: Spool, size: int) -> None:
    entry = add(spool, b"x" * size)
    with spool.open(entry) as file:
        assert file.read(entry.trailer.size) == b"x" * size


def test_names_sort_by_time_even_when_the_clock_goes_back(spool_dir: Path) -> None:
    times = iter([NOW, NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1)] * 2)
    spool = Spool(spool_dir, clock=lambda: next(times))
    names = [add(spool).name for _ in range(4)]
    assert names == sorted(set(names))


def test_names_sort_after_the_newest_of_an_earlier_run(spool_dir: Path) -> None:
    newest = add(Spool(spool_dir, clock=lambda: NOW))
    later = add(Spool(spool_dir, clock=lambda: NOW - timedelta(days=1)))
    assert later.name > newest.name
    assert later.trailer.metadata.saved_at == NOW - timedelta(days=1)


def test_spool_that_was_removed_is_made_again(spool: Spool, spool_dir: Path) -> None:
    add(spool)
    for folder in (spool_dir / "new", spool_dir / "tmp"):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    entry = add(spool)
    assert found(spool) == [entry]
    (spool_dir / "cur").rmdir()
    assert spool.claim(entry) is not None


def test_save_that_somebody_removed_cannot_be_claimed(spool: Spool) -> None:
    entry = add(spool)
    spool.done(entry)
    assert spool.claim(entry) is None


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("torn", lambda path: os.truncate(path, 20)),
        ("cut at its end", lambda path: os.truncate(path, path.stat().st_size - 1)),
        ("empty", lambda path: os.truncate(path, 0)),
        ("longer", lambda path: path.write_bytes(b"x" + path.read_bytes())),
        ("other", lambda path: path.write_text("{}\n[1]\n")),
    ],
)
def test_damaged_save_is_set_aside_with_the_reason(
    spool: Spool, spool_dir: Path, name: str, damage: object
) -> None:
    broken, fine = add(spool), add(spool)
    damage(spool_dir / "new" / broken.name)  # type: ignore[operator]
    assert found(spool) == [fine]
    aside = spool_dir / "failed" / broken.name
    assert aside.exists(), name
    assert aside.with_name(f"{broken.name}.reason").read_text().startswith("It is ")


def test_save_whose_bytes_changed_is_not_opened(spool: Spool, spool_dir: Path) -> None:
    entry = add(spool, b"0123456789")
    path = spool_dir / "new" / entry.name
    path.write_bytes(path.read_bytes().replace(b"345", b"XXX"))
    with pytest.raises(SpoolError, match="damaged"):
        spool.open(entry)


def test_foreign_files_are_set_aside_and_never_overwrite_each_other(
    spool: Spool, spool_dir: Path
) -> None:
    spool.make()
    for text in ("first", "second"):
        (spool_dir / "new" / "notes.txt").write_text(text)
        assert found(spool) == []
    (spool_dir / "cur" / "folder").mkdir()
    (spool_dir / "new" / ".nfs0001").touch()
    assert found(spool) == []
    aside = spool_dir / "failed"
    assert (aside / "notes.txt").read_text() == "first"
    assert (aside / "notes.txt.1").read_text() == "second"
    assert (aside / "folder").is_dir()
    assert (spool_dir / "new" / ".nfs0001").exists()


def test_drafts_of_processes_that_ended_are_swept(
    spool: Spool, spool_dir: Path
) -> None:
    spool.make()
    old, young = spool_dir / "tmp" / "old", spool_dir / "tmp" / "young"
    old.touch()
    young.touch()
    long_ago = time.time() - ABANDONED_AFTER - 1
    os.utime(old, (long_ago, long_ago))
    spool.sweep()
    assert [p.name for p in (spool_dir / "tmp").iterdir()] == ["young"]


class FullDisk(Disk):
    """A disk without room for the trailer."""

    def sync(self, file: BinaryIO) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_leaves_nothing_behind(spool_dir: Path) -> None:
    spool = Spool(spool_dir, disk=FullDisk())
    with pytest.raises(OSError, match="No space left"):
        add(spool)
    assert not [p for p in spool_dir.rglob("*") if p.is_file()]
