"""Registry: one archiver for each notebook server."""

import atexit
import logging
import weakref
from typing import Any

from traitlets.config import Configurable

from bookstore_archiver.archiver import Archiver
from bookstore_core.jupyter.running_server import settings_of
from bookstore_core.stores import describe_store

_archivers: "weakref.WeakKeyDictionary[Configurable, Archiver | None]" = (
    weakref.WeakKeyDictionary()
)


def archiver_for(part: Configurable) -> Archiver | None:
    """Return the archiver of the server that `part` belongs to; start it if it is new.

    None if no store is configured or the settings are wrong; this is logged once.
    """
    server = part
    while server.parent is not None:
        server = server.parent
    if server not in _archivers:
        _archivers[server] = _make_archiver(server)
    return _archivers[server]


def _make_archiver(server: Any) -> Archiver | None:
    settings = settings_of(server)
    if settings is None or settings.unarchived:
        return None
    log: logging.Logger = server.log
    archiver = Archiver(settings, log=log)
    log.info(
        "Bookstore archives each save of a notebook to %s, through the spool %s.",
        describe_store(settings),
        settings.spool_dir,
    )
    atexit.register(archiver.close)
    archiver.start()
    return archiver
