"""Backfill: versions of the notebooks that were there before bookstore was."""

import hashlib
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import BinaryIO, TypeVar

from bookstore_archiver.archiving import Archiver
from bookstore_archiver.notebook_files import NotebookFile
from bookstore_archiver.patience import Patience
from bookstore_archiver.room import MOST_BYTES, MOST_SAVES
from bookstore_archiver.snapshots import CHUNK
from bookstore_core.errors import (
    InvalidRequestError,
    NotFoundError,
    SpoolError,
    StorageUnavailableError,
)
from bookstore_core.paths import notebook_key
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.stores import Version, VersionStore, utc_now

T = TypeVar("T")

#: Seconds between the attempts to ask the store for a notebook's newest version.
PAUSES = (0.2, 0.5, 1.0, 2.0)

#: How often a notebook is added again that somebody saves meanwhile.
ATTEMPTS = 3


class Kind(Enum):
    """What became of a notebook."""

    ARCHIVED = auto()  # it is in the spool
    UNCHANGED = auto()  # its newest version has the same content
    GONE = auto()  # removed since it was found
    FAILED = auto()


@dataclass(frozen=True)
class Result:
    """What became of a notebook; `reason` says why it failed."""

    path: str
    kind: Kind
    reason: str = ""


class Backfill:
    """Adds notebooks to the spool whose newest version is not what is on disk.

    It keeps no list of its own: what it did is in the spool and in the store, so one
    that was interrupted goes on when it is run again. Safe to use from several threads.
    """

    def __init__(
        self,
        archiver: Archiver,
        store: VersionStore,
        *,
        patience: Patience,
        pauses: tuple[float, ...] = PAUSES,
        most_saves: int = MOST_SAVES,
    ) -> None:
        self._archiver = archiver
        self._settings = archiver.settings
        self._store = store
        self._patience = patience
        self._pauses = pauses
        self._most_saves = most_saves
        self._stopped = threading.Event()
        # Raises SpoolError where the spool cannot be read.
        self._waiting = {
            save.key: save.sha256 for save in waiting_saves(self._settings.spool_dir)
        }

    def run(self, notebooks: Iterable[NotebookFile]) -> Generator[Result, None, None]:
        """Yield what became of each notebook, as it becomes known.

        Raises what stands in the way of all of them: a store that cannot be asked or
        refuses, a spool that cannot be written.
        """
        threads = self._settings.max_threads
        pool = ThreadPoolExecutor(threads, thread_name_prefix="bookstore-backfill")
        running: set[Future[Result]] = set()
        try:
            for notebook in notebooks:
                running.add(pool.submit(self.add, notebook))
                while len(running) >= 2 * threads:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from self._settle(done)
            yield from self._settle(running)
        finally:
            self._stopped.set()
            pool.shutdown(cancel_futures=True)

    def _settle(self, done: Iterable[Future[Result]]) -> Iterator[Result]:
        for future in done:
            result = future.result()
            if result.kind is Kind.ARCHIVED:
                self._wait_for_room()
            yield result

    def _wait_for_room(self) -> None:
        """Wait while the spool is full: it lies on the disk that people save on."""
        while True:
            counts = count_spool(self._settings.spool_dir)
            if counts.waiting <= self._most_saves and counts.bytes <= MOST_BYTES:
                return
            refused = self._archiver.status.refused
            if refused or not self._patience.allows(counts):
                raise self._patience.obstacle(counts.waiting)
            self._stopped.wait(0.1)

    def add(self, notebook: NotebookFile) -> Result:
        """Put a notebook into the spool, unless its newest version is the same."""
        try:
            return Result(notebook.path, self._add(notebook))
        except NotFoundError:
            return Result(notebook.path, Kind.GONE)
        except (InvalidRequestError, SpoolError) as error:
            # Of this one notebook: its path makes no key, or it cannot be read.
            return Result(notebook.path, Kind.FAILED, str(error))
        except OSError as error:
            raise SpoolError(f"The spool cannot be written: {error}") from error

    def _add(self, notebook: NotebookFile) -> Kind:
        key = notebook_key(self._settings.workspace_prefix, notebook.path)
        kind = Kind.UNCHANGED
        for _ in range(ATTEMPTS):
            before = _status_of(notebook.os_path)
            if self._is_known(key, notebook.os_path, before.st_size):
                return kind
            saved_at = datetime.fromtimestamp(before.st_mtime, UTC)
            entry = self._archiver.archive_file(
                notebook.os_path, notebook.path, saved_at=min(saved_at, utc_now())
            )
            self._waiting[key] = entry.trailer.sha256
            kind = Kind.ARCHIVED
            # Whoever saved it meanwhile was perhaps faster: the newest comes last.
            if _is_same(before, _status_of(notebook.os_path)):
                break
        return kind

    def _is_known(self, key: str, os_path: str, size: int) -> bool:
        """Whether the newest version, waiting or in the store, has this content."""
        waiting = self._waiting.get(key)
        if waiting is not None and waiting == _sha256_of_file(os_path):
            return True
        newest = self._newest(key)
        if newest is None or newest.deleted or newest.size != size:
            return False
        return self._sha256_of(newest) == _sha256_of_file(os_path)

    def _newest(self, key: str) -> Version | None:
        def look() -> Version | None:
            try:
                return self._store.head(key)
            except NotFoundError:
                return None

        return self._persist(look)

    def _sha256_of(self, version: Version) -> str:
        known = version.metadata.sha256 if version.metadata else ""
        return known or self._persist(lambda: self._read_sha256(version))

    def _read_sha256(self, version: Version) -> str:
        # Written by something else, such as an older bookstore.
        with self._store.open(version.key, version.version_id or None) as opened:
            return _sha256(opened.body)

    def _persist(self, ask: Callable[[], T]) -> T:
        for pause in self._pauses:
            try:
                return ask()
            except StorageUnavailableError:
                if self._stopped.wait(pause):
                    break
        return ask()


def _status_of(os_path: str) -> os.stat_result:
    try:
        return os.stat(os_path)
    except FileNotFoundError:
        raise NotFoundError(f"{os_path} is gone.") from None
    except OSError as error:
        raise SpoolError(f"{os_path} cannot be read: {error}") from error


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


def _sha256_of_file(os_path: str) -> str:
    try:
        with open(os_path, "rb", buffering=0) as file:
            return _sha256(file)
    except FileNotFoundError:
        raise NotFoundError(f"{os_path} is gone.") from None
    except OSError as error:
        raise SpoolError(f"{os_path} cannot be read: {error}") from error


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
