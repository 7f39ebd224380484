"""Grouping the versions of a history page into days and bursts of saves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bookstore_core.history import HistoryPage, HistoryRow
from bookstore_core.stores import Label, Version, VersionMetadata
from bookstore_web.app.pages.bursts import Day, days_of, days_of_some

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def row(
    minutes: float, *, label: str = "", deleted: bool = False, **known: Any
) -> HistoryRow:
    """Return a version that was saved `minutes` before noon."""
    at = NOON - timedelta(minutes=minutes)
    values = {"author": "ann", "save_id": "s", "saved_at": at} | known
    metadata = VersionMetadata(**values)
    version = Version(
        "b", "k", f"v{minutes:g}", 1, at, deleted=deleted, metadata=metadata
    )
    return HistoryRow("a.ipynb", version, Label(label) if label else None)


def lines(*rows: HistoryRow) -> list[int]:
    """Return how many versions each line of the page contains."""
    days = days_of(HistoryPage(rows))
    return [len(entry.steps) for day in days for entry in day.entries]


def test_versions_are_grouped_by_the_day_in_utc() -> None:
    days = days_of(HistoryPage((row(0), row(700), row(730), row(3000))))
    assert [(day.date, len(day.entries)) for day in days] == [
        (date(2024, 5, 17), 2),
        (date(2024, 5, 16), 1),
        (date(2024, 5, 15), 1),
    ]


def test_saves_that_follow_each_other_closely_are_one_line() -> None:
    assert lines(row(0), row(4), row(8), row(20)) == [3, 1]


def test_two_saves_are_shown_as_they_are() -> None:
    assert lines(row(0), row(1)) == [1, 1]


def test_a_pause_ends_a_burst() -> None:
    assert lines(row(0), row(1), row(2), row(7), row(8), row(9)) == [3, 3]


def test_a_burst_is_no_longer_than_an_hour() -> None:
    assert lines(*(row(minutes) for minutes in range(0, 120, 3))) == [20, 20]


@pytest.mark.parametrize(
    "different",
    [
        {"author": "bob"},
        {"label": "before refactor"},
        {"moved_from": "old.ipynb"},
        {"restored_from": "v1"},
        {"deleted": True},
    ],
)
def test_labelled_moved_and_restored_versions_are_in_no_burst(
    different: dict[str, Any],
) -> None:
    rows = [row(0), row(1), row(2), row(3, **different), row(4), row(5), row(6)]
    assert lines(*rows) == [3, 1, 3]


def test_each_version_knows_the_one_before_it() -> None:
    days = days_of(HistoryPage((row(0), row(60), row(120))))
    (day,) = days
    assert [entry.newest.before for entry in day.entries] == ["v60", "v120", None]


def test_the_caller_passes_the_version_before_the_last_of_a_page() -> None:
    (day,) = days_of(HistoryPage((row(0), row(60)), cursor="more"), before="v99")
    assert [entry.before for entry in day.entries] == ["v60", "v99"]


def test_a_deletion_is_no_version_to_compare_with() -> None:
    (day,) = days_of(HistoryPage((row(0), row(60, deleted=True), row(120))))
    assert day.entries[0].before == "v120"


def test_a_burst_is_compared_with_the_version_before_all_of_it() -> None:
    (day,) = days_of(HistoryPage((row(0), row(1), row(2), row(60))))
    burst = day.entries[0]
    assert burst.is_burst
    assert burst.newest.row.version.version_id == "v0"
    assert burst.since == NOON - timedelta(minutes=2)
    assert burst.before == "v60"


def test_a_filtered_page_knows_no_version_before_another() -> None:
    days = days_of_some(HistoryPage((row(0), row(60))))
    assert [entry.before for day in days for entry in day.entries] == ["", ""]


def test_an_empty_page_has_no_days() -> None:
    nothing: tuple[Day, ...] = ()
    assert days_of(HistoryPage(())) == nothing
