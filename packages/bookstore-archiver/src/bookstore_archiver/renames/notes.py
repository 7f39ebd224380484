"""RenameNotes: notes on disk about renamed folders that are not yet recorded."""

import fcntl
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.file_states import is_at
from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import SpoolError
from bookstore_core.paths import printable
from bookstore_core.spool.directory import TMP, waiting_saves
from bookstore_core.spool.privacy import make_safe
from bookstore_core.spool.renamed_folders import (
    FOLDER,
    OVER,
    FolderRename,
    decode_rename,
    encode_recorded,
    rename_files,
)
from bookstore_core.spool.saves import entry_name
from bookstore_core.stores.versions import new_save_id

#: Bytes that are read of a note: the paths of a hundred thousand notebooks.
MAX_SIZE = 32 * 1024 * 1024

#: Bytes that are read of its first line: three paths, which JSON may write longer.
MAX_FIRST = 65536

_APPENDING = os.O_RDWR | os.O_APPEND


class RenameNote:
    """A rename on disk, locked by this process."""

    def __init__(self, rename: FolderRename, path: Path, file: BinaryIO) -> None:
        self.rename = rename
        self._path = path
        self._file = file

    def recorded(self, path: str) -> None:
        """Note that a version of the notebook at `path` records its move.

        It need not be durable: that version waits in the spool, and is not removed
        before `RenameNotes.stored`.
        """
        with suppress(OSError, ValueError):
            self._file.write(encode_recorded(path))
            self._file.flush()

    def over(self) -> None:
        """Note that nothing more needs to be recorded; durable."""
        with suppress(OSError, ValueError):  # at worst, it is walked again
            self._file.write(OVER)
            self._file.flush()
            os.fsync(self._file.fileno())

    def reload(self) -> None:
        """Read what other processes have noted as stored meanwhile."""
        self._file.seek(0)
        rename = decode_rename(self._file.read(MAX_SIZE))
        if rename is not None:
            self.rename = rename

    def remove(self) -> None:
        """Remove the note: all notebooks are recorded."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Unlock the note, so that another process can adopt it."""
        self._file.close()


class RenameNotes:
    """The notes in a spool: those of this process, and those of ended processes."""

    def __init__(
        self,
        spool_dir: str,
        *,
        log: logging.Logger,
        disk: Disk | None = None,
        believe: Callable[[FolderRename], bool] = lambda rename: True,
    ) -> None:
        self._believe = believe
        self._spool_dir = spool_dir
        self._log = log
        self._disk = disk or Disk()

    def write(self, rename: FolderRename) -> RenameNote | None:
        """Write a note, durable on return; return None if it cannot be written."""
        name = entry_name(rename.renamed_at, new_save_id())
        draft = Path(self._spool_dir) / TMP / name
        path = Path(self._spool_dir) / FOLDER / name
        try:
            self._disk.make_folder(draft.parent)
            self._disk.make_folder(path.parent)
            make_safe(Path(self._spool_dir), (TMP, FOLDER))
            return self._write(rename, draft, path)
        except (OSError, SpoolError) as error:
            with suppress(OSError):
                self._disk.remove(draft)
            self._log.warning(
                "The rename to %s could not be written to the spool (%s). If this "
                "server ends before it is recorded for all notebooks, their histories "
                "start anew.",
                printable(rename.new),
                error,
            )
            return None

    def _write(self, rename: FolderRename, draft: Path, path: Path) -> RenameNote:
        file = self._disk.create(draft)
        try:
            # The process that drains the spool adds lines too.
            fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(rename.encode())
            self._disk.sync(file)
            self._disk.move(draft, path)
        except BaseException:
            file.close()
            raise
        self._disk.sync_folder(path.parent)
        return RenameNote(rename, path, file)

    def adopt(self) -> list[RenameNote]:
        """Take over the notes of ended processes, oldest first, that are believed."""
        paths = rename_files(self._spool_dir)
        if not paths:
            return []
        try:
            make_safe(Path(self._spool_dir), (FOLDER,))
        except SpoolError:
            return []  # the log says so when a save is put into the spool
        found = [note for path in paths if (note := self._own(path)) is not None]
        if not found:
            return []
        try:
            saves = [save.metadata for save in waiting_saves(self._spool_dir)]
        except SpoolError:
            saves = []
        for note in found:
            # A process may have ended after it spooled a save, before it noted that. A
            # save that is not there any more is in the note: see `stored`.
            note.reload()
            recorded = {
                save.source_path
                for save in saves
                if save.moved_from and save.saved_at >= note.rename.renamed_at
            }
            note.rename = replace(note.rename, recorded=note.rename.recorded | recorded)
        return found

    def stored(self, path: str, saved_at: datetime) -> None:
        """Note that the store has the version that records a move to `path`; durable.

        The process that drains calls it before it removes the save from the spool, so
        that at any moment either the save or the note says that the move is recorded,
        whichever process ends.
        """
        for note in reversed(rename_files(self._spool_dir)):
            with suppress(OSError):  # at worst, it is recorded twice
                file = os.fdopen(open_regular(note, flags=_APPENDING), "r+b")
                with file:
                    first = file.read(MAX_FIRST).partition(b"\n")[0] + b"\n"
                    rename = decode_rename(first) if _is_own(file, note) else None
                    if rename is not None and rename.renamed_at <= saved_at:
                        path = self._note_stored(rename, path, file)

    def _note_stored(self, rename: FolderRename, path: str, file: BinaryIO) -> str:
        """Add a line, if the path is in the folder; return the path before that."""
        if not rename.contains(path):
            return path
        file.write(encode_recorded(path))
        self._disk.sync(file)
        return rename.old_path(path)

    def _own(self, path: Path) -> RenameNote | None:
        """Lock a note for this process; return None if another process has it."""
        try:
            file = os.fdopen(open_regular(path, flags=_APPENDING), "r+b")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_at(file, path) and _is_own(file, path):
                data = file.read(MAX_SIZE)
                rename = decode_rename(data)
                if rename is not None and self._believe(rename):
                    if not data.endswith(b"\n"):  # drop a torn line
                        file.truncate(file.seek(data.rfind(b"\n") + 1))
                    return RenameNote(rename, path, file)
        except OSError:
            pass  # another process has it, or has just removed it
        file.close()
        return None


def _is_own(file: BinaryIO, path: Path) -> bool:
    return os.fstat(file.fileno()).st_uid == path.parent.stat().st_uid
