"""BookstoreContentsArchiver: a contents manager class that archives what it saves."""

import asyncio
import functools
import importlib.util
from typing import Any

from traitlets.config import Application

from bookstore_archiver.attach import attach
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.registry import archiver_for
from bookstore_core.errors import ConfigurationError

MODERN = ("jupyter_server.services.contents.largefilemanager", "AsyncLargeFileManager")
NONE = ("traitlets.config", "LoggingConfigurable")
CLASSIC = ("notebook.services.contents.largefilemanager", "LargeFileManager")


class _Archiving:
    """What is added to the running server's own contents manager."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Held by nobody: locks are made and dropped in one step. Kept for its name.
        self.path_lock_ready = asyncio.Lock()
        self._archiver = archiver_for(self)  # type: ignore[arg-type]
        if self._archiver is not None:
            attach(self, self._archiver)

    @property
    def path_locks(self) -> dict[str, asyncio.Lock]:
        """The lock of each path that is being saved now."""
        return self._archiver.locks.locks if self._archiver is not None else {}

    async def archive(self, record: ArchiveRecord) -> None:
        """Archive a record: it is on disk when this returns, and on its way.

        Raises ConfigurationError when no store is configured, InvalidRequestError for
        a path that no key can be made of, OSError when the spool cannot be written.
        """
        if self._archiver is None:
            raise ConfigurationError("No store is configured: nothing is archived.")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._archiver.archive, record)


def archiving_manager_class() -> Any:
    """Return the class, on top of the default manager of the server that runs."""
    return _derive(*_base())


@functools.cache
def _derive(module: str, name: str) -> Any:
    base = getattr(importlib.import_module(module), name)
    return type(base)(
        "BookstoreContentsArchiver",
        (_Archiving, base),
        {"__module__": "bookstore_archiver", "__doc__": __doc__},
    )


def _base() -> tuple[str, str]:
    # By the application, not by what can be imported: classic brings jupyter_server.
    if Application.initialized():
        kinds = type(Application.instance()).__mro__
        classic = any(kind.__module__ == "notebook.notebookapp" for kind in kinds)
        return CLASSIC if classic else MODERN
    # Or by what can be imported, where only a config file wants the name. Where no
    # server is installed at all, that file is read by gunicorn or by our command.
    for base in (MODERN, CLASSIC):
        if importlib.util.find_spec(base[0].partition(".")[0]) is not None:
            return base
    return NONE
