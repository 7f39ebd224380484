"""A running notebook server: its generation, and its settings, which are read once."""

import logging
from typing import Any
from weakref import WeakKeyDictionary

from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.settings import BookstoreSettings

_known: "WeakKeyDictionary[Any, BookstoreSettings | None]" = WeakKeyDictionary()


def is_classic(app: Any) -> bool:
    """Whether a server application is Notebook 6 or older.

    The class of the application decides, not which packages are installed: Notebook 6.5
    also installs jupyter_server.
    """
    return any(kind.__module__ == "notebook.notebookapp" for kind in type(app).__mro__)


def settings_of(app: Any) -> BookstoreSettings | None:
    """Return the settings of a server application; None if they cannot be used.

    Several extensions call this. The server's log records once that a value is wrong,
    that a setting does not exist, or that no store is configured.
    """
    if app not in _known:
        _known[app] = _read(app)
    return _known[app]


def _read(app: Any) -> BookstoreSettings | None:
    log: logging.Logger = app.log
    try:
        settings = read_settings(app.config, parent=app)
    except ConfigurationError as error:
        log.error("Bookstore is off, because a setting is wrong: %s", error)
        return None
    for sentence in settings.wrong.values():
        log.error("Bookstore: a setting is wrong. %s", sentence)
    if settings.missing and not settings.wrong:
        log.info("Bookstore does not keep versions. %s", settings.missing)
    elif settings.unarchived:
        log.warning("Bookstore does not archive saves. %s", settings.unarchived)
    return settings
