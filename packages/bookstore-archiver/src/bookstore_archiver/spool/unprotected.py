"""Unprotected: notebooks whose newest save is not in the spool, though it should be."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from bookstore_archiver.spool.unprotected_file import UnprotectedFile
from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.paths import printable
from bookstore_core.spool.unprotected import UnprotectedNotebook

#: Seconds without a save that was removed, before the next one is logged again.
QUIET = 300.0

Repair = Callable[[UnprotectedNotebook], object]


class Unprotected:
    """Remembers them, also beyond this process, and archives their newest state.

    They are those that could not be put into the spool, and those that somebody has
    removed from it. Each of both is logged once, until it is over.
    """

    def __init__(
        self,
        spool_dir: str,
        *,
        log: logging.Logger,
        adopted: Callable[[UnprotectedNotebook], None] = lambda notebook: None,
    ) -> None:
        self._spool_dir = spool_dir
        self._log = log
        self._adopted = adopted
        self._file = UnprotectedFile(spool_dir)
        self._lock = threading.Lock()
        self._repairing = threading.Lock()
        self._notebooks: dict[str, UnprotectedNotebook] = {}
        self._logged_unspooled = self._unwritten = False
        self._logged_removed: float | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The notebooks' paths."""
        return tuple(sorted(self._notebooks))

    def order(self, path: str) -> AbstractContextManager[object]:
        """Return what a save of the path holds while it is put into the spool.

        A repair reads the same file; the newer content has to come second.
        """
        return self._repairing if path in self._notebooks else nullcontext()

    def record_unspooled(self, notebook: UnprotectedNotebook, error: Exception) -> None:
        """Note that a save of the notebook could not be put into the spool."""
        with self._lock:
            first, self._logged_unspooled = not self._logged_unspooled, True
            self._note({notebook.path: notebook})
        if first:
            self._log.error(
                "Saves are NOT protected: they cannot be put into the spool (%s). "
                "Notebooks are saved, but get no versions until this is over; then "
                "the newest state of each is archived.",
                error,
            )

    def record_removed(self, notebooks: Iterable[UnprotectedNotebook]) -> None:
        """Note that saves have vanished from the spool before the store had them."""
        found = {notebook.path: notebook for notebook in notebooks}
        if not found:
            return
        with self._lock:
            # They are missed one by one, each when its turn comes.
            logged, self._logged_removed = self._logged_removed, time.monotonic()
            first = logged is None or self._logged_removed - logged > QUIET
            self._note(found)
        if first:
            self._log.error(
                "Saves were removed from the spool %s, and not by bookstore: of %s, "
                "for one. The newest state of each notebook is archived again; what "
                "came before it is lost.",
                self._spool_dir,
                printable(min(found)),
            )

    def record_spooled(self, path: str) -> None:
        """Note that the notebook's newest save is in the spool."""
        if path not in self._notebooks:
            return
        with self._lock:
            self._notebooks.pop(path, None)
            self._keep()
            over = not self._notebooks and self._logged_unspooled
            self._logged_unspooled = self._logged_unspooled and bool(self._notebooks)
        if over:
            self._log.info("Saves are protected again: the spool takes them.")

    def check(self) -> bool:
        """Take over what ended processes have noted, and be ready to note something.

        Returns whether somebody has removed the spool.
        """
        with self._lock:
            removed = self._file.was_removed
            if removed or self._unwritten:
                self._keep()
            self._file.reserve()
            self._file.adopt(self._adopt)
        return removed

    def _adopt(self, notebooks: list[UnprotectedNotebook]) -> bool:
        self._log.warning(
            "An earlier process could not protect the newest state of some notebooks "
            "(%d). It is archived now.",
            len(notebooks),
        )
        for notebook in notebooks:
            self._adopted(notebook)
        known = {notebook.path: notebook for notebook in notebooks} | self._notebooks
        self._note(known)
        return not self._unwritten

    def repair(self, archive: Repair) -> None:
        """Call `archive` with each notebook, until there is no room."""
        for path, notebook in list(self._notebooks.items()):
            if not notebook.os_path:
                continue  # kept elsewhere; its next save protects it
            with self._repairing:
                if path not in self._notebooks:
                    continue
                try:
                    archive(notebook)
                except NotFoundError:
                    self._log.warning(
                        "%s was removed before its last save could be archived.", path
                    )
                except BookstoreError:
                    continue  # this one cannot be read; its next save protects it
                except OSError:
                    return  # still no room
                self.record_spooled(path)

    def close(self) -> None:
        """Leave what is still lost to the next process."""
        with self._lock:
            self._file.close()

    def _note(self, notebooks: dict[str, UnprotectedNotebook]) -> None:
        if notebooks.items() - self._notebooks.items() or self._unwritten:
            self._notebooks |= notebooks
            self._keep()

    def _keep(self) -> None:
        self._unwritten = not self._file.keep(self._notebooks.values())
