"""Rules of retention, as a table: times, rules, and what restic's `forget` keeps."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_core.errors import InvalidRequestError
from bookstore_core.retention.durations import Duration, parse_duration
from bookstore_core.retention.rules import Keep, keep_of, reasons_to_keep

NOW = datetime(2026, 12, 31, tzinfo=UTC)

#: Two weeks of a notebook; the 1st of November 2026 is a Sunday.
TIMES = (
    *("11-14 18:00", "11-14 17:59", "11-14 17:01", "11-14 09:00"),
    *("11-13 23:59", "11-13 00:00", "11-09 00:00", "11-08 23:59"),
    *("11-02 12:00", "11-01 12:00", "10-31 12:00", "09-30 12:00"),
)


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def kept(keep: Keep, *texts: str) -> list[str]:
    texts = texts or TIMES
    found = reasons_to_keep([at(text) for text in texts], keep, now=NOW, zone=UTC)
    return [text for text, reasons in zip(texts, found, strict=True) if reasons]


def test_what_is_exactly_as_old_as_the_length_of_time_is_not_within() -> None:
    keep = Keep(within=Duration(days=1))
    texts = ("11-14 18:00", "11-13 18:01", "11-13 18:00")
    assert kept(keep, *texts) == ["11-14 18:00", "11-13 18:01"]


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (Keep(last=2), TIMES[:2]),
        (Keep(last=-1), TIMES),
        (Keep(hourly=3), (TIMES[0], TIMES[1], TIMES[3])),
        (Keep(daily=3), (TIMES[0], TIMES[4], TIMES[6])),
        (Keep(daily=1, last=1), TIMES[:1]),
        (Keep(weekly=2), (TIMES[0], TIMES[7])),
        (Keep(weekly=3), (TIMES[0], TIMES[7], TIMES[9])),
        (Keep(monthly=2), (TIMES[0], TIMES[10])),
        (Keep(monthly=9), (TIMES[0], TIMES[10], TIMES[11])),
        (Keep(yearly=1), TIMES[:1]),
        (Keep(yearly=2), (TIMES[0], TIMES[11])),
        (Keep(within=Duration(days=1)), TIMES[:5]),
        (Keep(within=Duration(days=6)), TIMES[:8]),
        (Keep(within=Duration(months=1)), TIMES[:11]),
        (Keep(), ()),
    ],
    ids=str,
)
def test_what_is_kept(keep: Keep, expected: tuple[str, ...]) -> None:
    assert kept(keep) == list(expected)


def test_a_rule_that_is_not_used_up_keeps_the_oldest_too() -> None:
    assert kept(Keep(daily=2), "11-14 18:00", "11-14 17:00") == [
        *("11-14 18:00", "11-14 17:00")
    ]


def test_days_are_those_of_the_time_zone() -> None:
    times = [at("11-14 01:00"), at("11-13 23:30"), at("11-13 12:00")]
    east = timezone(timedelta(hours=2))
    keep = Keep(daily=2)
    assert [*map(bool, reasons_to_keep(times, keep, now=NOW, zone=UTC))] == [
        *(True, True, False)
    ]
    assert [*map(bool, reasons_to_keep(times, keep, now=NOW, zone=east))] == [
        *(True, False, True)
    ]


def test_the_hour_that_comes_twice_when_clocks_go_back_is_two_hours() -> None:
    times = [at("10-25 01:40"), at("10-25 01:30"), at("10-25 00:30"), at("10-24 00:30")]
    berlin = ZoneInfo("Europe/Berlin")
    found = reasons_to_keep(times, Keep(hourly=2), now=NOW, zone=berlin)
    assert [*map(bool, found)] == [True, False, True, False]


def test_a_time_in_the_future_is_kept_and_does_not_move_the_span() -> None:
    times = [NOW + timedelta(days=900), NOW, NOW - timedelta(days=2)]
    keep = Keep(within=Duration(days=1))
    assert reasons_to_keep(times, keep, now=NOW, zone=UTC) == [
        *(("future",), ("within",), ())
    ]


def test_a_slot_keeps_its_newest() -> None:
    times = ["11-14 18:00", "11-14 08:00", "11-13 18:00", "11-13 08:00", "11-12 08:00"]
    assert kept(Keep(daily=2), *times) == [times[0], times[2]]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("30d", "2026-12-01"),
        ("1m", "2026-11-30"),
        ("10m", "2026-02-28"),
        ("1y2m", "2025-10-31"),
        ("1w", "2026-12-24"),
        ("1y2m3d24h", "2025-10-27"),
        ("9999y", "0001-01-01"),
    ],
)
def test_durations_go_back_by_the_calendar(text: str, before: str) -> None:
    assert f"{parse_duration(text).before(NOW):%Y-%m-%d}".zfill(10) == before


@pytest.mark.parametrize("text", ["", "30", "d", "2d1y", "1.5d", "-1d", "1d 2h", "٣d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="not a length of time"):
        parse_duration(text)


@pytest.mark.parametrize(
    "values", [{"lst": 1}, {"last": "3"}, {"daily": -2}, {"last": True}, {"within": 3}]
)
def test_a_policy_that_is_none_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        keep_of(values)


def test_a_policy_is_read_by_the_names_of_its_rules() -> None:
    keep = keep_of({"last": 10, "daily": -1, "within": "1y2m"})
    assert keep == Keep(last=10, daily=-1, within=Duration(years=1, months=2))
    assert not keep_of({})


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10**8), max_size=60),
    st.integers(1, 5),
    st.sampled_from(["last", "hourly", "daily", "weekly", "monthly", "yearly"]),
)
def test_the_newest_is_kept_and_what_is_left_is_kept_again(
    seconds: list[int], count: int, rule: str
) -> None:
    times = sorted((NOW - timedelta(seconds=n) for n in seconds), reverse=True)
    keep = Keep(**{rule: count})
    reasons = reasons_to_keep(times, keep, now=NOW, zone=UTC)
    left = [time for time, why in zip(times, reasons, strict=True) if why]
    assert left[:1] == times[:1]
    assert len(left) <= count
    assert all(reasons_to_keep(left, keep, now=NOW, zone=UTC))


@pytest.mark.parametrize("rule", ["last", "hourly", "daily", "weekly", "yearly"])
def test_a_time_in_the_future_takes_the_place_of_no_other(rule: str) -> None:
    ahead = [NOW + timedelta(days=400 * n) for n in (3, 2, 1)]
    times = [*ahead, at("11-14 18:00"), at("11-14 17:59"), at("11-14 17:58")]
    found = reasons_to_keep(times, Keep(**{rule: 1}), now=NOW, zone=UTC)
    assert found[:4] == [("future",), ("future",), ("future",), (rule,)]
    assert found[4:] == [(), ()]
