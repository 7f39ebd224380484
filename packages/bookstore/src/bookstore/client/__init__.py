"""The client of the API, under its documented import name."""

from bookstore_client import BookstoreClient

__all__ = ["BookstoreClient"]
