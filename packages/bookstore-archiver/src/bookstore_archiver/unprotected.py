"""Unprotected: notebooks whose newest save could not be put into the spool."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from bookstore_core.errors import BookstoreError, NotFoundError

Repair = Callable[[str, str], None]


class Unprotected:
    """Remembers them, says so once, and archives their newest state when it can."""

    def __init__(
        self, log: logging.Logger, *, changed: Callable[[tuple[str, ...]], None]
    ) -> None:
        self._log = log
        self._changed = changed
        self._lock = threading.Lock()
        self._repairing = threading.Lock()
        self._files: dict[str, str | None] = {}

    def order(self, path: str) -> AbstractContextManager[object]:
        """Return what a save of the path holds while it is put into the spool.

        A repair reads the same file; the newer content has to come second.
        """
        return self._repairing if path in self._files else nullcontext()

    def lost(self, path: str, os_path: str | None, error: Exception) -> None:
        """Note that a save of the notebook is not in the spool."""
        with self._lock:
            first = not self._files
            self._files[path] = os_path
            self._tell_change()
        if first:
            self._log.error(
                "Saves are NOT protected: they cannot be put into the spool (%s). "
                "Notebooks are saved, but get no versions until this is over; then "
                "the newest state of each is archived.",
                error,
            )

    def regained(self, path: str) -> None:
        """Note that the notebook's newest save is in the spool."""
        if path not in self._files:
            return
        with self._lock:
            self._files.pop(path, None)
            self._tell_change()
            over = not self._files
        if over:
            self._log.info("Saves are protected again: the spool takes them.")

    def repair(self, archive: Repair) -> None:
        """Call `archive` with each notebook's path and file, until one fails."""
        for path, os_path in list(self._files.items()):
            if os_path is None:
                continue  # kept elsewhere; its next save protects it
            with self._repairing:
                if path not in self._files:
                    continue
                try:
                    archive(path, os_path)
                except NotFoundError:
                    self._log.warning(
                        "%s was removed before its last save could be archived.", path
                    )
                except BookstoreError:
                    continue  # this one cannot be read; its next save protects it
                except OSError:
                    return  # still no room
                self.regained(path)

    def _tell_change(self) -> None:
        self._changed(tuple(sorted(self._files)))
