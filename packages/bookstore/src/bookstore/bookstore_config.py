"""Settings, under their documented import name."""

from bookstore_core.settings import BookstoreSettings, validate_bookstore

__all__ = ["BookstoreSettings", "validate_bookstore"]
