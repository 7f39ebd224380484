"""PendingRenames: renames of notebooks and folders that no version records yet.

The first version of a notebook under its new path records its old path. This version
is made at once. If that takes long (a folder) or fails (a full disk), a save of the
notebook may come first; then its version records the old path.
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
from bookstore_core.spool.renamed_folders import FolderRename

#: How many folders are remembered that are not visited.
MAX_FOLDERS = 100

#: Upper limit of the seconds between a folder's rename on disk and `add_folder`.
GRACE = 30.0


@dataclass(eq=False)
class RenamedFolder:
    """A folder that was renamed; `recorded` are the new paths that versions record.

    `os_path` is its directory, empty if it is not on this machine. If both paths are
    the same, it was copied there: its notebooks are visited, and record no old path. A
    folder that `waits` is not visited; the next saves record its notebooks. It is
    `over`, since `over_at` (monotonic seconds), when nothing more is recorded under its
    new path; a later rename may still refer to it.
    """

    old: str
    new: str
    os_path: str = ""
    renamed_at: datetime = field(default_factory=utc_now)
    recorded: set[str] = field(default_factory=set)
    note: RenameNote | None = None
    waits: bool = False
    over: bool = False
    over_at: float = 0.0

    @property
    def is_copy(self) -> bool:
        """Whether the folder was made by copying another one."""
        return self.old == self.new

    def end(self) -> None:
        """Mark it as over. Only later renames refer to it from now on."""
        if not self.over:
            self.over, self.over_at = True, time.monotonic()
            if self.note is not None:
                self.note.over()

    def contains(self, path: str) -> bool:
        """Return whether a path is in the folder."""
        return path.startswith(f"{self.new}/")

    def is_unrecorded(self, path: str) -> bool:
        """Return whether a path is in the folder and no version records its move."""
        return self.contains(path) and path not in self.recorded

    def old_path(self, path: str) -> str:
        """Return the path before the rename of a path in the folder."""
        return self.old + path[len(self.new) :]

    def new_path(self, path: str) -> str:
        """Return the path after the rename of a path in the old folder."""
        return self.new + path[len(self.old) :]

    def moved_with(self, later: "RenamedFolder") -> bool:
        """Return whether a later rename moved this folder, or one that contains it."""
        return f"{self.new}/".startswith(f"{later.old}/")

    def leads_to(self, later: "RenamedFolder") -> bool:
        """Return whether a later rename may have moved notebooks of this folder."""
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
        waits=known.waits,
        over=known.over,
    )


class PendingRenames:
    """Renames that no version records yet. Safe to use from several threads.

    Renames of folders are also written to `notes`, for the next process.
    """

    def __init__(self, notes: RenameNotes | None = None) -> None:
        self._notes = notes
        self._lock = threading.Condition()
        self._adopting = threading.Lock()
        self._adopted = self._released = False
        self._notebooks: dict[str, str] = {}
        self._folders: list[RenamedFolder] = []
        self._busy: set[str] = set()

    def add(self, old: str, new: str) -> None:
        """Add the rename of a notebook."""
        with self._lock:
            self._await(old)
            self._notebooks[new] = self._take(old) or old

    def add_if_unknown(self, old: str, new: str) -> None:
        """Add the rename of a notebook, unless a newer one is pending."""
        with self._lock:
            self._notebooks.setdefault(new, old)

    def pending_move(self, path: str) -> str:
        """Return the pending old path of a notebook; empty if there is none."""
        with self._lock:
            return self._notebooks.get(path, "")

    def add_folder(self, old: str, new: str, os_path: str = "") -> RenamedFolder:
        """Add the rename of a folder, and return it."""
        return self._add_folder(RenamedFolder(old, new, os_path))

    def add_waiting(self, folder: RenamedFolder, inside: str) -> None:
        """Add the folder at the path `inside` of a renamed one, to wait for saves."""
        self._add_folder(
            RenamedFolder(
                f"{folder.old}/{inside}",
                f"{folder.new}/{inside}",
                f"{folder.os_path}/{inside}",
                renamed_at=folder.renamed_at,
                waits=True,
            )
        )

    def _add_folder(self, folder: RenamedFolder) -> RenamedFolder:
        if self._notes is not None and folder.os_path:
            rename = FolderRename(
                folder.old,
                folder.new,
                folder.os_path,
                folder.renamed_at,
                waits=folder.waits,
            )
            folder.note = self._notes.write(rename)
        self._insert(folder)
        return folder

    def adopt(self, *, once: bool = False) -> list[RenamedFolder]:
        """Take over the renamed folders of ended processes, and return them.

        With `once`, only the first call looks for them.
        """
        with self._adopting:
            if self._notes is None or self._released or (once and self._adopted):
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
                # Files that are created at that path now were never in the folder.
                if known.moved_with(folder):
                    known.end()
            lasting = [f for f in self._folders if f.waits or not f.os_path]
            for known in lasting[:-MAX_FOLDERS]:
                self._folders.remove(known)
                if known.note is not None:
                    known.note.remove()

    def stored(self, path: str, saved_at: datetime) -> None:
        """Note that the store has the version that records a move to `path`."""
        if self._notes is not None:
            self._notes.stored(path, saved_at)

    def tidy(self, grace: float = GRACE) -> None:
        """Remove the folders that are over and that no later rename refers to.

        They are kept for `grace` seconds, because a later rename may not be known yet.
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
        """Leave the renames that are not recorded to the next process."""
        with self._adopting:
            self._released = True
        self.tidy(0)
        with self._lock:
            for folder in self._folders:
                if folder.note is not None:
                    folder.note.release()

    @contextmanager
    def recording(self, path: str) -> Iterator[str]:
        """Yield the old path of a notebook, or "" if no move is pending.

        The block must record the move; other threads that keep the same notebook wait
        for it. If the block fails, the move stays pending.
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
        """Return the notebook that moved away from `path`, if that is not recorded yet.

        It must be recorded before another notebook is saved at `path`, or the two
        histories would mix.
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
        """Wait until no other thread is recording this notebook's move.

        If that thread failed, the move is still unrecorded and the caller takes it.
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
        """Return the path of the notebook's last version, and mark it as recorded.

        Empty if no move is pending. With `before`, only folders below that index count.
        """
        old = self._notebooks.pop(path, "")
        for index in reversed(range(len(self._folders))[:before]):
            folder = self._folders[index]
            if folder.is_unrecorded(path) and (before is not None or not folder.over):
                folder.recorded.add(path)
                earlier = folder.old_path(path)
                if folder.is_copy:
                    old = old or path  # it was not there before
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
