"""A running notebook server: its generation, and its settings, which are read once."""

import logging
from typing import Any

from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.settings import BookstoreSettings

#: The modules of the server applications of both generations.
CLASSIC_APP, MODERN_APP = "notebook.notebookapp", "jupyter_server.serverapp"

#: The attribute of a server application that has its settings, or None.
_ATTRIBUTE = "_bookstore_settings"


def is_classic(app: Any) -> bool:
    """Whether a server application is Notebook 6 or older.

    The class of the application decides, not which packages are installed: Notebook 6.5
    also installs jupyter_server.
    """
    return _derives_from(app, CLASSIC_APP)


def is_modern(app: Any) -> bool:
    """Whether an application is the server of jupyter_server."""
    return _derives_from(app, MODERN_APP)


def _derives_from(app: Any, module: str) -> bool:
    return any(kind.__module__ == module for kind in type(app).__mro__)


def settings_of(app: Any) -> BookstoreSettings | None:
    """Return the settings of a server application; None if they cannot be used.

    Several extensions call this. The server's log records once that a value is wrong,
    that a setting does not exist, or that no store is configured.
    """
    known = vars(app)
    if _ATTRIBUTE not in known:
        known[_ATTRIBUTE] = _read(app)
    settings: BookstoreSettings | None = known[_ATTRIBUTE]
    return settings


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
