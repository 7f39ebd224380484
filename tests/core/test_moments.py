"""Times as people say them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookstore_core.cli.given.times import parse_moment
from bookstore_core.moments import say_clock, say_date, say_exactly, say_moment
from harness.moments import MOMENTS, NOW


@pytest.mark.parametrize(("text", "said"), MOMENTS.items())
def test_a_moment_is_said(text: str, said: str) -> None:
    assert said == say_moment(datetime.fromisoformat(text), NOW)


def test_a_clock_is_never_relative() -> None:
    assert say_clock(NOW - timedelta(minutes=5), NOW) == "09:25"
    assert say_clock(NOW - timedelta(days=1), NOW) == "yesterday 09:30"


def test_times_are_said_in_the_zone_of_now() -> None:
    berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert say_moment(late, NOW) == "Monday 23:30"
    assert say_moment(late, berlin) == "yesterday 00:30"


def test_an_exact_time_has_seconds() -> None:
    assert say_date(NOW) == "Wednesday, 25 November 2026"
    assert say_exactly(NOW) == "Wednesday, 25 November 2026, 09:30:00"


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", MOMENTS)
def test_what_is_said_can_be_typed_into_a_command(text: str, in_berlin: None) -> None:
    now = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    moment = datetime.fromisoformat(text)
    if moment > now:
        return
    # Relative times are rounded down to the minute or to the hour.
    read = parse_moment(say_moment(moment, now), now=now)
    assert timedelta(0) <= read - moment < timedelta(hours=1) or (
        timedelta(0) <= moment - read < timedelta(minutes=1)
    )
