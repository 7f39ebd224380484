"""Counts of a large spool: recorded by who drains it, believed while they are right."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bookstore_core.spool.counts import COUNTS, MANY, SpoolCounts, record_counts
from bookstore_core.spool.directory import count_names, count_spool, states_of
from bookstore_core.spool.saves import entry_name

AT = datetime(2026, 11, 23, 18, 32, 25, tzinfo=UTC)
COUNTED = SpoolCounts(pending=MANY + 1, in_flight=2, bytes=70, oldest=AT)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / entry_name(AT, "a")).write_bytes(b"x")
    return tmp_path


def record(root: Path, counts: SpoolCounts = COUNTED, *, age: float = 0) -> None:
    record_counts(root, counts, states_of(root))
    if age:
        path = root / COUNTS
        changed = path.stat().st_mtime - age
        os.utime(path, (changed, changed))


def test_a_record_of_any_age_is_used_while_no_file_comes_or_goes(root: Path) -> None:
    record(root, age=3600)
    assert count_spool(str(root)) == COUNTED


@pytest.mark.parametrize(("age", "pending"), [(0, MANY + 1), (3, 2), (-60, 2)])
def test_a_record_is_used_for_a_moment_when_files_have_come(
    root: Path, age: float, pending: int
) -> None:
    record(root, age=age)
    (root / "new" / entry_name(AT, "b")).write_bytes(b"x")
    os.utime(root / "new", (1, 1))
    assert count_spool(str(root)).pending == pending


def test_few_saves_are_always_counted(root: Path) -> None:
    record(root, SpoolCounts(pending=MANY))
    assert not (root / COUNTS).exists()
    assert count_spool(str(root)).pending == 1


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"states": 5}', b"[" * 4000])
def test_what_is_no_record_is_ignored(root: Path, data: bytes) -> None:
    (root / COUNTS).write_bytes(data)
    assert count_spool(str(root)).pending == 1


def test_files_that_are_not_saves_are_counted_beside_a_record(root: Path) -> None:
    record(root)
    (root / "failed").mkdir()
    (root / "failed" / "x").write_bytes(b"")
    assert count_spool(str(root)).failed == 1


def test_a_save_that_is_claimed_between_two_listings_is_one(tmp_path: Path) -> None:
    counts = count_names(tmp_path, ["a", "b"], ["a"])
    assert (counts.pending, counts.in_flight, counts.waiting) == (1, 1, 2)
