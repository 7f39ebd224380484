"""The client of bookstore's API, under its documented import name."""

from bookstore_client.store_client import BookstoreClient

__all__ = ["BookstoreClient"]
