"""When a save that waits is late, so that people should know."""

from datetime import UTC, datetime, timedelta

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.save_state import STORED, WAITING, SaveState
from bookstore_web.server.answers.save_state import is_late

NOW = datetime(2026, 11, 24, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("waited", "settings", "late"),
    [
        (59, {}, False),
        (61, {}, True),
        (2, {"late_after": 1.0}, True),
        # What the setting holds back is not late.
        (300, {"min_interval": 300.0}, False),
        (361, {"min_interval": 300.0}, True),
    ],
)
def test_a_save_is_late_when_it_should_have_been_sent(
    waited: int, settings: dict[str, float], late: bool
) -> None:
    state = SaveState(WAITING, since=NOW - timedelta(seconds=waited))
    assert is_late(state, BookstoreSettings(**settings), NOW) is late


def test_a_save_that_is_stored_or_unknown_is_not_late() -> None:
    assert not is_late(SaveState(STORED, saved_at=NOW), BookstoreSettings())
    assert not is_late(SaveState(WAITING, since=NOW), None)
