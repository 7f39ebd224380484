"""Searches in the catalogue, for the API and the home page."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bookstore_core.errors import StorageUnavailableError
from bookstore_core.history import Shelf
from bookstore_core.paths import DELIMITER
from bookstore_core.stores import Version
from bookstore_web.app.services import services
from bookstore_web.catalogue.keeper import Freshness
from bookstore_web.catalogue.query import parse_query
from bookstore_web.library.library import KeptNotebook

# What the catalogue answers is imported on demand: SQLAlchemy takes 13 MB.

if TYPE_CHECKING:
    from bookstore_web.catalogue.answers import FoundPage, Hit


@dataclass(frozen=True)
class Finds:
    """What a search has found, and how far behind the catalogue is."""

    found: "FoundPage"
    freshness: Freshness


def find_notebooks(
    q: str,
    *,
    shelf: Shelf | None = None,
    folder: str = "",
    cursor: str = "",
    limit: int = 20,
) -> Finds:
    """Return a page of the notebooks that a search finds, in a folder of a shelf.

    Raises InvalidRequestError for a search that cannot be read, ConfigurationError for
    a shelf or a database that there is not, and StorageUnavailableError if the
    catalogue cannot be used now, or was never complete.
    """
    known = services()
    if shelf is not None:
        shelf.check(known.settings)
    query = parse_query(q)
    if folder:
        query = replace(query, folder=f"{folder.strip(DELIMITER)}/{query.folder}")
    freshness = known.keeper.catch_up()
    if freshness.known_at is None:
        raise StorageUnavailableError(
            "The catalogue of notebooks is being made. Try again in a while."
        )
    found = known.answers().search(
        query, shelf=shelf.name if shelf else "", cursor=cursor, limit=limit
    )
    return Finds(found, freshness)


def where_they_are(finds: Finds, shelf: Shelf) -> dict[str, KeptNotebook]:
    """Return where the notebooks that were found are now, by their paths."""
    versions = [_version_of(hit) for hit in finds.found.hits]
    return {kept.path: kept for kept in services().library(shelf).look_up(versions)}


def _version_of(hit: "Hit") -> Version:
    known = hit.notebook
    bucket = services().settings.bucket
    return Version(bucket, known.key, known.version_id, known.size, known.stored_at)
