"""On which days a notebook was saved, as a page of its history tells."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.history import History
from harness.library import Library

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


@pytest.fixture
def history(library: Library) -> History:
    return History(library.store, library.settings)


def test_saves_are_counted_by_day_also_those_that_are_not_on_the_page(
    library: Library, history: History
) -> None:
    for number in range(12):
        library.save("a.ipynb", AT + number // 3 * DAY + number * timedelta(minutes=1))
    activity = history.page("a.ipynb", limit=4, look=100).activity
    assert [(day.date, day.saves) for day in activity.days] == [
        (date(2024, 5, 20), 3),
        (date(2024, 5, 19), 3),
        (date(2024, 5, 18), 3),
        (date(2024, 5, 17), 3),
    ]
    assert list(activity.saves) == sorted(activity.saves, reverse=True)
    assert len(activity.saves) == 12


def test_the_cursor_of_a_day_shows_its_newest_version_first(
    library: Library, history: History
) -> None:
    for days in range(6):
        library.burst("a.ipynb", AT + days * DAY, 2)
    activity = history.page("a.ipynb", limit=3, look=100).activity
    assert len(activity.days) == 6
    for day in activity.days:
        page = history.page("a.ipynb", cursor=day.cursor, limit=50)
        assert page.rows[0].saved_at.date() == day.date
        before = (day.date - AT.date()).days
        assert len(page.rows) == 2 * before + 2


def test_days_before_a_rename_are_counted_and_found(
    library: Library, history: History
) -> None:
    library.save("old.ipynb", AT)
    library.save("a.ipynb", AT + DAY, moved_from="old.ipynb")
    library.save("a.ipynb", AT + 2 * DAY)
    activity = history.page("a.ipynb", look=100).activity
    assert [day.saves for day in activity.days] == [1, 1, 1]
    page = history.page("a.ipynb", cursor=activity.days[-1].cursor)
    assert [row.path for row in page.rows] == ["old.ipynb"]
    assert activity.since is None


def test_versions_of_an_earlier_notebook_at_the_path_are_not_counted(
    library: Library, history: History
) -> None:
    library.save("a.ipynb", AT)
    library.note_move("a.ipynb", "b.ipynb", AT + DAY)
    for days in range(2, 6):
        library.save("a.ipynb", AT + days * DAY)
    activity = history.page("a.ipynb", limit=2, look=100).activity
    assert [day.date.day for day in activity.days] == [22, 21, 20, 19]


def test_what_is_not_listed_is_said_not_to_be_known(
    library: Library, history: History
) -> None:
    library.burst("a.ipynb", AT, 9)
    activity = history.page("a.ipynb", limit=2, look=5).activity
    assert len(activity.saves) == 5
    assert activity.since == activity.saves[-1]


def test_a_page_has_no_activity_unless_asked(
    library: Library, history: History
) -> None:
    library.save("a.ipynb", AT)
    assert history.page("a.ipynb").activity.days == ()


def test_pages_are_the_same_however_much_is_listed(
    library: Library, history: History
) -> None:
    library.save("old.ipynb", AT)
    library.burst("old.ipynb", AT + DAY, 7)
    library.save("a.ipynb", AT + 2 * DAY, moved_from="old.ipynb")
    library.burst("a.ipynb", AT + 3 * DAY, 12)

    def ids(look: int) -> list[str]:
        found, cursor = [], None
        while True:
            page = history.page("a.ipynb", cursor=cursor, limit=3, look=look)
            found += [row.version.version_id for row in page.rows]
            cursor = page.cursor
            if cursor is None:
                return found

    assert len(ids(0)) == 21
    assert ids(0) == ids(5) == ids(100)
