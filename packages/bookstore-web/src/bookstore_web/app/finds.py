"""Searches in the catalogue, for the API and the home page."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    StorageUnavailableError,
)
from bookstore_core.history import PUBLISHED, WORKSPACE, Shelf
from bookstore_core.history.shelves import find_shelf
from bookstore_core.stores import Version
from bookstore_core.stores.service.store import ServiceStore
from bookstore_web.app.services import services
from bookstore_web.catalogue.entries import Known
from bookstore_web.catalogue.hits import FoundPage, found_form, read_found
from bookstore_web.catalogue.keeper import Freshness
from bookstore_web.catalogue.query import folder_of, parse_query
from bookstore_web.library.latest import SCAN
from bookstore_web.library.library import KeptNotebook, LibraryPage
from bookstore_web.sharing.clone import CloneSource, is_published

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finds:
    """What a search has found, and how far behind the catalogue is."""

    found: FoundPage
    freshness: Freshness


def find_notebooks(
    q: str,
    *,
    shelf: Shelf | None = None,
    folder: str = "",
    cursor: str = "",
    limit: int = 20,
    roots: Mapping[str, str] | None = None,
) -> Finds:
    """Return a page of the notebooks that a search finds, in a folder of a shelf.

    `roots` are the prefixes of the asker's shelves, if not those of the settings. If a
    service keeps the versions, it is asked: it has a catalogue for all.

    Raises InvalidRequestError for a search that cannot be read, ConfigurationError for
    a shelf or a database that there is not, and StorageUnavailableError if the
    catalogue cannot be used now, or was never complete.
    """
    known = services()
    if shelf is not None:
        shelf.check(known.settings)
    query = parse_query(q)
    store = known.open_store(hurried=True)
    if isinstance(store, ServiceStore):
        name = shelf.name if shelf else ""
        fields = {"q": q, "shelf": name, "folder": folder, "cursor": cursor}
        return store.search({**fields, "limit": limit}, read_finds)
    query = replace(query, folder=folder_of(folder) + query.folder)
    freshness = known.keeper.catch_up()
    if freshness.known_at is None:
        raise StorageUnavailableError(
            "The catalogue of notebooks is being made. Try again in a while."
        )
    found = known.ask_catalogue(
        lambda answers: answers.search(
            query, shelf=shelf.name if shelf else "", cursor=cursor, limit=limit
        ),
        roots,
    )
    return Finds(found, _for_caller(freshness, roots))


def _for_caller(
    freshness: Freshness, roots: Mapping[str, str] | None = None
) -> Freshness:
    """Return it with the number of unread notebooks that the caller may read."""
    known = services()
    if known.policy is None or not freshness.unread:
        return freshness
    unread = known.ask_catalogue(lambda answers: answers.unread(), roots)
    return replace(freshness, unread=unread)


def finds_form(finds: Finds) -> dict[str, Any]:
    """Return what was found as a JSON value."""
    known_at = finds.freshness.known_at
    return {
        "found": found_form(finds.found),
        "known_at": known_at and known_at.timestamp(),
        "unread": finds.freshness.unread,
    }


def read_finds(form: Mapping[str, Any]) -> Finds:
    """Return what `finds_form` made into a JSON value; raises one of `MALFORMED`."""
    known_at = datetime.fromtimestamp(float(form["known_at"]), UTC)
    return Finds(read_found(form["found"]), Freshness(known_at, int(form["unread"])))


@dataclass(frozen=True)
class CatalogueState:
    """Whether searches look into notebooks now; if not, `reason` says why.

    `known_at` and `unread` are those of `Freshness`.
    """

    ok: bool
    known_at: datetime | None = None
    unread: int = 0
    reason: str = ""


def catalogue_state() -> CatalogueState:
    """Return how far behind the catalogue is; it is neither made nor brought up."""
    known = services()
    try:
        if isinstance(known.open_store(hurried=True), ServiceStore):
            return CatalogueState(False, reason=_SERVICE)
        freshness = known.keeper.known()
        freshness = freshness and _for_caller(freshness)
    except BookstoreError as error:
        return CatalogueState(False, reason=str(error))
    if freshness is None or freshness.known_at is None:
        unread = freshness.unread if freshness else 0
        return CatalogueState(False, unread=unread, reason=_NOT_MADE)
    return CatalogueState(True, freshness.known_at, freshness.unread)


_SERVICE = "The service that keeps the versions has the catalogue: ask it."
_NOT_MADE = "It is not complete yet: searches make it, or jupyter bookstore index."


def latest_notebooks(
    shelf: Shelf, *, limit: int, most: int | None = None
) -> LibraryPage:
    """Return the notebooks of a shelf that were stored last, newest first.

    A catalogue that the settings name has them. Otherwise at most `most` keys of the
    store are scanned for them; if `most` is not given and there are more keys than a
    scan takes, the catalogue is asked, too.
    """
    known = services()
    if known.settings.storage == "service":
        most = SCAN if most is None else most  # its shelves are in no catalogue here
    elif known.settings.catalogue_url and (found := _latest(shelf, limit)):
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
        found = known.ask_catalogue(lambda asked: asked.recent(shelf.name, limit))
    except (StorageUnavailableError, ConfigurationError):
        return None
    if shelf == WORKSPACE:
        versions = [_version_of(notebook) for notebook in found]
        return LibraryPage(known.library(shelf).look_up(versions))
    return LibraryPage(tuple(_kept(notebook) for notebook in found))


def _kept(known: Known) -> KeptNotebook:
    return KeptNotebook(
        known.path,
        known.size,
        known.stored_at,
        author=known.author,
        title=known.title,
        note=known.note,
        version_id=known.version_id,
        clones=known.clones,
    )


def note_clone(source: CloneSource) -> None:
    """Have a clone of a published notebook counted, where all share a catalogue.

    It never fails: the notebook is cloned already.
    """
    known = services()
    try:
        if not is_published(source, known.settings):
            return
        store = known.open_store(hurried=True)
        if isinstance(store, ServiceStore):
            store.note_clone(source.key)
        elif known.settings.catalogue_url:
            known.keeper.cloned(source.key)
    except BookstoreError as error:
        logger.info("The clone of %s is not counted: %s", source.key, error)


def with_clones(page: LibraryPage, shelf: Shelf) -> LibraryPage:
    """Return a page of published notebooks with how often each was cloned."""
    known = services()
    if shelf != PUBLISHED or not (known.settings.catalogue_url and page.notebooks):
        return page
    keys = {kept.path: shelf.key(known.settings, kept.path) for kept in page.notebooks}
    try:
        asked = list(keys.values())
        clones = known.ask_catalogue(lambda answers: answers.clones(asked))
    except (StorageUnavailableError, ConfigurationError):
        return page
    counted = [replace(k, clones=clones.get(keys[k.path], 0)) for k in page.notebooks]
    return replace(page, notebooks=tuple(counted))


def where_they_are(finds: Finds, shelf: Shelf) -> dict[str, KeptNotebook]:
    """Return where the notebooks that were found are now, by their paths."""
    versions = [_version_of(hit.notebook) for hit in finds.found.hits]
    return {kept.path: kept for kept in services().library(shelf).look_up(versions)}


def _version_of(known: Known) -> Version:
    settings = services().settings
    key = find_shelf(known.shelf).key(settings, known.path)
    bucket, version_id = settings.bucket, known.version_id
    return Version(bucket, key, version_id, known.size, known.stored_at)
