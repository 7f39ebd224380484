"""Times as people write them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bookstore_core.cli.given.times import parse_moment
from bookstore_core.errors import InvalidRequestError

#: A Wednesday; in Berlin it is half past ten in the morning.
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-25T09:30:00"),
        ("just now", "2026-11-25T09:30:00"),
        ("20 Nov 15:00", "2026-11-20T14:00:00"),
        ("26 november", "2025-11-26T22:59:59.999999"),
        ("20 Nov 2025, 15:00", "2025-11-20T14:00:00"),
        ("29 feb 8am", "2024-02-29T07:00:00"),
        ("today", "2026-11-25T09:30:00"),
        ("yesterday", "2026-11-24T22:59:59.999999"),
        ("yesterday 15:00", "2026-11-24T14:00:00"),
        ("Yesterday at 3pm", "2026-11-24T14:00:00"),
        ("today 10:15", "2026-11-25T09:15:00"),
        ("15:00", "2026-11-24T14:00:00"),
        ("9:05", "2026-11-25T08:05:00"),
        ("10:30", "2026-11-25T09:30:00"),
        ("10:29:59", "2026-11-25T09:29:59"),
        ("12 am", "2026-11-24T23:00:00"),
        ("12:30 pm", "2026-11-24T11:30:00"),
        ("2 hours ago", "2026-11-25T07:30:00"),
        ("an hour ago", "2026-11-25T08:30:00"),
        ("a minute ago", "2026-11-25T09:29:00"),
        ("90m ago", "2026-11-25T08:00:00"),
        ("30 days ago", "2026-10-26T09:30:00"),
        ("2 weeks ago", "2026-11-11T09:30:00"),
        ("monday", "2026-11-23T22:59:59.999999"),
        ("wednesday", "2026-11-18T22:59:59.999999"),
        ("friday 8:00", "2026-11-20T07:00:00"),
        ("2026-11-20", "2026-11-20T22:59:59.999999"),
        ("2026-11-25", "2026-11-25T09:30:00"),
        ("2026-11-20 15:00", "2026-11-20T14:00:00"),
        ("2026-11-20 15:00:30", "2026-11-20T14:00:30"),
        ("  2026-11-20   15:00 ", "2026-11-20T14:00:00"),
        ("2026-07-20 15:00", "2026-07-20T13:00:00"),
        ("2026-11-20T15:00", "2026-11-20T14:00:00"),
        ("2026-11-20T15:00:00.25Z", "2026-11-20T15:00:00.25"),
        ("2026-11-20 15:00 UTC", "2026-11-20T15:00:00"),
        ("2026-11-20T15:00:00-05:00", "2026-11-20T20:00:00"),
        ("20261120T150000Z", "2026-11-20T15:00:00"),
    ],
)
def test_a_time_is_parsed(text: str, expected: str) -> None:
    moment = parse_moment(text, now=NOW)
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "15",
        "25:00",
        "12:60",
        "13pm",
        "0am",
        "2 fortnights ago",
        "hours ago",
        "-2 hours ago",
        "999999999 weeks ago",
        "2026-13-01",
        "2026-02-30",
        "2026-02-30 10:00",
        "2026-11-20 late",
        "9999-12-31",
        "yesterday yesterday",
        "tomorrow",
        "٣:٣٣",
        "\0",
        "\ud800",
        "x" * 10000,
    ],
)
def test_an_invalid_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"not a time|in the future"):
        parse_moment(text, now=NOW)


@pytest.mark.parametrize(
    "text", ["today 15:00", "2026-11-26", "2027-01-01 10:00", "2026-11-25T09:31Z"]
)
def test_a_time_in_the_future_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidRequestError, match="in the future: it is 2026-11-25 10:30 now"
    ):
        parse_moment(text, now=NOW)
