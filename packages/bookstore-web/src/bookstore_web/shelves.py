"""Shelves, as queries and forms name them."""

from bookstore_core.errors import ConfigurationError
from bookstore_core.history import SHELVES, Shelf
from bookstore_core.settings import BookstoreSettings
from bookstore_web.schemas import OneOf


def shelf_field() -> OneOf:
    """Return the field that names a shelf; the workspace where it is left out."""
    return OneOf("Which shelf it is on.", words=tuple(sorted(SHELVES, reverse=True)))


def check_shelf(shelf: Shelf, settings: BookstoreSettings) -> None:
    """Raise ConfigurationError where the settings have no such shelf."""
    if getattr(settings, f"{shelf.name}_prefix") == "":
        raise ConfigurationError(
            f"There is no {shelf.name} shelf: BookstoreSettings.{shelf.name}_prefix is "
            "empty."
        )
