"""Searches in the catalogue, for the API and the home page."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bookstore_core.errors import ConfigurationError, StorageUnavailableError
from bookstore_core.history import WORKSPACE, Shelf
from bookstore_core.paths import DELIMITER
from bookstore_core.stores import Version
from bookstore_web.app.services import services
from bookstore_web.catalogue.keeper import Freshness
from bookstore_web.catalogue.query import parse_query
from bookstore_web.library.library import KeptNotebook, LibraryPage

# What the catalogue answers is imported on demand: SQLAlchemy takes 13 MB.

if TYPE_CHECKING:
    from bookstore_web.catalogue.answers import FoundPage
    from bookstore_web.catalogue.entries import Known


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


def latest_notebooks(
    shelf: Shelf, *, limit: int, most: int | None = None
) -> LibraryPage:
    """Return the notebooks of a shelf that were stored last, newest first.

    A catalogue that the settings name has them. Otherwise at most `most` keys of the
    store are scanned for them; if `most` is not given and there are more keys than a
    scan takes, the catalogue is asked, too.
    """
    known = services()
    if known.settings.catalogue_url and (found := _latest(shelf, limit)):
        return found
    page = known.library(shelf).recent(known.recent, limit=limit, most=most)
    if page.truncated and most is None:
        return _latest(shelf, limit) or page
    return page


def _latest(shelf: Shelf, limit: int) -> LibraryPage | None:
    """Return what the catalogue knows; None if it cannot be used or is incomplete."""
    known = services()
    shelf.check(known.settings)
    try:
        if known.keeper.catch_up(patient=False).known_at is None:
            return None
        found = known.answers().recent(shelf.name, limit)
    except (StorageUnavailableError, ConfigurationError):
        return None
    if shelf == WORKSPACE:
        versions = [_version_of(notebook) for notebook in found]
        return LibraryPage(known.library(shelf).look_up(versions))
    return LibraryPage(tuple(_kept(notebook) for notebook in found))


def _kept(known: "Known") -> KeptNotebook:
    return KeptNotebook(
        known.path,
        known.size,
        known.stored_at,
        author=known.author,
        title=known.title,
        note=known.note,
        version_id=known.version_id,
    )


def where_they_are(finds: Finds, shelf: Shelf) -> dict[str, KeptNotebook]:
    """Return where the notebooks that were found are now, by their paths."""
    versions = [_version_of(hit.notebook) for hit in finds.found.hits]
    return {kept.path: kept for kept in services().library(shelf).look_up(versions)}


def _version_of(known: "Known") -> Version:
    bucket = services().settings.bucket
    return Version(bucket, known.key, known.version_id, known.size, known.stored_at)
