"""StoreHome: the directory of a local store, which must be the one it was before.

A store that has an identity (`identity.py`) and is without it now, or has another one,
is refused: for reading, because an empty history would be false, and for writing,
because versions would be lost below the place where the disk is mounted again. The
check and what follows use one open directory, so that a disk that is unmounted in
between changes nothing.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bookstore_core.disk.private import make_private
from bookstore_core.errors import StoreMissingError
from bookstore_core.stores.local.identity import (
    IDENTITY,
    give_identity,
    read_identity,
    recall,
    remember,
)
from bookstore_core.stores.local.tree import Folder

log = logging.getLogger(__name__)


class StoreHome:
    """The directory `names` below `root`, in which everything gets `mode`."""

    def __init__(self, root: Path, names: list[str], *, mode: int | None) -> None:
        self.path = root.joinpath(*names)
        self._root = root
        self._names = names
        self._mode = mode
        self._known = ""

    @contextmanager
    def opened(self) -> Iterator[Folder | None]:
        """Open the directory for reading; None if there is none yet.

        Raises StoreMissingError if it is not the store that was there before.
        """
        folder = self._checked()
        if folder is None:
            yield None
            return
        with folder:
            yield folder

    @contextmanager
    def made(self) -> Iterator[Folder]:
        """Open the directory for writing, and make it if there never was one.

        Raises StoreMissingError as `opened` does.
        """
        with self._checked() or self._make() as folder:
            if not self._known:
                self._identify(folder)
            yield folder

    def _identify(self, folder: Folder) -> None:
        try:
            self._know(give_identity(folder))
        except PermissionError:
            # In a store of an earlier release, this account may only write to folders
            # below. The first account that may write here gives it an identity.
            if not folder.folders():
                raise

    def prepare(self) -> list[str]:
        """Make the directory a store, whatever was there before.

        Returns what was done, as sentences.
        """
        folder, done = self._open(), []
        if folder is None:
            done.append(f"Made the directory {self.path}.")
        with folder or self._make() as folder:
            found, expected = read_identity(folder), recall(self.path)
            identity = found or give_identity(folder)
            if expected not in ("", identity):
                done.append(
                    f"From now on, {self.path} is the store, and not the one that was "
                    "there before."
                )
            self._know(identity)
        return done

    def _checked(self) -> Folder | None:
        try:
            return self._look()
        except StoreMissingError:
            # Another process may have made it between the two things that are seen.
            return self._look()

    def _look(self) -> Folder | None:
        folder = self._open()
        try:
            self._check(folder)
        except BaseException:
            if folder is not None:
                folder.close()
            raise
        return folder

    def _check(self, folder: Folder | None) -> None:
        found = read_identity(folder) if folder is not None else ""
        if found and found == self._known:
            return
        expected = recall(self.path) or self._known
        if found and expected in ("", found):
            self._know(found)
        elif expected:
            raise self._missing(folder, found)
        elif folder is not None and folder.folders():
            # A store of an earlier release. If this process may not write, the next
            # one that does gives it an identity.
            with suppress(OSError):
                self._know(give_identity(folder))

    def _missing(self, folder: Folder | None, found: str) -> StoreMissingError:
        reason = f"its file {IDENTITY} is missing"
        if found:
            reason = "another store is in its place"
        elif folder is None:
            reason = "its directory is missing"
        return StoreMissingError(
            f"The local store {self.path} cannot be read: {reason}. If its disk is not "
            "mounted, mount it. If a new store is to begin there, run: jupyter "
            "bookstore init"
        )

    def _know(self, identity: str) -> None:
        self._known = identity
        if recall(self.path) == identity:
            return
        try:
            remember(self.path, identity)
        except OSError as error:
            # This process knows it anyway.
            log.warning("The local store could not be remembered: %s", error)

    def _open(self) -> Folder | None:
        try:
            with Folder.at(self._root, mode=self._mode) as root:
                return root.below(self._names)
        except FileNotFoundError:
            return None

    def _make(self) -> Folder:
        if make_private(self._root) and self._mode is not None:
            self._root.chmod(self._mode)
        with Folder.at(self._root, mode=self._mode) as root:
            return root.made_below(self._names)
