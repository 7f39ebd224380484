"""The history of a notebook: its versions across renames, and shelves."""

from bookstore_core.history.history import History
from bookstore_core.history.rows import ActiveDay, Activity, HistoryPage, HistoryRow
from bookstore_core.history.shelves import PUBLISHED, SHELVES, WORKSPACE, Shelf

__all__ = [
    "PUBLISHED",
    "SHELVES",
    "WORKSPACE",
    "ActiveDay",
    "Activity",
    "History",
    "HistoryPage",
    "HistoryRow",
    "Shelf",
]
