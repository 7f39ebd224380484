"""A database that does not answer: one request waits for it, and the others do not."""

import threading

import pytest

from bookstore_core.errors import StorageUnavailableError
from bookstore_web.catalogue.databases import patience
from bookstore_web.catalogue.databases.patience import PAUSE, SLOW, Patience


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_a_call_returns_and_raises_reaches_who_waits() -> None:
    calls = Patience()
    assert calls.call(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        calls.call(lambda: 1 // 0)
    assert calls.call(lambda: 4) == 4


def test_after_a_call_that_hangs_others_are_refused_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "LONGEST", 0.01)
    monkeypatch.setattr(patience, "SLOW", 0.0)
    clock, over = Clock(), threading.Event()
    calls = Patience(clock=clock)
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        calls.call(over.wait)
    over.set()
    monkeypatch.setattr(patience, "LONGEST", 60.0)
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        calls.call(lambda: 3)
    clock.now += PAUSE
    assert calls.call(lambda: 3) == 3


def test_after_a_slow_failure_others_are_refused_and_after_a_fast_one_not() -> None:
    clock = Clock()
    calls = Patience(clock=clock)

    def fail_after(seconds: float) -> None:
        clock.now += seconds
        raise StorageUnavailableError("It is locked.")

    for seconds in (0.1, SLOW):
        with pytest.raises(StorageUnavailableError, match="locked"):
            calls.call(lambda s=seconds: fail_after(s))  # type: ignore[misc]
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        calls.call(lambda: 3)
