"""Grouping the versions of a history page into days and bursts of saves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bookstore_core.history import HistoryPage, HistoryRow
from bookstore_core.stores import Label, Version, VersionMetadata
from bookstore_web.app.pages.rows.bursts import Day, days_of, days_of_some

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def row(
    minutes: float,
    *,
    label: str = "",
    deleted: bool = False,
    latest: bool = False,
    **known: Any,
) -> HistoryRow:
    """Return a version that was saved `minutes` before noon."""
    at = NOON - timedelta(minutes=minutes)
    values = {"author": "ann", "save_id": "s", "saved_at": at} | known
    metadata = VersionMetadata(**values)
    version = Version(
        bucket="b",
        key="k",
        version_id=f"v{minutes:g}",
        size=1,
        stored_at=at,
        is_latest=latest,
        deleted=deleted,
        metadata=metadata,
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
    page = HistoryPage((row(0), row(60)), cursor="more")
    (day,) = days_of(page, before=row(99))
    assert [entry.before for entry in day.entries] == ["v60", "v99"]
    (day,) = days_of(page, before="")
    assert [entry.before for entry in day.entries] == ["v60", ""]


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


SAME, OTHER = {"sha256": "1" * 64}, {"sha256": "2" * 64}


def test_saves_that_changed_nothing_are_one_line_however_far_apart() -> None:
    rows = [row(0, **OTHER), *(row(60 * hours, **SAME) for hours in (1, 2, 3, 4))]
    (day,) = days_of(HistoryPage(tuple(rows)))
    assert [len(entry.steps) for entry in day.entries] == [1, 3, 1]
    assert [entry.is_unchanged for entry in day.entries] == [False, True, False]


def test_unchanged_saves_of_two_days_are_two_lines() -> None:
    rows = [row(hours * 60, **SAME) for hours in (1, 2, 13, 14, 15)]
    days = days_of(HistoryPage(tuple(rows)))
    assert [len(entry.steps) for day in days for entry in day.entries] == [2, 2, 1]


@pytest.mark.parametrize(
    "kept", [{"label": "before refactor"}, {"restored_from": "v1"}, {"latest": True}]
)
def test_a_version_with_a_meaning_of_its_own_is_not_folded_away(
    kept: dict[str, Any],
) -> None:
    rows = (row(60, **SAME, **kept), row(120, **SAME), row(180, **SAME))
    (day,) = days_of(HistoryPage(rows))
    assert [entry.is_unchanged for entry in day.entries] == [False, True, False]


def test_a_burst_that_changed_nothing_is_folded_away() -> None:
    rows = [row(minutes, **SAME) for minutes in (0, 1, 2, 3, 60)]
    (day,) = days_of(HistoryPage(tuple(rows)))
    assert [(len(e.steps), e.is_unchanged) for e in day.entries] == [
        (4, True),
        (1, False),
    ]


def test_the_last_version_of_a_page_may_be_unchanged() -> None:
    page = HistoryPage((row(0, **SAME),), cursor="more")
    (day,) = days_of(page, before=row(60, **SAME))
    assert day.entries[0].is_unchanged


def test_a_version_of_unknown_content_is_not_unchanged() -> None:
    (day,) = days_of(HistoryPage((row(0), row(60))))
    assert not any(entry.is_unchanged for entry in day.entries)
