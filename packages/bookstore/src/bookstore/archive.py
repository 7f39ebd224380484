"""Archiving, under its documented import name."""

from typing import TYPE_CHECKING, Any

from bookstore_archiver import ArchiveRecord

if TYPE_CHECKING:
    from bookstore_archiver import BookstoreContentsArchiver

__all__ = ["ArchiveRecord", "BookstoreContentsArchiver"]


def __getattr__(name: str) -> Any:
    # Its base class depends on the notebook server that runs, so it is made late.
    if name == "BookstoreContentsArchiver":
        import bookstore_archiver

        return bookstore_archiver.BookstoreContentsArchiver
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
