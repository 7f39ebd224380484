"""Intake: puts saves, renames and restores into the spool."""

import logging
import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bookstore_archiver.hooks.event_loop import PathLocks
from bookstore_archiver.hooks.manager_content import os_path_of, source_of
from bookstore_archiver.known_versions import KnownVersions
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.renames.renames import Renames
from bookstore_archiver.roots import Roots
from bookstore_archiver.save_states import SaveStates
from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.entry import NO_PROVENANCE, OVERWRITTEN, Entry, Provenance
from bookstore_archiver.spool.sources import BytesSource, FileSource, Source
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.spool.unprotected import Unprotected
from bookstore_core.authors import author
from bookstore_core.errors import BookstoreError, InvalidRequestError, NotFoundError
from bookstore_core.history import WORKSPACE
from bookstore_core.moved_notes import is_note_key, note_key, write_note
from bookstore_core.origins import Origin
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.save_state import UNPROTECTED, SaveState
from bookstore_core.spool.unprotected import UnprotectedNotebook


class Intake:
    """Puts notebooks into the spool. Each archiver has one.

    `notify` is called with each entry that was added; `sends_now` returns whether this
    process sends it at once. `locks` order the saves of one path. The hooks around a
    contents manager call `keep`, `keep_present`, `keep_moved`; the second alone raises.
    """

    def __init__(
        self,
        settings: BookstoreSettings,
        spool: Spool,
        *,
        known_versions: KnownVersions,
        save_states: SaveStates,
        notify: Callable[[Entry], None],
        log: logging.Logger,
        sends_now: Callable[[], bool],
        disk: Disk | None = None,
    ) -> None:
        self.locks = PathLocks()
        self._settings = settings
        self._spool = spool
        self._known_versions = known_versions
        self._save_states = save_states
        self._notify = notify
        self._sends_now = sends_now
        self._log = log
        self._author = author()
        self.roots = Roots()
        self._unprotected = Unprotected(
            settings.spool_dir,
            log=log,
            adopted=self._remember_move,
            believe=self.roots.believed,
        )
        self.renames = Renames(
            self._keep_file,
            spool_dir=settings.spool_dir,
            roots=self.roots,
            log=log,
            disk=disk,
        )
        self._saved: dict[str, UnprotectedNotebook] = {}

    @property
    def unprotected(self) -> tuple[str, ...]:
        """Paths of notebooks whose newest save is missing from the spool."""
        return self._unprotected.paths

    def save_state(self, path: str) -> SaveState:
        """Return the state of the newest save of a notebook. Asks no store."""
        path = _normal(path)
        missing = self._unprotected.find(path)
        if missing is None:
            return self._save_states.of(path)
        reason = missing.refused or "The save could not be written to the spool."
        return SaveState(UNPROTECTED, reason=reason)

    def keep(
        self,
        manager: Any,
        model: Mapping[str, Any],
        path: str,
        origin: Origin | None = None,
    ) -> None:
        """Put what `manager` has just saved into the spool. Never raises."""
        path = _normal(path)
        self.renames.saved(path)
        provenance = Provenance.of_restore(origin, path)
        self._archive_previous(path)
        self._keep(manager, path, lambda: source_of(manager, model, path), provenance)

    def keep_written(
        self, manager: Any, source: Source, path: str, origin: Origin | None = None
    ) -> None:
        """Put what a failed save has written into the spool. Never raises.

        It becomes a version unless the newest one has the same content.
        """
        path = _normal(path)
        provenance = Provenance.of_restore(origin, path)
        self._archive_previous(path)
        self._keep(
            manager, path, lambda: source, replace(provenance, only_if_changed=True)
        )

    def keep_moved(
        self, manager: Any, old: str, new: str, source: Source | None = None
    ) -> None:
        """Put a notebook, or the notebooks of a folder, that moved into the spool.

        Their versions record the old path, and a note at the old path records the new
        one. The notebooks of a folder are added in another thread. Never raises.
        """
        old, new = _normal(old), _normal(new)
        self._archive_previous(new)
        found = self.renames.moved(manager, old, new, source)
        if found is not None:
            self._keep(manager, new, lambda: found)

    def keep_copied(self, manager: Any, path: str) -> None:
        """Put the notebooks of a folder that was copied into the spool. Never raises.

        They are added in another thread, as those of a renamed folder.
        """
        self.renames.copied(manager, _normal(path))

    def _archive_previous(self, path: str) -> None:
        """Archive the notebook that used to be at this path.

        Only if its folder was renamed and its new path is not recorded yet.
        """
        try:
            left = self.renames.find_left(path)
            if left is not None:
                self._keep_file(left.os_path, left.path, patient=False)
        except Exception:  # noqa: BLE001  # the edge of the user's save
            self._log.exception("Earlier renames could not be recorded.")

    def _keep_file(self, os_path: str, path: str, *, patient: bool = True) -> None:
        if not os.path.isfile(os_path):
            return  # it was moved again or removed
        # A save may have recorded the move meanwhile, with the same content.
        source = FileSource(os_path, patient=patient)
        self._keep(None, path, lambda: source, OVERWRITTEN, os_path=os_path)

    def _keep(
        self,
        manager: Any,
        path: str,
        find: Callable[[], Source],
        provenance: Provenance = NO_PROVENANCE,
        *,
        os_path: str | None = None,
    ) -> None:
        try:
            key = self._key(path)
        except InvalidRequestError as error:
            self._refuse(manager, path, error, os_path)
            return
        try:
            with self._unprotected.order(path):
                entry = self._add(find(), key, path, provenance=provenance)
            self._saved[path] = UnprotectedNotebook(path, key, entry.trailer.os_path)
        except InvalidRequestError as error:
            self._refuse(manager, path, error, os_path)
        except (OSError, BookstoreError) as error:
            found = os_path or os_path_of(manager, path) or ""
            notebook = UnprotectedNotebook(
                path, key, found, self.renames.pending_move(path)
            )
            self._unprotected.record_unspooled(notebook, error)
        except Exception:  # noqa: BLE001  # the edge of the user's save
            self._log.exception("A save of %r was not archived.", path)

    def _key(self, path: str) -> str:
        if reason := self._settings.wrong.get("workspace_prefix"):
            raise InvalidRequestError(reason)
        return WORKSPACE.key(self._settings, path)

    def _refuse(
        self, manager: Any, path: str, error: InvalidRequestError, os_path: str | None
    ) -> None:
        found = os_path or os_path_of(manager, path) or ""
        notebook = UnprotectedNotebook(path, "", found, refused=str(error))
        self._unprotected.record_refused(notebook)

    def keep_present(self, source: Source, path: str) -> None:
        """Put content that is about to be overwritten into the spool.

        It becomes a version unless the newest one has the same content. Raises OSError
        if the spool cannot be written, BookstoreError if the source cannot be read or
        the path is not valid.
        """
        path = _normal(path)
        key = self._key(path)
        self._archive_previous(path)
        with self._unprotected.order(path):
            self._add(source, key, path, provenance=OVERWRITTEN)

    def keep_restored(self, source: Source, path: str, origin: Origin) -> None:
        """Put content that was restored without a save into the spool.

        Raises InvalidRequestError if the path makes no valid key, OSError if the spool
        cannot be written.
        """
        path = _normal(path)
        key = self._key(path)
        self._add(source, key, path, provenance=Provenance.of_restore(origin, path))

    def archive(self, record: ArchiveRecord) -> None:
        """Put a record into the spool.

        Raises InvalidRequestError if the path makes no valid key, OSError if the spool
        cannot be written.
        """
        path = record.filepath.strip("/")
        key = self._key(path)
        content: str | bytes = record.content
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        self._add(BytesSource(data), key, path)

    def archive_file(self, os_path: str, path: str, *, saved_at: datetime) -> Entry:
        """Put the file `os_path` into the spool, as the notebook at `path`.

        Raises the errors of `archive`, and BookstoreError if the file cannot be read.
        """
        key = self._key(path)
        source = FileSource(os_path, patient=True)
        return self._add(source, key, path, saved_at=saved_at)

    def tend(self) -> None:
        """Spool the notebooks that are missing from the spool. Called regularly."""
        self.renames.tend()
        if self._unprotected.check():
            self._unprotected.record_removed(
                notebook
                for notebook in list(self._saved.values())
                if not notebook.os_path or os.path.isfile(notebook.os_path)
            )
        self.repair()

    def note_stored(self, entry: Entry) -> None:
        """Record that the store has a save, before it is removed from the spool."""
        known = entry.trailer.metadata
        if known.moved_from:
            self.renames.stored(known.source_path, known.saved_at)
        self._known_versions.hashed(known.source_path, known.save_id, known.sha256)

    def note_removed(self, entry: Entry) -> None:
        """Record that somebody removed a save from the spool before it was sent."""
        if not (is_note_key(entry.key) or entry.trailer.metadata.run):
            known, os_path = entry.trailer.metadata, entry.trailer.os_path
            notebook = UnprotectedNotebook(
                known.source_path, entry.key, os_path, known.moved_from
            )
            self._remember_move(notebook)
            self._unprotected.record_removed([notebook])

    def _remember_move(self, notebook: UnprotectedNotebook) -> None:
        if notebook.moved_from:
            self.renames.add_if_unknown(notebook.moved_from, notebook.path)

    def _repair(self, notebook: UnprotectedNotebook) -> None:
        if not os.path.lexists(notebook.os_path):
            raise NotFoundError(f"{notebook.os_path} was moved or removed.")
        # If the spool was removed, the store may already have this content.
        below = self.roots.above(notebook.os_path)
        self._add(
            FileSource(notebook.os_path, below=below, patient=True),
            notebook.key or self._key(notebook.path),
            notebook.path,
            provenance=OVERWRITTEN,
        )

    def _add(
        self,
        source: Source,
        key: str,
        path: str,
        *,
        saved_at: datetime | None = None,
        provenance: Provenance = NO_PROVENANCE,
    ) -> Entry:
        with self.renames.recording(path) as old:
            if old:
                provenance = replace(provenance, moved_from=old, only_if_changed=False)
            entry = self._spool.add(
                source,
                key=key,
                author=self._author,
                source_path=path,
                saved_at=saved_at,
                provenance=provenance,
                claimed=self._sends_now(),
            )
        self._notify(entry)
        self._unprotected.record_spooled(path)
        if old:
            self._known_versions.moved(old, path, at=entry.trailer.metadata.saved_at)
        self._known_versions.saved(path, entry)
        self._save_states.saved(path, entry)
        if old:
            self._leave_note(old, path)
        return entry

    def _leave_note(self, old: str, new: str) -> None:
        """Add a note at the old path with the new one. A failure is only logged."""
        try:
            key = note_key(self._key(old))
            note = BytesSource(write_note(new))
            entry = self._spool.add(note, key=key, author=self._author, source_path=old)
        except (OSError, BookstoreError) as error:
            self._log.info(
                "The note with the new path of %s could not be written: %s",
                printable(old),
                error,
            )
        else:
            self._notify(entry)

    def repair(self) -> None:
        """Archive the newest state of the unprotected notebooks, as far as possible."""
        self._unprotected.repair(self._repair)

    def close(self) -> None:
        """Leave the unprotected notebooks to the next process."""
        self._unprotected.close()


def _normal(path: str) -> str:
    # For a manager, ./a.ipynb and a.ipynb are one file; they get one key.
    return posixpath.normpath(path.strip("/"))
