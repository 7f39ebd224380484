"""A notebook with an earlier name, for the tests of histories."""

from datetime import timedelta

from bookstore_core.history import HistoryRow
from bookstore_core.stores import Version, VersionStore
from core.saving import SAVED_AT, save

PATH = "ann/mine.ipynb"
KEY = f"workspace/{PATH}"
OLD = "workspace/old.ipynb"


def save_thread(store: VersionStore) -> list[Version]:
    """Save five versions, the older two under the old path; return the newest first."""
    known: list[dict[str, str]] = [{}, {}, {"moved_from": "old.ipynb"}, {}, {}]
    keys = [OLD, OLD, KEY, KEY, KEY]
    saved = [
        save(
            store,
            b"%d" % number,
            key=keys[number],
            saved_at=SAVED_AT + timedelta(hours=number),
            **known[number],
        )
        for number in range(5)
    ]
    return saved[::-1]


def found(row: HistoryRow) -> tuple[str, str]:
    """Return where a version was found, and which it is."""
    return row.path, row.version.version_id
