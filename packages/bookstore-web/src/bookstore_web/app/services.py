"""Services that the requests of a process share: settings, stores, notebook server."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g

from bookstore_core.clock import utc_now
from bookstore_core.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageUnavailableError,
)
from bookstore_core.history import (
    PUBLISHED,
    SHELVES,
    WORKSPACE,
    History,
    HistoryPage,
    Shelf,
)
from bookstore_core.history.removals import Removals
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.arrivals import Arrivals
from bookstore_core.spool.saves import Trailer
from bookstore_core.stores import KeyPage, Version, VersionStore, open_store
from bookstore_core.stores.service.store import ServiceStore
from bookstore_web.app.access.people import Person
from bookstore_web.app.access.personal import Personal, published_path_at
from bookstore_web.app.access.policy import Policy
from bookstore_web.app.context import caller, context, person
from bookstore_web.app.store_check import StoreChecks
from bookstore_web.catalogue.keeper import Keeper, extract_confined
from bookstore_web.confined.pool import confined
from bookstore_web.contents.budget import ByteBudget
from bookstore_web.contents.client import ContentsServer
from bookstore_web.library.latest import LatestScans
from bookstore_web.library.library import Library
from bookstore_web.library.moves import Moves
from bookstore_web.library.presence import Presence
from bookstore_web.library.publications import Publications
from bookstore_web.library.results import Results
from bookstore_web.library.shared import FreshAnswers, SharedAnswers
from bookstore_web.rendering.pictures import Picture
from bookstore_web.rendering.views import Views
from bookstore_web.sharing.clone import CloneSource, check_published, source_of
from bookstore_web.versions.cache import CachedHistory, SizedCache
from bookstore_web.versions.diff import ChangeMemory, Changes
from bookstore_web.versions.page import VersionsPage
from bookstore_web.versions.restore import Restorer
from bookstore_web.versions.runs import KeptRuns, list_runs, sources_of
from bookstore_web.wire import Launch

if TYPE_CHECKING:
    from bookstore_web.catalogue.answers import Answers, Reach

T = TypeVar("T")

EXTENSION = "bookstore"

#: Bytes of pictures of notebooks in memory.
PICTURES_ROOM = 32 * 1024 * 1024
#: Seconds for which a listing of a folder is shown again.
KEEP_FOLDERS = 1.0
#: Versions whose metadata is in memory, about 1 KB each.
DESCRIBED_ROOM = 5_000


class Services:
    """Shared objects, opened at first use because gunicorn forks after `create_app`."""

    def __init__(self, settings: BookstoreSettings, launch: Launch | None) -> None:
        self.settings = settings
        self.launch = launch
        is_service = settings.has_people and launch is None
        self.policy = Policy(settings) if is_service else None
        self.clock: Callable[[], datetime] = utc_now
        self.arrivals = Arrivals(settings.spool_dir)
        self.checks = StoreChecks(self.open_store)
        # Another process may have changed what a standalone app has listed.
        alone = launch is None
        self.recent = LatestScans(fresh=alone)
        self.folders: SharedAnswers[KeyPage] = (
            FreshAnswers() if alone else SharedAnswers(KEEP_FOLDERS)
        )
        self.notes: SharedAnswers[str | None] = SharedAnswers(KEEP_FOLDERS)
        self.publications = Publications()
        self.budget = ByteBudget()
        self.change_memory = ChangeMemory()
        self.pool = confined
        self.views = Views(confined)
        self.pictures: SizedCache[Picture] = SizedCache(PICTURES_ROOM)
        self.described: SizedCache[Version] = SizedCache(DESCRIBED_ROOM)
        self._personal: Personal | None = None
        self._opening = threading.Lock()
        self._stores: dict[bool, VersionStore] = {}
        self._contents = _contents_server(launch) if launch else None
        self.keeper = Keeper(
            settings,
            open_store=self.open_store,
            extractor=extract_confined,
            feed_dir=settings.spool_dir if launch else "",
            eager=launch is None,
        )

    def open_store(self, *, hurried: bool = False) -> VersionStore:
        """Return the store; if `hurried`, one with short timeouts, for pages and lists.

        Raises ConfigurationError if no store is configured.
        """
        with self._opening:
            if hurried not in self._stores:
                self._stores[hurried] = open_store(self.settings, hurried=hurried)
            store = self._stores[hurried]
        return self._personal.guard(store) if self._personal else store

    def for_person(self, person: Person) -> "Services":
        """Return these services for a person: their store, their shelves.

        What is in memory of one person's answers, no other person gets.
        """
        if self.policy is None:
            return self
        mine = copy(self)
        mine._personal = personal = Personal(person, self.policy, self.settings)
        mine.settings = personal.settings
        mine.recent = self.recent.scoped(personal.scope)
        mine.folders = self.folders.scoped(personal.scope)
        mine.notes = self.notes.scoped(personal.scope)
        mine.change_memory = self.change_memory.scoped(personal.scope)
        mine.pictures = self.pictures.scoped(personal.scope)
        mine.described = self.described.scoped(personal.scope)
        return mine

    def published_path(self, path: str, group: str = "") -> str:
        """Return the path on the published shelf where the caller publishes `path`.

        Raises ForbiddenError for a group that is not theirs.
        """
        if self._personal is not None:
            return self._personal.published_path(path, group)
        if self.settings.storage == "service":
            return published_path_at(self.open_store(hurried=True), path, group)
        if group:
            raise InvalidRequestError("There are no groups here. Leave out the group.")
        return path

    def history(
        self, shelf: Shelf = WORKSPACE, *, confirm: bool = True, settled: bool = False
    ) -> History:
        """Return the histories of a shelf, on the hurried store.

        Unless they are `settled`, they wait for saves that are about to be in the
        store. Without `confirm`, versions in memory are taken to exist in the store.
        Raises ConfigurationError if no store, or no such shelf, is configured.
        """
        store = self.open_store(hurried=True)
        shelf.check(self.settings)
        contents = self.change_memory.contents
        return CachedHistory(
            store,
            self.settings,
            shelf=shelf,
            contents=contents,
            memo=self.described,
            confirm=confirm,
            settle=(lambda path: None) if settled else partial(self._waiting, shelf),
        )

    def versions(
        self,
        shelf: Shelf,
        path: str,
        *,
        cursor: str,
        limit: int,
        q: str,
        look: int = 0,
    ) -> VersionsPage:
        """Return a page of a notebook's versions, and what is not among them yet.

        With `look`, see `History.page`.

        Raises NotFoundError if there is neither.
        """
        history = self.history(shelf, settled=True)
        # Before the store is asked: a save may arrive meanwhile.
        waiting = () if cursor or q else self._waiting(shelf, path)
        try:
            page = history.page(
                path, cursor=cursor or None, limit=limit, q=q, look=look
            )
        except NotFoundError:
            if not waiting:
                raise
            page = HistoryPage(())
        return VersionsPage.of(page, waiting)

    def runs(
        self, shelf: Shelf, path: str, *, limit: int, cursor: str = ""
    ) -> KeptRuns:
        """Return a page of the runs of a notebook by the caller.

        Who has no workspace has none. Raises InvalidRequestError for an invalid path or
        cursor, and the errors of the store.
        """
        store = self.open_store(hurried=True)
        shelf.check(self.settings)
        key = shelf.key(self.settings, path)
        if not WORKSPACE.prefix(self.settings):
            return KeptRuns()
        try:
            return list_runs(store, self.settings, key, limit=limit, cursor=cursor)
        except ForbiddenError:
            return KeptRuns()

    def sources(self, runs: Iterable[Run]) -> Mapping[tuple[str, str], datetime]:
        """Return when the versions that ran were saved; see `sources_of`."""
        store = self.open_store(hurried=True)
        return sources_of(store, runs, threads=self.settings.max_threads)

    def _waiting(self, shelf: Shelf, path: str) -> tuple[Trailer, ...]:
        """Wait for saves that are about to be in the store; return what still waits."""
        if shelf != WORKSPACE or self.launch is None:
            return ()
        try:
            key = shelf.key(self.settings, path)
        except InvalidRequestError:
            return ()
        found = self.arrivals.awaited(key)
        return tuple(save for save in found if not save.only_if_changed)

    def changed(self, key: str) -> None:
        """Take note that the newest version of a key, or a label, was changed here."""
        self.folders.forget()
        self.keeper.changed(key)

    def ask_catalogue(
        self, act: "Callable[[Answers], T]", roots: Mapping[str, str] | None = None
    ) -> T:
        """Return what `act` returns for what the caller may read of the catalogue.

        `roots` are the prefixes of the shelves, if not those of the settings. Raises
        StorageUnavailableError if it cannot be used now.
        """
        # Imported on demand: SQLAlchemy takes 13 MB.
        from bookstore_web.catalogue.answers import Answers

        reach = self._reach(roots)
        return self.keeper.ask(lambda catalogue: act(Answers(catalogue, reach)))

    def _reach(self, roots: Mapping[str, str] | None) -> "Reach":
        from bookstore_web.catalogue.answers import Reach

        if roots is None:
            prefixes = {n: shelf.prefix(self.settings) for n, shelf in SHELVES.items()}
            roots = {n: f"{prefix}/" for n, prefix in prefixes.items() if prefix}
        if self._personal is None:
            return Reach(roots)
        readable = self._personal.readable
        return Reach(roots, readable.shown, readable.hidden)

    def removals(self) -> Removals:
        """Return the removals from the published shelf, on the hurried store."""
        return Removals(self.open_store(hurried=True), self.settings)

    def library(self, shelf: Shelf) -> Library:
        """Return the library of a shelf, for the caller."""
        shelf.check(self.settings)
        store = self.open_store(hurried=True)
        presence = None
        if shelf == WORKSPACE and self.launch is not None:
            presence = Presence(self.contents, caller())
        return Library(
            store,
            shelf.prefix(self.settings),
            presence=presence,
            publications=self.publications if shelf == PUBLISHED else None,
            describe=self._describe,
            folders=self.folders,
            moves=Moves(store, self.folders, self.notes),
            results=Results(store, self.settings, self.folders, self.publications),
        )

    def newest_of(self, listed: Sequence[Version]) -> tuple[Version, ...]:
        """Return the newest versions of keys that somebody says they have listed.

        See `Publications.look_up`. Raises ForbiddenError, too, if the caller may not
        read one of them.
        """
        if self._personal is not None:
            self._personal.check_readable(version.key for version in listed)
        store = self.open_store(hurried=True)
        return self.publications.look_up(listed, store=store, describe=self._describe)

    def _describe(self, listed: Sequence[Version]) -> Mapping[str, Version]:
        """Return what a catalogue in use knows of versions; nothing if it is away."""
        store = self.open_store(hurried=True)
        if isinstance(store, ServiceStore):
            return {version.key: version for version in store.described(listed)}
        if not (self.settings.catalogue_url or self.keeper.is_open):
            return {}  # it would be loaded for this alone
        try:
            return self.ask_catalogue(lambda answers: answers.described(listed))
        except (StorageUnavailableError, ConfigurationError):
            return {}

    def changes(self, shelf: Shelf) -> Changes:
        """Return a `Changes` for the caller and a shelf, which compares versions."""
        return Changes(
            history=self.history(shelf, confirm=False),
            memory=self.change_memory,
            shelf=shelf,
            caller=caller(),
            server=self.contents if self.launch else None,
            limit=self.settings.max_notebook_size,
            pool=confined,
        )

    def restorer(self) -> Restorer:
        """Return a `Restorer` for the caller and their notebook server."""
        return Restorer(
            history=self.history(),
            budget=self.budget,
            server=self.contents,
            caller=caller(),
            archives=context().archives,
        )

    def clone_source(self, fields: Mapping[str, Any]) -> CloneSource:
        """Return what the fields of a request name to be cloned; see `source_of`.

        A standalone app without a workspace shelf speaks of published notebooks only.
        """
        source = source_of(fields, self.settings)
        if self.launch is None and not self.settings.workspace_prefix:
            check_published(source, self.settings)
        return source

    @property
    def contents(self) -> ContentsServer:
        """The notebook server. Raises ConfigurationError if none started the app."""
        if self._contents is None:
            raise ConfigurationError(
                "This bookstore app runs without a notebook server, so it cannot clone "
                "or restore. Open the same address below your own notebook server."
            )
        return self._contents


def _contents_server(launch: Launch) -> ContentsServer:
    return ContentsServer(
        launch.server_url, certificate_sha256=launch.certificate_sha256
    )


def services() -> Services:
    """Return the services of the app that handles this request, for its caller."""
    mine: Services | None = g.get(EXTENSION)
    if mine is None:
        mine = services_of_all().for_person(person())
        setattr(g, EXTENSION, mine)
    return mine


def services_of_all() -> Services:
    """Return the services of the app, which no caller's rules limit."""
    known: Services = current_app.extensions[EXTENSION]
    return known
