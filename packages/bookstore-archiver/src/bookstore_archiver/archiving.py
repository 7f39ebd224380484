"""Archiver: what happens to a save, from the contents manager to the spool."""

import logging
import os
import posixpath
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

from bookstore_archiver.disk import Disk
from bookstore_archiver.locks import PathLocks
from bookstore_archiver.moving import Mover, Moves
from bookstore_archiver.news import NO_NEWS, PRESENT, News
from bookstore_archiver.recent import RecentVersions
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.rename_notes import RenameNotes
from bookstore_archiver.reverting import Reverted, find_reverted
from bookstore_archiver.sending import Sender
from bookstore_archiver.snapshots import (
    BytesSource,
    FileSource,
    Source,
    has_files,
    os_folder_of,
    os_path_of,
    source_of,
)
from bookstore_archiver.spooling import Entry, Spool
from bookstore_archiver.stats import Stats
from bookstore_archiver.timing import Timing
from bookstore_archiver.unprotected import Unprotected
from bookstore_archiver.uploading import Uploader
from bookstore_core.authors import author
from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.history import History
from bookstore_core.moved_notes import is_note_key, note_key, write_note
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import Origin
from bookstore_core.paths import notebook_key, printable, s3_display_path
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import (
    SpoolCounts,
    count_spool,
)
from bookstore_core.spool.drain_status import (
    DrainStatus,
)
from bookstore_core.spool.losses import Loss
from bookstore_core.stores import VersionStore, open_store, utc_now


class Archiver:
    """Puts saves into the spool and has them uploaded; one for each notebook server."""

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        log: logging.Logger,
        store: Callable[[], VersionStore] | None = None,
        disk: Disk | None = None,
        clock: Callable[[], datetime] = utc_now,
        timing: Timing | None = None,
    ) -> None:
        self.settings = settings
        self.locks = PathLocks()
        self._log = log
        self._author = author()
        self._refused: set[str] = set()
        self._stats = Stats(log, clock=clock)
        self._unprotected = Unprotected(
            settings.spool_dir, log=log, adopted=self._remind
        )
        self._saved: dict[str, Loss] = {}
        self._spool = Spool(settings.spool_dir, clock=clock, disk=disk)
        find_store = store or (lambda: open_store(settings, hurried=True))
        self.recent = RecentVersions(lambda: History(find_store(), settings), log=log)
        self._texts: set[str] = set()
        self._moves = Moves(RenameNotes(settings.spool_dir, log=log, disk=disk))
        self._mover = Mover(self._keep_file, spool_dir=settings.spool_dir, log=log)
        self._uploader = Uploader(
            self._spool,
            Sender(
                self._spool,
                store or (lambda: open_store(settings)),
                settings=settings,
                clock=clock,
            ),
            self._stats,
            log=log,
            max_threads=settings.max_threads,
            min_interval=settings.min_interval,
            tend=self._tend,
            removed=self._note_removed,
            timing=timing,
        )

    @property
    def destination(self) -> str:
        """Where versions go, for people."""
        settings = self.settings
        if settings.storage == "local":
            root = os.path.join(settings.local_root, settings.bucket)
            return os.path.join(root, settings.workspace_prefix.lstrip("/"))
        return s3_display_path(settings.bucket, settings.workspace_prefix)

    @property
    def status(self) -> DrainStatus:
        """How the uploads of this process go."""
        return self._stats.status()

    @property
    def unprotected(self) -> tuple[str, ...]:
        """The notebooks whose newest save is not in the spool, as far as is known."""
        return self._unprotected.paths

    def start(self) -> None:
        """Begin to upload what the spool holds, and will hold."""
        self._uploader.start()

    def close(self) -> None:
        """Wait the configured time for uploads, and leave the rest in the spool."""
        self._unprotected.repair(self._repair)
        end = time.monotonic() + self.settings.shutdown_timeout
        if not self._mover.close(self.settings.shutdown_timeout):
            self._log.info("The next start goes on with the renamed folders.")
        self._moves.release()
        self._uploader.stop(max(0.0, end - time.monotonic()))
        self._unprotected.close()

    @property
    def failure(self) -> BaseException | None:
        """What is in the way of this process's uploads now, if anything."""
        return self._stats.failure

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process drains the spool, and this one only adds."""
        return self._uploader.is_elsewhere

    def drain(
        self,
        timeout: float | None = None,
        *,
        go_on: Callable[[SpoolCounts], bool] = lambda counts: True,
    ) -> bool:
        """Upload everything; return whether the spool is empty. For commands.

        It gives up as `Uploader.drain` does.
        """
        self._tend()
        end = None if timeout is None else time.monotonic() + timeout
        if not self._mover.wait(0):
            self._uploader.start()  # which makes room for what the mover adds
            while not self._mover.wait(0.1) and go_on(self._count()):
                if end is not None and time.monotonic() > end:
                    break
            timeout = None if end is None else max(0.0, end - time.monotonic())
        return self._uploader.drain(timeout, go_on=go_on)

    def _count(self) -> SpoolCounts:
        return count_spool(self.settings.spool_dir)

    def keep(
        self,
        manager: Any,
        model: Mapping[str, Any],
        path: str,
        origin: Origin | None = None,
    ) -> None:
        """Put what `manager` has just saved into the spool; never raises."""
        path = _normal(path)
        if not path.endswith(SUFFIX):
            self._texts.add(path)  # jupytext's: a notebook all the same
        news = News.of_restore(origin, path)
        self._make_way(path)
        self._keep(manager, path, lambda: source_of(manager, model, path), news)

    def keep_moved(
        self, manager: Any, old: str, new: str, source: Source | None = None
    ) -> None:
        """Put the notebooks that were at `old` into the spool as they are at `new`.

        Their versions say where they came from, and a note at the old path where they
        are. Those of a folder follow beside. Never raises.
        """
        old, new = _normal(old), _normal(new)
        self._make_way(new)
        folder = os_folder_of(manager, new)
        if folder is not None:
            self._mover.follow(self._moves.add_folder(old, new, folder))
        elif old in self._texts or (old.endswith(SUFFIX) and new.endswith(SUFFIX)):
            if not new.endswith(SUFFIX):
                self._texts.add(new)
            self._moves.add(old, new)
            os_path = os_path_of(manager, new)
            found = FileSource(os_path) if os_path is not None else source
            if found is not None:
                self._keep(manager, new, lambda: found)
        elif not has_files(manager):
            # Perhaps a folder: nobody but its notebooks' next saves can tell.
            self._moves.add_folder(old, new)

    def _make_way(self, path: str) -> None:
        """Have the notebook tell where it is that left this path with its folder."""
        try:
            self._follow_left(once=True)
            left = self._moves.find_left(path)
            if left is not None:
                self._keep_file(left.os_path, left.path)
        except Exception:  # noqa: BLE001  # the edge of the user's save
            self._log.exception("Renames are not followed.")

    def _keep_file(self, os_path: str, path: str) -> None:
        if os.path.isfile(os_path):  # else it was moved on, or removed
            self._keep(None, path, lambda: FileSource(os_path), os_path=os_path)

    def _keep(
        self,
        manager: Any,
        path: str,
        find: Callable[[], Source],
        news: News = NO_NEWS,
        *,
        os_path: str | None = None,
    ) -> None:
        try:
            key = notebook_key(self.settings.workspace_prefix, path)
        except InvalidRequestError as error:
            self._refuse(path, error)
            return
        try:
            with self._unprotected.order(path):
                entry = self._add(find(), key, path, news=news)
            self._saved[path] = Loss(path, key, entry.trailer.os_path)
        except InvalidRequestError as error:
            self._refuse(path, error)
        except (OSError, BookstoreError) as error:
            found = os_path or os_path_of(manager, path) or ""
            loss = Loss(path, key, found, self._moves.untold(path))
            self._unprotected.lost(loss, error)
        except Exception:  # noqa: BLE001  # the edge of the user's save
            self._log.exception("A save of %r was not archived.", path)

    def _refuse(self, path: str, error: InvalidRequestError) -> None:
        if path not in self._refused:
            self._refused.add(path)
            self._log.warning("Saves of %r are not archived: %s", path, error)

    def keep_present(self, source: Source, path: str) -> None:
        """Put what is about to be written over into the spool.

        It becomes a version unless the newest one has the same content. Raises what is
        in the way: OSError of the spool, BookstoreError of the source or the path.
        """
        path = _normal(path)
        key = notebook_key(self.settings.workspace_prefix, path)
        self._make_way(path)
        with self._unprotected.order(path):
            self._add(source, key, path, news=PRESENT)

    def keep_restored(self, data: bytes, path: str, origin: Origin) -> None:
        """Put content that was restored, not by a save, into the spool.

        Raises InvalidRequestError for a path that no key can be made of, OSError when
        the spool cannot be written.
        """
        path = _normal(path)
        key = notebook_key(self.settings.workspace_prefix, path)
        self._add(BytesSource(data), key, path, news=News.of_restore(origin, path))

    def find_reverted(self, path: str, checkpoint: str) -> Reverted:
        """Return what a checkpoint of the notebook at `path` stands for.

        Raises VersionNotFoundError where there is no such one, and what the store
        raises.
        """
        return find_reverted(path, checkpoint, recent=self.recent, spool=self._spool)

    def archive(self, record: ArchiveRecord) -> None:
        """Put a record into the spool.

        Raises InvalidRequestError for a path that no key can be made of, OSError when
        the spool cannot be written.
        """
        path = record.filepath.strip("/")
        key = notebook_key(self.settings.workspace_prefix, path)
        content: str | bytes = record.content
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        self._add(BytesSource(data), key, path)

    def archive_file(self, os_path: str, path: str, *, saved_at: datetime) -> Entry:
        """Put the notebook at `os_path` into the spool, as the one at `path`.

        Raises as `archive` does, and BookstoreError when the file cannot be read.
        """
        key = notebook_key(self.settings.workspace_prefix, path)
        return self._add(FileSource(os_path), key, path, saved_at=saved_at)

    def _tend(self) -> None:
        """Look after what the spool should hold and does not."""
        self._follow_left()
        self._moves.tidy()
        if self._unprotected.look():
            self._unprotected.removed(
                loss
                for loss in list(self._saved.values())
                if not loss.os_path or os.path.isfile(loss.os_path)
            )
        self._unprotected.repair(self._repair)

    def _note_removed(self, entry: Entry) -> None:
        trailer = entry.trailer
        if not is_note_key(trailer.key):
            path, moved_from = trailer.source_path, trailer.moved_from
            self._remind(loss := Loss(path, trailer.key, trailer.os_path, moved_from))
            self._unprotected.removed([loss])

    def _remind(self, loss: Loss) -> None:
        if loss.moved_from:
            self._moves.remind(loss.moved_from, loss.path)

    def _follow_left(self, *, once: bool = False) -> None:
        """Follow the renames that ended processes have not worked through."""
        for folder in self._moves.adopt(once=once):
            self._mover.follow(folder)

    def _repair(self, loss: Loss) -> None:
        # The store may have it, where it is the removal of a spool that is repaired.
        self._add(FileSource(loss.os_path), loss.key, loss.path, news=PRESENT)

    def _add(
        self,
        source: Source,
        key: str,
        path: str,
        *,
        saved_at: datetime | None = None,
        news: News = NO_NEWS,
    ) -> Entry:
        self._follow_left(once=True)
        with self._moves.telling(path) as old:
            if old:
                news = replace(news, moved_from=old, only_if_changed=False)
            entry = self._spool.add(
                source,
                key=key,
                author=self._author,
                source_path=path,
                saved_at=saved_at,
                news=news,
            )
        self._uploader.notify(entry)
        self._unprotected.regained(path)
        if old:
            self.recent.moved(old, path)
        self.recent.saved(path, entry)
        if old:
            self._leave_note(old, path)
        return entry

    def _leave_note(self, old: str, new: str) -> None:
        """Say at the old path where the notebook is; it is lost if that fails."""
        try:
            key = note_key(notebook_key(self.settings.workspace_prefix, old))
            note = BytesSource(write_note(new))
            entry = self._spool.add(note, key=key, author=self._author, source_path=old)
        except (OSError, BookstoreError) as error:
            self._log.info("No note says where %s is: %s", printable(old), error)
        else:
            self._uploader.notify(entry)


def _normal(path: str) -> str:
    # A manager takes ./a.ipynb for a.ipynb, so one key is for both.
    return posixpath.normpath(path.strip("/"))


def drain(
    settings: BookstoreSettings,
    *,
    log: logging.Logger,
    timeout: float | None = None,
) -> bool:
    """Upload what a spool holds, without a server; return whether it is empty.

    Gives up after `timeout` seconds, and when the store refuses. Where a server drains
    the spool already, this waits for it.
    """
    with closing(Archiver(settings, log=log)) as archiver:
        return archiver.drain(timeout)
