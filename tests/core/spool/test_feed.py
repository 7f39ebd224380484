"""The feed of a spool: which keys have new versions."""

from pathlib import Path

import pytest

from bookstore_core.spool import feed as feeds
from bookstore_core.spool.feed import BEFORE, PRESENT, Feed, read_feed


def test_what_was_added_since_is_read_once(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    none = read_feed(tmp_path)
    assert (none.keys, none.complete) == ((), True)
    feed.note("workspace/a.ipynb", "1")
    feed.note("workspace/b.ipynb", "2")
    feed.note("workspace/a.ipynb", "3")
    first = read_feed(tmp_path, none.position)
    assert first.keys == ("workspace/a.ipynb", "workspace/b.ipynb")
    assert read_feed(tmp_path, first.position).keys == ()
    feed.note("workspace/Ü.ipynb", "4")
    assert read_feed(tmp_path, first.position).keys == ("workspace/Ü.ipynb",)


def test_a_full_file_is_renamed_and_what_is_missed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_BYTES", 300)
    feed = Feed(tmp_path)
    feed.note("k0", "0")
    first = read_feed(tmp_path)
    feed.note("k1", "1")
    feed.note("k2", "2")
    assert (tmp_path / BEFORE).exists() or (tmp_path / PRESENT).exists()
    for number in range(3, 5):
        feed.note(f"k{number}", str(number))
    assert read_feed(tmp_path, first.position).keys == ("k1", "k2", "k3", "k4")
    for number in range(5, 20):
        feed.note(f"k{number}", str(number))
    late = read_feed(tmp_path, first.position)
    assert not late.complete
    assert late.keys[-1] == "k19"
    assert (tmp_path / PRESENT).stat().st_size <= 300
    assert (tmp_path / BEFORE).stat().st_size <= 300


def test_damage_is_passed_over(tmp_path: Path) -> None:
    feed = Feed(tmp_path)
    feed.note("a", "1")
    with (tmp_path / PRESENT).open("ab") as file:
        file.write(b'[1]\n{"key": 7}\nnot json\n{"key": "torn"')
    assert read_feed(tmp_path).keys == ("a",)
    (tmp_path / PRESENT).unlink()
    (tmp_path / PRESENT).symlink_to("/etc/hostname")
    assert read_feed(tmp_path, "x:1").keys == ()
    feed.note("b", "2")
    assert read_feed(tmp_path).keys == ("b",)
    assert not (tmp_path / PRESENT).is_symlink()
