"""Asking for an attempt at once: a file in the spool, and how often it is heeded."""

import os
from pathlib import Path

import pytest

from bookstore_core.errors import SpoolError
from bookstore_core.spool.directory import TRY_NOW
from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.try_now import (
    APART,
    Attempt,
    FileRequests,
    ask_to_try,
    try_and_wait,
)
from bookstore_core.stores import utc_now


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A spool with a file that waits."""
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "save").write_bytes(b"")
    return tmp_path


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def requests(spool: Path, now: list[float]) -> FileRequests:
    return FileRequests(spool, clock=lambda: now[0])


def touch(spool: Path, at: int) -> None:
    ask_to_try(str(spool))
    os.utime(spool / TRY_NOW, (at, at))


def test_each_request_is_taken_once(
    spool: Path, requests: FileRequests, now: list[float]
) -> None:
    assert not requests.take()
    for number in range(1, 4):
        touch(spool, number)
        assert requests.take()
        now[0] += APART
        assert not requests.take()
    assert (spool / TRY_NOW).stat().st_mode & 0o777 == 0o600


def test_many_requests_are_one_attempt_in_two_seconds(
    spool: Path, requests: FileRequests, now: list[float]
) -> None:
    taken = 0
    for number in range(100):
        touch(spool, number)
        taken += requests.take()
        now[0] += 0.1
    assert taken == 5


def test_a_request_from_before_is_none(spool: Path) -> None:
    touch(spool, 1)
    assert not FileRequests(spool).take()


def test_where_nothing_waits_nothing_is_asked_for(tmp_path: Path) -> None:
    assert ask_to_try(str(tmp_path / "none")) == Attempt(False, 0)
    assert not (tmp_path / "none").exists()
    assert try_and_wait(str(tmp_path)) == Attempt(False, 0)
    assert not (tmp_path / TRY_NOW).exists()


def test_a_link_or_a_fifo_in_its_place_is_replaced(
    spool: Path, requests: FileRequests
) -> None:
    secret = spool / "secret"
    secret.write_bytes(b"kept")
    before = secret.stat()
    (spool / TRY_NOW).symlink_to(secret)
    assert not requests.take()
    assert ask_to_try(str(spool)) == Attempt(True, 1)
    assert requests.take()
    assert secret.read_bytes() == b"kept"
    assert secret.stat().st_mtime_ns == before.st_mtime_ns
    (spool / TRY_NOW).unlink()
    os.mkfifo(spool / TRY_NOW)
    assert not requests.take()
    assert ask_to_try(str(spool)).asked
    assert (spool / TRY_NOW).is_file()


def test_a_directory_in_its_place_is_an_error(
    spool: Path, requests: FileRequests
) -> None:
    (spool / TRY_NOW).mkdir()
    with pytest.raises(SpoolError, match="cannot be written"):
        ask_to_try(str(spool))
    assert not requests.take()
    assert list(spool.glob(f"{TRY_NOW}*")) == [spool / TRY_NOW]


def test_the_result_of_the_attempt_is_awaited(spool: Path) -> None:
    status = DrainStatus(last_error_at="2999-01-01T00:00:00+00:00", last_error="x")
    status.write(str(spool))
    assert try_and_wait(str(spool), patience=1e9) == Attempt(True, 1)
    DrainStatus(last_error_at=utc_now().isoformat()).write(str(spool))
    assert try_and_wait(str(spool), patience=0.1) == Attempt(True, 1)
