"""BookstoreContentsArchiver: a contents manager class that archives what it saves."""

import asyncio
import logging
from typing import Any

from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.server.checkpoints import prepare_checkpoints
from bookstore_archiver.server.generation import derive
from bookstore_archiver.server.registry import archiver_for
from bookstore_core.settings import BookstoreSettings

#: The default contents manager, by generation of the server.
BASES = {
    "modern": (
        "jupyter_server.services.contents.largefilemanager",
        "AsyncLargeFileManager",
    ),
    "classic": ("notebook.services.contents.largefilemanager", "LargeFileManager"),
    "": ("traitlets.config", "LoggingConfigurable"),
}


class _Archiving:
    """The methods that are added to the default contents manager."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Not used any more; kept because it is public.
        self.path_lock_ready = asyncio.Lock()
        self._archiver = archiver_for(self)  # type: ignore[arg-type]
        if self._archiver is not None:
            attach(self, self._archiver.intake)
            prepare_checkpoints(self)

    @property
    def path_locks(self) -> dict[str, asyncio.Lock]:
        """The lock of each path that is being saved now."""
        return self._archiver.intake.locks.locks if self._archiver is not None else {}

    @property
    def settings(self) -> BookstoreSettings:
        """The settings of bookstore, also if no store is configured."""
        if self._archiver is not None:
            return self._archiver.settings
        return BookstoreSettings(parent=self)

    async def archive(self, record: ArchiveRecord) -> None:
        """Archive a record: on return it is in the spool, waiting for upload.

        If no store is configured, that is logged, and nothing is archived. Raises
        InvalidRequestError if the path makes no valid key, OSError if the spool cannot
        be written.
        """
        if self._archiver is None:
            log: logging.Logger = self.log  # type: ignore[attr-defined]
            log.error("No store is configured: %r is not archived.", record.filepath)
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._archiver.intake.archive, record)


def archiving_manager_class() -> Any:
    """Return the class, derived from the default manager of the running server."""
    return derive("BookstoreContentsArchiver", _Archiving, BASES)
