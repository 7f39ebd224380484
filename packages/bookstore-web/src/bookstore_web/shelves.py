"""Shelves: whose notebooks are meant, by the names that queries and forms have."""

from bookstore_core.errors import ConfigurationError
from bookstore_core.settings import BookstoreSettings

WORKSPACE = "workspace"
PUBLISHED = "published"
SHELVES = (WORKSPACE, PUBLISHED)


def prefix_of(shelf: str, settings: BookstoreSettings) -> str:
    """Return the prefix of a shelf's keys; raises ConfigurationError without one."""
    prefixes = {
        WORKSPACE: settings.workspace_prefix,
        PUBLISHED: settings.published_prefix,
    }
    if not prefixes[shelf]:
        raise ConfigurationError(
            f"There is no {shelf} shelf: BookstoreSettings.{shelf}_prefix is empty."
        )
    return prefixes[shelf]
