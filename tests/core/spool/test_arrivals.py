"""Saves that are on their way to the store, as the spool shows them."""

import os
import threading
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from bookstore_core.clock import utc_now
from bookstore_core.spool.arrivals import MOST_LOOKED_AT, Arrivals
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.saves import Trailer, entry_name
from bookstore_core.stores import VersionMetadata

KEY = "workspace/a.ipynb"


def put(spool: Path, *, key: str = KEY, ago: float = 0.0, folder: str = "new") -> Path:
    saved_at = utc_now() - timedelta(seconds=ago)
    number = len(list(spool.rglob("*-*")))
    metadata = VersionMetadata(save_id=f"{number:016x}", saved_at=saved_at)
    file = spool / folder / entry_name(saved_at, metadata.save_id)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"{}" + Trailer(key, 2, metadata).encode())
    return file


def ids(saves: tuple[Trailer, ...]) -> list[str]:
    return [save.metadata.save_id for save in saves]


def test_the_saves_of_a_key_are_found_newest_first(tmp_path: Path) -> None:
    first = put(tmp_path, ago=20, folder="cur")
    put(tmp_path, key="workspace/b.ipynb")
    second = put(tmp_path)
    found = ids(Arrivals(str(tmp_path)).waiting(KEY))
    assert found == [path.name.rpartition("-")[2] for path in (second, first)]


def test_without_a_spool_nothing_waits(tmp_path: Path) -> None:
    assert Arrivals(str(tmp_path / "none")).waiting(KEY) == ()
    assert Arrivals(str(tmp_path / "none")).awaited(KEY, patience=60) == ()


def test_files_that_are_no_saves_are_left_out(tmp_path: Path) -> None:
    file = put(tmp_path)
    (tmp_path / "new" / "nonsense").write_bytes(b"")
    file.with_name(file.name[:-1] + "f").symlink_to(file)
    file.with_name(file.name[:-1] + "e").write_bytes(b"torn")
    assert len(Arrivals(str(tmp_path)).waiting(KEY)) == 1


def test_of_very_many_only_the_newest_are_looked_at(tmp_path: Path) -> None:
    put(tmp_path, ago=1000)
    for number in range(MOST_LOOKED_AT):
        put(tmp_path, key="workspace/b.ipynb", ago=number)
    assert Arrivals(str(tmp_path)).waiting(KEY) == ()


def test_many_that_wait_are_listed_and_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        put(tmp_path, ago=100 + number)
    os.utime(tmp_path / "new", ns=(1, 1))  # a later change shows in its time
    seconds, asked = count(), list[str]()
    arrivals = Arrivals(str(tmp_path), monotonic=lambda: next(seconds) / 3)
    assert len(arrivals.waiting(KEY)) == 60
    for name in ("listdir", "open"):
        known = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda path, *words, known=known, **more: (
                asked.append(Path(path).name) or known(path, *words, **more)
            ),
        )
    assert len(arrivals.waiting(KEY)) == 60
    assert asked == []
    newest = put(tmp_path)
    asked.clear()
    assert len(arrivals.waiting(KEY)) == 61
    assert set(asked) == {"new", newest.name}
    assert asked.count(newest.name) == 1


def test_a_fresh_save_is_awaited(tmp_path: Path) -> None:
    timer = threading.Timer(0.2, put(tmp_path).unlink)
    timer.start()
    assert Arrivals(str(tmp_path)).awaited(KEY, patience=60) == ()
    timer.join()


def test_a_save_that_stays_is_returned(tmp_path: Path) -> None:
    put(tmp_path)
    assert len(Arrivals(str(tmp_path)).awaited(KEY, patience=0.1)) == 1


@pytest.mark.parametrize(("ago", "error"), [(60.0, ""), (0.0, "The store is down.")])
def test_a_save_that_will_not_arrive_soon_is_not_awaited(
    tmp_path: Path, ago: float, error: str
) -> None:
    put(tmp_path, ago=ago)
    DrainStatus(last_error=error).write(str(tmp_path))
    assert len(Arrivals(str(tmp_path)).awaited(KEY, patience=1e9)) == 1
