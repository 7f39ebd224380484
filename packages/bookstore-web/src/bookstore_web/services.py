"""What all requests of a process share: settings, the store, the notebook server."""

import threading

from flask import current_app

from bookstore_core.errors import ConfigurationError
from bookstore_core.history import WORKSPACE, History, Shelf
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_web.changes import ChangeMemory
from bookstore_web.contents import ContentsServer
from bookstore_web.recent import RecentScans
from bookstore_web.shelves import check_shelf
from bookstore_web.storecheck import StoreChecks
from bookstore_web.wire import Launch

EXTENSION = "bookstore"


class Services:
    """Opened at first use, once in a process: gunicorn forks after the app is made."""

    def __init__(self, settings: BookstoreSettings, launch: Launch | None) -> None:
        self.settings = settings
        self.launch = launch
        self.checks = StoreChecks(self.open_store)
        self.recent = RecentScans()
        self.changes = ChangeMemory()
        self._opening = threading.Lock()
        self._stores: dict[bool, VersionStore] = {}
        self._contents = _contents_server(launch) if launch else None

    def open_store(self, *, hurried: bool = False) -> VersionStore:
        """Return the store, or the one for people who wait for a page to look at.

        Raises ConfigurationError when none is configured.
        """
        with self._opening:
            if hurried not in self._stores:
                self._stores[hurried] = open_store(self.settings, hurried=hurried)
            return self._stores[hurried]

    def history(self, shelf: Shelf = WORKSPACE) -> History:
        """Return the histories of a shelf, for people who wait.

        Raises ConfigurationError where no store, or no such shelf, is configured.
        """
        store = self.open_store(hurried=True)
        check_shelf(shelf, self.settings)
        return History(store, self.settings, shelf=shelf)

    @property
    def contents(self) -> ContentsServer:
        """The notebook server. Raises ConfigurationError when none launched us."""
        if self._contents is None:
            raise ConfigurationError(
                "This is bookstore on its own, with no notebook server to clone to. "
                "Open the same address below your own notebook server."
            )
        return self._contents


def _contents_server(launch: Launch) -> ContentsServer:
    return ContentsServer(
        launch.server_url, certificate_sha256=launch.certificate_sha256
    )


def services() -> Services:
    """Return the services of the app that handles this request."""
    known: Services = current_app.extensions[EXTENSION]
    return known
