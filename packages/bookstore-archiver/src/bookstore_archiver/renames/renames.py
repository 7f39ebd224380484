"""Renames: of notebooks and folders, from the contents manager to their versions."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from bookstore_archiver.hooks.manager_content import (
    has_files,
    os_folder_of,
    os_path_of,
)
from bookstore_archiver.notebook_files import NotebookFile
from bookstore_archiver.renames.follower import RenameFollower
from bookstore_archiver.renames.notes import RenameNotes
from bookstore_archiver.renames.pending import PendingRenames
from bookstore_archiver.roots import Roots
from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.sources import FileSource, Source
from bookstore_core.notebooks import SUFFIX


class Renames:
    """The renames of a server. Safe to use from several threads.

    `keep(os_path, path)` is called in another thread for each notebook of a folder. The
    renames that earlier processes did not finish are continued as soon as `roots` are
    known to judge them by.
    """

    def __init__(
        self,
        keep: Callable[[str, str], None],
        *,
        spool_dir: str,
        roots: Roots,
        log: logging.Logger,
        disk: Disk | None = None,
    ) -> None:
        self._roots = roots
        self._log = log
        notes = RenameNotes(spool_dir, log=log, disk=disk, believe=roots.holds_folder)
        self._pending = PendingRenames(notes)
        self._follower = RenameFollower(
            keep, spool_dir=spool_dir, log=log, leave=self._pending.add_waiting
        )
        self._texts: set[str] = set()

    def saved(self, path: str) -> None:
        """Record that a notebook is at `path`, also if it is kept there as text."""
        if not path.endswith(SUFFIX):
            self._texts.add(path)  # jupytext saves notebooks as text

    def moved(
        self, manager: Any, old: str, new: str, source: Source | None
    ) -> Source | None:
        """Add a rename; return the notebook at the new path, to be kept now.

        None if there is none, or a folder, whose notebooks are kept in another thread.
        `source` has the notebook if no file does.
        """
        folder = os_folder_of(manager, new)
        if folder is not None:
            self._add_folder(old, new, folder)
        elif old in self._texts or old.endswith(SUFFIX) or new.endswith(SUFFIX):
            self.saved(new)
            self._pending.add(old, new)
            os_path = os_path_of(manager, new)
            return FileSource(os_path) if os_path is not None else source
        elif not has_files(manager):
            # It may be a folder. The next saves of its notebooks will show that.
            self._pending.add_folder(old, new)
        return None

    def copied(self, manager: Any, path: str) -> None:
        """Add a folder that was copied; its notebooks are kept in another thread."""
        folder = os_folder_of(manager, path)
        if folder is not None:
            self._add_folder(path, path, folder)

    def _add_folder(self, old: str, new: str, folder: str) -> None:
        self._follower.follow(self._pending.add_folder(old, new, folder))

    def add_if_unknown(self, old: str, new: str) -> None:
        """Add the rename of a notebook, unless a newer one is pending."""
        self._pending.add_if_unknown(old, new)

    def pending_move(self, path: str) -> str:
        """Return the pending old path of a notebook; empty if there is none."""
        return self._pending.pending_move(path)

    def find_left(self, path: str) -> NotebookFile | None:
        """Return the notebook that moved away from `path`, if that is not recorded."""
        self._follow_left(once=True)
        return self._pending.find_left(path)

    def recording(self, path: str) -> AbstractContextManager[str]:
        """Return a block that records a move; see `PendingRenames.recording`."""
        self._follow_left(once=True)
        return self._pending.recording(path)

    def stored(self, path: str, saved_at: datetime) -> None:
        """Note that the store has the version that records a move to `path`."""
        self._pending.stored(path, saved_at)

    def tend(self) -> None:
        """Continue the renames of ended processes. Called regularly."""
        self._follow_left()
        self._pending.tidy()

    def _follow_left(self, *, once: bool = False) -> None:
        if not self._roots.known:
            return  # no rename can be judged yet
        for folder in self._pending.adopt(once=once):
            if not folder.waits:
                self._follower.follow(folder)

    def wait(self, timeout: float) -> bool:
        """Wait until the notebooks of renamed folders are in the spool.

        Returns False if that takes longer than `timeout` seconds.
        """
        return self._follower.wait(timeout)

    def close(self, timeout: float) -> None:
        """Wait as `wait` does, and leave the rest to the next process."""
        if not self._follower.close(timeout):
            self._log.info("Recording the renamed folders continues at the next start.")
        self._pending.release()
