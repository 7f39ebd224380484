"""A running notebook server: its generation, and its settings, read once."""

import logging
from typing import Any
from weakref import WeakKeyDictionary

from traitlets import TraitError

from bookstore_core.settings import BookstoreSettings

_known: "WeakKeyDictionary[Any, BookstoreSettings | None]" = WeakKeyDictionary()


def is_classic(app: Any) -> bool:
    """Whether a server application is that of Notebook 6 or older.

    It is the application that decides, not what can be imported: classic Notebook 6.5
    brings jupyter_server.
    """
    return any(kind.__module__ == "notebook.notebookapp" for kind in type(app).__mro__)


def settings_of(app: Any) -> BookstoreSettings | None:
    """Return the settings of a server application; None where they cannot be used.

    Several extensions ask. That a value is wrong, that a setting does not exist, or
    that no store is configured, is in the server's log once.
    """
    if app not in _known:
        _known[app] = _read(app)
    return _known[app]


def _read(app: Any) -> BookstoreSettings | None:
    log: logging.Logger = app.log
    try:
        settings = BookstoreSettings(parent=app)
        settings.as_config()  # defaults from the environment are computed late
    except TraitError as error:
        log.error("Bookstore is off, because a setting is wrong: %s", error)
        return None
    if settings.missing:
        log.info("Bookstore keeps no versions. %s", settings.missing)
    return settings
