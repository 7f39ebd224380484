"""The thread that records the notebooks of renamed folders under their new paths."""

import logging
import threading
from collections.abc import Callable

from bookstore_archiver.notebook_files import find_notebooks, find_unvisited
from bookstore_archiver.renames.pending import RenamedFolder
from bookstore_archiver.spool.capacity import has_room
from bookstore_core.errors import NotFoundError
from bookstore_core.paths import printable
from bookstore_core.spool.directory import count_spool

#: Seconds between looks at a spool that is too full.
PAUSE = 0.5


def _forget(folder: RenamedFolder, inside: str) -> None:
    """Do nothing about a folder that is not visited."""


class RenameFollower:
    """Runs that thread; it ends when all renamed folders are done.

    `leave` is called with each renamed folder and the path of a folder in it that has
    notebooks and is not visited.
    """

    def __init__(
        self,
        keep: Callable[[str, str], None],
        *,
        spool_dir: str,
        log: logging.Logger,
        leave: Callable[[RenamedFolder, str], None] = _forget,
        pause: float = PAUSE,
    ) -> None:
        self._log = log
        self._keep = keep
        self._leave = leave
        self._spool_dir = spool_dir
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting: list[RenamedFolder] = []
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def follow(self, folder: RenamedFolder) -> None:
        """Call `keep(os_path, path)` in the thread for each notebook in the folder."""
        with self._lock:
            self._waiting.append(folder)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="bookstore-renames", daemon=True
                )
                self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until all folders are done; return False after `timeout` seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def close(self, timeout: float) -> bool:
        """Wait like `wait`, then stop."""
        done = self.wait(timeout)
        self._stopped.set()
        return done

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._stopped.is_set():
                    self._thread = None
                    return
                folder = self._waiting.pop(0)
            try:
                self._walk(folder)
            except NotFoundError:
                folder.end()  # it was renamed again, and that rename is followed
            except Exception:  # noqa: BLE001  # the edge of the thread
                self._log.exception(
                    "The rename to %s is recorded by the next saves.",
                    printable(folder.new),
                )

    def _walk(self, folder: RenamedFolder) -> None:
        for notebook in find_notebooks(folder.os_path, ()):
            if folder.over:
                break  # it was renamed again, and is found under that name
            path = f"{folder.new}/{notebook.path}"
            while not (self._stopped.is_set() or self._has_room()):
                self._stopped.wait(self._pause)
            if self._stopped.is_set():
                return
            if folder.is_unrecorded(path):
                self._keep(notebook.os_path, path)
        if not (folder.over or folder.is_copy):
            for inside in find_unvisited(folder.os_path):
                self._leave(folder, inside)
        folder.end()

    def _has_room(self) -> bool:
        return has_room(count_spool(self._spool_dir))
