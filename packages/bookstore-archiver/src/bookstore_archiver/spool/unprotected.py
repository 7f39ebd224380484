"""Unprotected: notebooks whose newest save is not in the spool but should be."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from bookstore_archiver.spool.unprotected_file import UnprotectedFile
from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.paths import printable
from bookstore_core.spool.unprotected import UnprotectedNotebook

#: Seconds without a removed save after which the next one is logged again.
QUIET = 300.0

Repair = Callable[[UnprotectedNotebook], object]

#: Returns the notebook to archive for one that another process has listed, or None.
Believe = Callable[[UnprotectedNotebook], UnprotectedNotebook | None]


class Unprotected:
    """Lists them, also for the next process, and archives their newest state.

    Their saves could not be put into the spool, or somebody has removed them from it.
    Each problem is logged once until it is resolved. `adopted` is called with each
    notebook that an ended process has listed, if `believe` returns it; the others stay
    in that process's list.
    """

    def __init__(
        self,
        spool_dir: str,
        *,
        log: logging.Logger,
        adopted: Callable[[UnprotectedNotebook], None] = lambda notebook: None,
        believe: Believe = lambda notebook: notebook,
    ) -> None:
        self._spool_dir = spool_dir
        self._log = log
        self._adopted = adopted
        self._believe = believe
        self._file = UnprotectedFile(spool_dir)
        self._lock = threading.Lock()
        self._repairing = threading.Lock()
        self._notebooks: dict[str, UnprotectedNotebook] = {}
        self._logged_unspooled = self._unwritten = False
        self._logged_removed: float | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the notebooks, sorted."""
        return tuple(sorted(self._notebooks))

    def find(self, path: str) -> UnprotectedNotebook | None:
        """Return the notebook with this path, if it is unprotected."""
        return self._notebooks.get(path)

    def order(self, path: str) -> AbstractContextManager[object]:
        """Return the lock to hold while a save of `path` is put into the spool.

        A repair reads the same file; the newer content must come second.
        """
        return self._repairing if path in self._notebooks else nullcontext()

    def record_unspooled(self, notebook: UnprotectedNotebook, error: Exception) -> None:
        """Record that a save of the notebook could not be put into the spool."""
        with self._lock:
            first, self._logged_unspooled = not self._logged_unspooled, True
            self._note({notebook.path: notebook})
        if first:
            self._log.error(
                "Saves are NOT protected: they cannot be put into the spool (%s). "
                "Notebooks are saved, but get no versions until this is resolved; then "
                "the newest state of each is archived.",
                error,
            )

    def record_refused(self, notebook: UnprotectedNotebook) -> None:
        """Record that no save of the notebook can be archived, and why."""
        with self._lock:
            known = self._notebooks.get(notebook.path)
            self._note({notebook.path: notebook})
        if known is None or known.refused != notebook.refused:
            self._log.error(
                "Saves of %s are NOT archived. %s",
                printable(notebook.path),
                notebook.refused,
            )

    def record_removed(self, notebooks: Iterable[UnprotectedNotebook]) -> None:
        """Record that saves were removed from the spool before they were sent."""
        found = {notebook.path: notebook for notebook in notebooks}
        if not found:
            return
        with self._lock:
            # Each one is only missed when its turn comes.
            logged, self._logged_removed = self._logged_removed, time.monotonic()
            first = logged is None or self._logged_removed - logged > QUIET
            self._note(found)
        if first:
            self._log.error(
                "Saves were removed from the spool %s, and not by bookstore, for "
                "example saves of %s. The newest state of each notebook is archived "
                "again; earlier states are lost.",
                self._spool_dir,
                printable(min(found)),
            )

    def record_spooled(self, path: str) -> None:
        """Record that the newest save of the notebook is in the spool."""
        if path not in self._notebooks:
            return
        with self._lock:
            self._notebooks.pop(path, None)
            self._keep()
            waits = any(not known.refused for known in self._notebooks.values())
            over = not waits and self._logged_unspooled
            self._logged_unspooled = self._logged_unspooled and waits
        if over:
            self._log.info("Saves are protected again: the spool can be written.")

    def check(self) -> bool:
        """Take over the lists of ended processes, and write this process's own.

        Returns whether somebody has removed the spool.
        """
        with self._lock:
            removed = self._file.was_removed
            if removed or self._unwritten:
                self._keep()
            self._file.reserve()
            self._file.adopt(self._adopt)
        return removed

    def _adopt(self, listed: list[UnprotectedNotebook]) -> list[UnprotectedNotebook]:
        """Take over what is believed; return what is to stay in the other list."""
        believed = [(notebook, self._believe(notebook)) for notebook in listed]
        notebooks = [known for _, known in believed if known is not None]
        waiting = [notebook for notebook in notebooks if not notebook.refused]
        if waiting:
            self._log.warning(
                "An earlier process could not protect the newest state of some "
                "notebooks (%d). It is archived now.",
                len(waiting),
            )
        for notebook in notebooks:
            self._adopted(notebook)
        self._note({known.path: known for known in notebooks} | self._notebooks)
        if self._unwritten:
            return listed
        return [notebook for notebook, known in believed if known is None]

    def repair(self, archive: Repair) -> None:
        """Call `archive` with each notebook, until it raises OSError (no room)."""
        for path, notebook in list(self._notebooks.items()):
            if not notebook.os_path:
                continue  # no file on this machine; its next save protects it
            with self._repairing:
                if path not in self._notebooks:
                    continue
                try:
                    archive(notebook)
                except NotFoundError:
                    self._log.warning(
                        "%s was moved or removed before its last save could be "
                        "archived.",
                        printable(path),
                    )
                except BookstoreError:
                    continue  # it cannot be read; its next save protects it
                except OSError:
                    return  # still no room
                self.record_spooled(path)

    def close(self) -> None:
        """Leave the unprotected notebooks to the next process."""
        with self._lock:
            self._file.close()

    def _note(self, notebooks: dict[str, UnprotectedNotebook]) -> None:
        if notebooks.items() - self._notebooks.items() or self._unwritten:
            self._notebooks |= notebooks
            self._keep()

    def _keep(self) -> None:
        self._unwritten = not self._file.keep(self._notebooks.values())
