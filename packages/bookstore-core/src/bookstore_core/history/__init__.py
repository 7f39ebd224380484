"""The history of a notebook: its versions across renames, and shelves."""

from bookstore_core.history.history import History
from bookstore_core.history.rows import HistoryPage, HistoryRow
from bookstore_core.history.shelves import PUBLISHED, SHELVES, WORKSPACE, Shelf

__all__ = [
    "PUBLISHED",
    "SHELVES",
    "WORKSPACE",
    "History",
    "HistoryPage",
    "HistoryRow",
    "Shelf",
]
