"""Renames of notebooks and folders, until the store has them.

A notebook's first version under its new path says where it came from. It is made at
once from the notebook as it is; where that takes long (a folder) or fails (a full
disk), the next save of the notebook says it instead, whichever comes first.
"""

import bisect
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bookstore_archiver.notebook_files import NotebookFile
from bookstore_archiver.renames.notes import RenameNote, RenameNotes
from bookstore_core.clock import utc_now
from bookstore_core.spool.renames import Rename

#: So many folders are remembered whose notebooks only their next saves record.
MAX_FOLDERS = 100

#: Seconds from a folder's rename on disk until it is known here, at the very most.
GRACE = 30.0


@dataclass(eq=False)
class RenamedFolder:
    """A folder that was renamed; `recorded` are the paths whose versions say so.

    `os_path` is its directory, empty where it is nowhere on this machine. It is `over`
    when nothing more is to be recorded under its new path, since `over_at` (monotonic
    seconds); a rename that came later may still go back to it.
    """

    old: str
    new: str
    os_path: str = ""
    renamed_at: datetime = field(default_factory=utc_now)
    recorded: set[str] = field(default_factory=set)
    note: RenameNote | None = None
    over: bool = False
    over_at: float = 0.0

    def end(self) -> None:
        """Have it be over; nothing but a later rename goes back to it."""
        if not self.over:
            self.over, self.over_at = True, time.monotonic()
            if self.note is not None:
                self.note.over()

    def contains(self, path: str) -> bool:
        """Whether a path lies in the folder."""
        return path.startswith(f"{self.new}/")

    def is_unrecorded(self, path: str) -> bool:
        """Whether a notebook lies in the folder whose version does not say so yet."""
        return self.contains(path) and path not in self.recorded

    def old_path(self, path: str) -> str:
        """Return the path that a notebook of the folder had before."""
        return self.old + path[len(self.new) :]

    def new_path(self, path: str) -> str:
        """Return the path that a notebook has that was at this one before."""
        return self.new + path[len(self.old) :]

    def moved_with(self, later: "RenamedFolder") -> bool:
        """Whether it lies in a folder that was renamed later."""
        return f"{self.new}/".startswith(f"{later.old}/")

    def leads_to(self, later: "RenamedFolder") -> bool:
        """Whether its notebooks may be in a folder that was renamed later."""
        return self.moved_with(later) or self.contains(later.old)


def _folder_of(note: RenameNote) -> RenamedFolder:
    known = note.rename
    return RenamedFolder(
        known.old,
        known.new,
        known.os_path,
        renamed_at=known.renamed_at,
        recorded=set(known.recorded),
        note=note,
        over=known.over,
    )


class PendingRenames:
    """Renames that the store does not have yet. Safe to use from several threads.

    Those of folders are kept in `notes`, for the next process.
    """

    def __init__(self, notes: RenameNotes | None = None) -> None:
        self._notes = notes
        self._lock = threading.Condition()
        self._adopting = threading.Lock()
        self._adopted = False
        self._notebooks: dict[str, str] = {}
        self._folders: list[RenamedFolder] = []
        self._busy: set[str] = set()

    def add(self, old: str, new: str) -> None:
        """Remember that a notebook was renamed."""
        with self._lock:
            self._await(old)
            self._notebooks[new] = self._take(old) or old

    def add_if_unknown(self, old: str, new: str) -> None:
        """Remember it as `add` does, unless something newer is known."""
        with self._lock:
            self._notebooks.setdefault(new, old)

    def pending_move(self, path: str) -> str:
        """Return the path that a single notebook had before, if it is not recorded."""
        with self._lock:
            return self._notebooks.get(path, "")

    def add_folder(self, old: str, new: str, os_path: str = "") -> RenamedFolder:
        """Remember that a folder was renamed, until it is removed."""
        folder = RenamedFolder(old, new, os_path)
        if self._notes is not None and os_path:
            rename = Rename(old, new, os_path, folder.renamed_at)
            folder.note = self._notes.write(rename)
        self._insert(folder)
        return folder

    def adopt(self, *, once: bool = False) -> list[RenamedFolder]:
        """Take over, and return, the folders that ended processes have left behind.

        With `once` it looks for them only if it never has.
        """
        with self._adopting:
            if self._notes is None or (once and self._adopted):
                return []
            self._adopted = True
            found = [_folder_of(note) for note in self._notes.adopt()]
            for folder in found:
                self._insert(folder)
            return found

    def _insert(self, folder: RenamedFolder) -> None:
        with self._lock:
            bisect.insort(self._folders, folder, key=lambda known: known.renamed_at)
            for known in self._folders[: self._folders.index(folder)]:
                # What comes to that path from now on never was in the folder.
                if known.moved_with(folder):
                    known.end()
            guessed = [known for known in self._folders if not known.os_path]
            for known in guessed[:-MAX_FOLDERS]:
                self._folders.remove(known)

    def tidy(self, grace: float = GRACE) -> None:
        """Forget the folders that are over, when none goes back to them.

        One may have been renamed again of which is not heard yet: `grace` seconds are
        for that.
        """
        with self._lock:
            latest = time.monotonic() - grace
            kept: list[RenamedFolder] = []
            for known in reversed(self._folders):
                ended = known.over and known.over_at <= latest
                if not ended or any(known.leads_to(later) for later in kept):
                    kept.insert(0, known)
                elif known.note is not None:
                    known.note.remove()
            self._folders = kept

    def release(self) -> None:
        """Leave what is not recorded to the next process."""
        self.tidy(0)
        with self._lock:
            for folder in self._folders:
                if folder.note is not None:
                    folder.note.release()

    @contextmanager
    def recording(self, path: str) -> Iterator[str]:
        """Yield the path that a notebook had before, where it is not recorded yet.

        What is done within records it, and whoever else has something to keep of that
        notebook waits; where it fails, it is pending as before.
        """
        with self._lock:
            self._await(path)
            old = self._take(path)
            if old:
                self._busy.add(path)
        try:
            yield old if old != path else ""
            if old:
                self._note_recorded(path)
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

    def find_left(self, path: str) -> NotebookFile | None:
        """Return the notebook that was at a path, if no version says so yet.

        One has to before another notebook comes there, whose versions are not its own.
        """
        where, folder = path, None
        with self._lock:
            for known in self._folders:
                if where.startswith(f"{known.old}/"):
                    where, folder = known.new_path(where), known
            if folder is None or where == path or not folder.os_path:
                return None
            if folder.over or not folder.is_unrecorded(where):
                return None
        return NotebookFile(folder.os_path + where[len(folder.new) :], where)

    def _await(self, path: str) -> None:
        """Wait for whoever records this notebook, under an earlier path or this one.

        Where that fails, it is for others to record what was before.
        """
        self._lock.wait_for(lambda: self._busy.isdisjoint(self._trail(path)))

    def _trail(self, path: str) -> set[str]:
        trail = {path}
        for folder in reversed(self._folders):
            if folder.is_unrecorded(path):
                path = folder.old_path(path)
                trail.add(path)
        return trail

    def _take(self, path: str, before: int | None = None) -> str:
        """Return the path under which the store last heard of a notebook, once.

        With `before`, it was renamed with a folder, and only earlier ones count.
        """
        old = self._notebooks.pop(path, "")
        for index in reversed(range(len(self._folders))[:before]):
            folder = self._folders[index]
            if folder.is_unrecorded(path) and (before is not None or not folder.over):
                folder.recorded.add(path)
                earlier = folder.old_path(path)
                old = old or self._take(earlier, index) or earlier
        return old

    def _note_recorded(self, path: str) -> None:
        with self._lock:
            folders = list(reversed(self._folders))
        for folder in folders:
            if path in folder.recorded and folder.contains(path):
                if folder.note is not None:
                    folder.note.recorded(path)
                path = folder.old_path(path)
