"""Moves: renames of notebooks and folders, until the store is told of them.

A notebook's first version under its new path says where it came from. It is made at
once from the notebook as it is; where that takes long (a folder) or fails (a full
disk), the next save of the notebook says it instead, whichever comes first.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bookstore_archiver.notebook_files import find_notebooks
from bookstore_archiver.room import has_room
from bookstore_core.errors import NotFoundError
from bookstore_core.paths import printable

#: So many folders are remembered whose notebooks only their next saves can tell of.
MOST_FOLDERS = 100

#: Seconds between looks at a spool that is too full.
PAUSE = 0.5


@dataclass(eq=False)
class Folder:
    """A folder that was renamed; `told` are the paths whose versions say so."""

    old: str
    new: str
    told: set[str] = field(default_factory=set)

    def owes(self, path: str) -> bool:
        """Whether a notebook lies in the folder whose version does not say so yet."""
        return path.startswith(f"{self.new}/") and path not in self.told

    def before(self, path: str) -> str:
        """Return the path that a notebook of the folder had before."""
        return self.old + path[len(self.new) :]


class Moves:
    """Renames that the store is not told of yet. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._notebooks: dict[str, str] = {}
        self._folders: list[Folder] = []
        self._busy: set[str] = set()

    def add(self, old: str, new: str) -> None:
        """Remember that a notebook was renamed."""
        with self._lock:
            self._notebooks[new] = self._take(old) or old

    def add_folder(self, old: str, new: str) -> Folder:
        """Remember that a folder was renamed, until it is removed."""
        folder = Folder(old, new)
        with self._lock:
            self._folders.append(folder)
            del self._folders[:-MOST_FOLDERS]
        return folder

    def remove_folder(self, folder: Folder) -> None:
        """Forget a folder all of whose notebooks have told."""
        with self._lock:
            self._folders = [known for known in self._folders if known is not folder]

    @contextmanager
    def telling(self, path: str) -> Iterator[str]:
        """Yield the path that a notebook had before, where nobody has told it yet.

        What is done within tells it, and whoever else has something to keep of that
        notebook waits; where it fails, it stays untold.
        """
        with self._lock:
            self._lock.wait_for(lambda: path not in self._busy)
            old = self._take(path)
            if old:
                self._busy.add(path)
        try:
            yield old if old != path else ""
        except BaseException:
            if old:
                with self._lock:
                    self._notebooks.setdefault(path, old)
            raise
        finally:
            if old:
                with self._lock:
                    self._busy.discard(path)
                    self._lock.notify_all()

    def _take(self, path: str) -> str:
        """Return the path under which the store last heard of a notebook, once."""
        old = self._notebooks.pop(path, "")
        for folder in reversed(self._folders):
            if folder.owes(path):
                folder.told.add(path)
                before = folder.before(path)
                old = old or self._take(before) or before
        return old


class Mover:
    """A thread that tells of the notebooks in renamed folders; it ends when it has."""

    def __init__(
        self,
        moves: Moves,
        keep: Callable[[str, str], None],
        *,
        spool_dir: str,
        log: logging.Logger,
        pause: float = PAUSE,
    ) -> None:
        self._log = log
        self._moves = moves
        self._keep = keep
        self._spool_dir = spool_dir
        self._pause = pause
        self._lock = threading.Lock()
        self._waiting: list[tuple[Folder, str]] = []
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def follow(self, folder: Folder, os_path: str) -> None:
        """Call `keep` with file and path of each notebook of the folder, beside."""
        with self._lock:
            self._waiting.append((folder, os_path))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="bookstore-mover", daemon=True
                )
                self._thread.start()

    def close(self, timeout: float) -> bool:
        """Wait for the end; return False where the time was too short for it."""
        thread = self._thread
        if thread is None:
            return True
        thread.join(timeout)
        self._stopped.set()
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or self._stopped.is_set():
                    self._thread = None
                    return
                folder, os_path = self._waiting.pop(0)
            try:
                self._walk(folder, os_path)
            except NotFoundError:
                self._moves.remove_folder(folder)  # another rename tells of it
            except Exception:  # noqa: BLE001  # the edge of the thread
                self._log.exception("The next saves tell of %s.", printable(folder.new))

    def _walk(self, folder: Folder, os_path: str) -> None:
        for notebook in find_notebooks(os_path, ()):
            path = f"{folder.new}/{notebook.path}"
            while not self._stopped.is_set() and not has_room(self._spool_dir):
                self._stopped.wait(self._pause)
            if self._stopped.is_set():
                return
            if folder.owes(path):
                self._keep(notebook.os_path, path)
        self._moves.remove_folder(folder)
