"""Saves that fail after they wrote the file: what they wrote is archived all the same.

Jupyter writes a notebook first; then it runs its hooks and makes a checkpoint. If one
of these fails, the save fails although the file has changed.
"""

import os
from collections.abc import Awaitable
from typing import Any

from bookstore_archiver.hooks.manager_content import (
    Present,
    has_files,
    os_path_of,
    try_present_source,
)
from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_archiver.spool.sources import FileSource


class Written:
    """What a save writes, compared with the file as it is when this is created."""

    def __init__(self, manager: Any, path: str) -> None:
        self._manager = manager
        self._path = path
        self._before = self._state()

    def find(self) -> Present | Awaitable[Present]:
        """Return what was written since; None if the file has not changed.

        For managers without files on this machine it is the present content, whether
        it has changed or not. For asynchronous ones the result must be awaited. Never
        raises.
        """
        if not has_files(self._manager):
            return try_present_source(self._manager, self._path)
        os_path = os_path_of(self._manager, self._path)
        if os_path is None or is_unchanged(self._before, self._state()):
            return None
        return FileSource(os_path)

    def _state(self) -> os.stat_result | None:
        os_path = os_path_of(self._manager, self._path)
        try:
            return os.stat(os_path) if os_path is not None else None
        except OSError:
            return None
