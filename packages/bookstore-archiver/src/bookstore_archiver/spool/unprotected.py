"""Unprotected: notebooks whose newest save is not in the spool, though it should be."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from bookstore_archiver.spool.loss_file import UnprotectedFile
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
        adopted: Callable[[UnprotectedNotebook], None] = lambda loss: None,
    ) -> None:
        self._spool_dir = spool_dir
        self._log = log
        self._adopted = adopted
        self._notes = UnprotectedFile(spool_dir)
        self._lock = threading.Lock()
        self._repairing = threading.Lock()
        self._losses: dict[str, UnprotectedNotebook] = {}
        self._logged_lost = self._unwritten = False
        self._logged_removed: float | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The notebooks' paths."""
        return tuple(sorted(self._losses))

    def order(self, path: str) -> AbstractContextManager[object]:
        """Return what a save of the path holds while it is put into the spool.

        A repair reads the same file; the newer content has to come second.
        """
        return self._repairing if path in self._losses else nullcontext()

    def lost(self, loss: UnprotectedNotebook, error: Exception) -> None:
        """Note that a save of the notebook could not be put into the spool."""
        with self._lock:
            first, self._logged_lost = not self._logged_lost, True
            self._note({loss.path: loss})
        if first:
            self._log.error(
                "Saves are NOT protected: they cannot be put into the spool (%s). "
                "Notebooks are saved, but get no versions until this is over; then "
                "the newest state of each is archived.",
                error,
            )

    def removed(self, losses: Iterable[UnprotectedNotebook]) -> None:
        """Note that saves have vanished from the spool before the store had them."""
        found = {loss.path: loss for loss in losses}
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

    def regained(self, path: str) -> None:
        """Note that the notebook's newest save is in the spool."""
        if path not in self._losses:
            return
        with self._lock:
            self._losses.pop(path, None)
            self._keep()
            over = not self._losses and self._logged_lost
            self._logged_lost = self._logged_lost and bool(self._losses)
        if over:
            self._log.info("Saves are protected again: the spool takes them.")

    def look(self) -> bool:
        """Take over what ended processes have noted, and be ready to note something.

        Returns whether somebody has removed the spool.
        """
        with self._lock:
            removed = self._notes.were_removed
            if removed or self._unwritten:
                self._keep()
            self._notes.reserve()
            self._notes.adopt(self._adopt)
        return removed

    def _adopt(self, losses: list[UnprotectedNotebook]) -> bool:
        self._log.warning(
            "An earlier process could not protect the newest state of some notebooks "
            "(%d). It is archived now.",
            len(losses),
        )
        for loss in losses:
            self._adopted(loss)
        known = {loss.path: loss for loss in losses} | self._losses
        self._note(known)
        return not self._unwritten

    def repair(self, archive: Repair) -> None:
        """Call `archive` with each notebook, until there is no room."""
        for path, loss in list(self._losses.items()):
            if not loss.os_path:
                continue  # kept elsewhere; its next save protects it
            with self._repairing:
                if path not in self._losses:
                    continue
                try:
                    archive(loss)
                except NotFoundError:
                    self._log.warning(
                        "%s was removed before its last save could be archived.", path
                    )
                except BookstoreError:
                    continue  # this one cannot be read; its next save protects it
                except OSError:
                    return  # still no room
                self.regained(path)

    def close(self) -> None:
        """Leave what is still lost to the next process."""
        with self._lock:
            self._notes.close()

    def _note(self, losses: dict[str, UnprotectedNotebook]) -> None:
        if losses.items() - self._losses.items() or self._unwritten:
            self._losses |= losses
            self._keep()

    def _keep(self) -> None:
        self._unwritten = not self._notes.keep(self._losses.values())
