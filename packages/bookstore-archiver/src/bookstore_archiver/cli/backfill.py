"""`jupyter bookstore backfill`: archive existing notebooks."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from traitlets import Unicode

from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import ArchiverVerb, Patience
from bookstore_archiver.notebook_files import NotebookFile, find_notebooks
from bookstore_archiver.spool.capacity import MAX_SAVES, has_room
from bookstore_archiver.spool.file_states import is_unchanged
from bookstore_archiver.uploads.timing import Timing
from bookstore_core.cli.command import Verb
from bookstore_core.cli.notebook_verb import ROOT_HELP
from bookstore_core.clock import file_time
from bookstore_core.errors import (
    InvalidRequestError,
    NewerVersionError,
    NotFoundError,
    SpoolError,
    StorageUnavailableError,
)
from bookstore_core.history import WORKSPACE
from bookstore_core.jupyter.server_root import find_root
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.stores import Version, VersionStore, open_store, utc_now
from bookstore_core.stores.streams import sha256_of

T = TypeVar("T")

#: Seconds between attempts to read a notebook's newest version from the store.
PAUSES = (0.2, 0.5, 1.0, 2.0)

#: How many times a notebook is added if somebody saves it meanwhile.
ATTEMPTS = 3


class BackfillResult(Enum):
    """What backfill did with a notebook."""

    ARCHIVED = auto()  # it is in the spool
    UNCHANGED = auto()  # its newest version has the same content
    GONE = auto()  # it was removed after it was found
    FAILED = auto()


@dataclass(frozen=True)
class Outcome:
    """The result for a notebook; `reason` is set if it failed."""

    path: str
    result: BackfillResult
    reason: str = ""


class Backfill:
    """Adds notebooks to the spool if their newest version differs from the file.

    It compares with the spool and the store and keeps no state of its own, so it can be
    interrupted and run again. Safe to use from several threads.
    """

    def __init__(
        self,
        archiver: Archiver,
        store: VersionStore,
        *,
        patience: Patience,
        pauses: tuple[float, ...] = PAUSES,
        max_saves: int = MAX_SAVES,
    ) -> None:
        self._archiver = archiver
        self._settings = archiver.settings
        self._store = store
        self._patience = patience
        self._pauses = pauses
        self._max_saves = max_saves
        self._stopped = threading.Event()
        # Raises SpoolError if the spool cannot be read.
        self._waiting = {
            save.key: save.metadata.sha256
            for save in waiting_saves(self._settings.spool_dir, hashed=True)
        }

    def run(self, notebooks: Iterable[NotebookFile]) -> Generator[Outcome, None, None]:
        """Yield the outcome of each notebook when it is known.

        Raises BookstoreError if no notebook can be archived: the store cannot be
        reached or refuses, or the spool cannot be written.
        """
        threads = self._settings.max_threads
        pool = ThreadPoolExecutor(threads, thread_name_prefix="bookstore-backfill")
        running: set[Future[Outcome]] = set()
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

    def _settle(self, done: Iterable[Future[Outcome]]) -> Iterator[Outcome]:
        for future in done:
            outcome = future.result()
            if outcome.result is BackfillResult.ARCHIVED:
                self._wait_for_room()
            yield outcome

    def _wait_for_room(self) -> None:
        """Wait while the spool is full: it is on the disk that people save on."""
        while True:
            counts = count_spool(self._settings.spool_dir)
            if has_room(counts, max_saves=self._max_saves):
                return
            refused = self._archiver.status.refused
            if refused or not self._patience.allows(counts):
                raise self._patience.error_for(counts.waiting)
            self._stopped.wait(0.1)

    def add(self, notebook: NotebookFile) -> Outcome:
        """Put a notebook into the spool, unless its newest version has this content."""
        try:
            return Outcome(notebook.path, self._add(notebook))
        except NotFoundError:
            return Outcome(notebook.path, BackfillResult.GONE)
        except (InvalidRequestError, SpoolError) as error:
            # Only this notebook: its path makes no valid key, or it cannot be read.
            return Outcome(notebook.path, BackfillResult.FAILED, str(error))
        except OSError as error:
            raise SpoolError(f"The spool cannot be written: {error}") from error

    def _add(self, notebook: NotebookFile) -> BackfillResult:
        key = WORKSPACE.key(self._settings, notebook.path)
        result = BackfillResult.UNCHANGED
        for _ in range(ATTEMPTS):
            before = _status_of(notebook.os_path)
            if self._is_known(key, notebook.os_path, before.st_size):
                return result
            saved_at = min(file_time(before.st_mtime), utc_now())
            entry = self._archiver.intake.archive_file(
                notebook.os_path, notebook.path, saved_at=saved_at
            )
            self._waiting[key] = entry.trailer.metadata.sha256
            result = BackfillResult.ARCHIVED
            # If it was saved meanwhile, add it again: the newest content comes last.
            if is_unchanged(before, _status_of(notebook.os_path)):
                break
        return result

    def _is_known(self, key: str, os_path: str, size: int) -> bool:
        """Return whether the newest version, in spool or store, has this content."""
        waiting = self._waiting.get(key)
        if waiting is not None and waiting == _sha256_of_file(os_path):
            return True
        newest = self._newest(key)
        if newest is None or newest.deleted or newest.size != size:
            return False
        wanted = _sha256_of_file(os_path)
        claimed = newest.metadata.sha256 if newest.metadata else ""
        # What metadata says is not believed, because then nothing would be archived.
        return claimed in ("", wanted) and self._persist(
            lambda: self._store.holds(newest, wanted)
        )

    def _newest(self, key: str) -> Version | None:
        def look() -> Version | None:
            try:
                return self._store.head(key)
            except (NotFoundError, NewerVersionError):
                return None

        return self._persist(look)

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


def _sha256_of_file(os_path: str) -> str:
    try:
        with open(os_path, "rb", buffering=0) as file:
            return sha256_of(file)
    except FileNotFoundError:
        raise NotFoundError(f"{os_path} is gone.") from None
    except OSError as error:
        raise SpoolError(f"{os_path} cannot be read: {error}") from error


class BackfillApp(ArchiverVerb):
    """Archive notebooks that have no version, or whose newest version differs.

    PATH is a folder or a notebook; without any, all notebooks below the notebook
    server's root directory are archived. Hidden files and folders are left out, and
    links to folders and to files that do not end in .ipynb. The time of a version is
    when its file was last changed. If it is interrupted, run it again: it skips what is
    archived already. Exit codes: 0 done, 1 some notebooks failed, 2 a path is outside
    of the root directory or is not a notebook, 4 a path does not exist; 3, 5 and 7 have
    the same meaning as for drain.
    """

    name = "jupyter-bookstore-backfill"
    description = __doc__
    examples = "jupyter bookstore backfill projects old/report.ipynb"
    words = ("[PATH ...]",)
    root_dir = Unicode("", help=ROOT_HELP).tag(config=True)
    aliases = {**Verb.aliases, "root-dir": "BackfillApp.root_dir"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.checked_settings()
        root = find_root(self.config, self.extra_args, self.root_dir).sure()
        # Walked twice: a list of all notebooks could be too large for memory.
        total = sum(1 for _ in find_notebooks(root, self.extra_args))
        store = open_store(settings)
        archiver = Archiver(
            settings, log=self.log, store=lambda: store, timing=Timing(busy=0)
        )
        archiver.intake.roots.add(root)
        patience = Patience(archiver, report=self.print_message)
        backfill = Backfill(archiver, store, patience=patience)
        notebooks = find_notebooks(root, self.extra_args)
        try:
            with closing(backfill.run(notebooks)) as outcomes:
                counts = self._count(outcomes, total)
            self.empty_spool(archiver, patience)
        finally:
            archiver.close()
        value = {result.name.lower(): counts[result] for result in BackfillResult}
        self.show({"root_dir": root, **value}, [_summary(counts)])
        return 1 if counts[BackfillResult.FAILED] else 0

    def _count(
        self, outcomes: Iterable[Outcome], total: int
    ) -> Counter[BackfillResult]:
        counts: Counter[BackfillResult] = Counter()
        with self.bar(total, " notebook") as bar:
            for outcome in outcomes:
                counts[outcome.result] += 1
                bar.update()
                if outcome.result is BackfillResult.FAILED:
                    self.print_message(f"{outcome.path}: {outcome.reason}")
        return counts


def _summary(counts: Counter[BackfillResult]) -> str:
    shown = (BackfillResult.ARCHIVED, BackfillResult.UNCHANGED, BackfillResult.FAILED)
    return (
        ", ".join(f"{result.name.lower()} {counts[result]}" for result in shown) + "."
    )
