"""Registry: one archiver for each notebook server."""

import atexit
import logging
from typing import Any

from traitlets.config import Configurable

from bookstore_archiver.archiver import Archiver
from bookstore_core.jupyter.running_server import settings_of
from bookstore_core.stores import describe_store

#: The attribute of a server that has its archiver, or None. Managers may be without a
#: server, and not hashable.
_ATTRIBUTE = "_bookstore_archiver_of_server"


def archiver_for(part: Configurable) -> Archiver | None:
    """Return the archiver of the server that `part` belongs to; start it if it is new.

    None if no store is configured or the settings are wrong; this is logged once.
    """
    server = part
    while server.parent is not None:
        server = server.parent
    known = vars(server)
    if _ATTRIBUTE not in known:
        known[_ATTRIBUTE] = _make_archiver(server)
    archiver: Archiver | None = known[_ATTRIBUTE]
    return archiver


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
