"""StoreHome: the directory of a local store, opened for each request."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bookstore_core.disk.private import make_private
from bookstore_core.stores.local.tree import MISSING, Folder


class StoreHome:
    """The directory `names` below `root`, in which everything gets `mode`."""

    def __init__(self, root: Path, names: list[str], *, mode: int | None) -> None:
        self.path = root.joinpath(*names)
        self._root = root
        self._names = names
        self._mode = mode

    @contextmanager
    def opened(self) -> Iterator[Folder | None]:
        """Open the directory for reading; None if there is none yet."""
        folder = self._open()
        if folder is None:
            yield None
            return
        with folder:
            yield folder

    @contextmanager
    def made(self) -> Iterator[Folder]:
        """Open the directory for writing, and make it if it is missing."""
        with self._open() or self._make() as folder:
            yield folder

    def prepare(self) -> list[str]:
        """Make the directory if it is missing; return what was done, as sentences."""
        missing = not self.path.is_dir()
        with self.made():
            return [f"Made the directory {self.path}."] if missing else []

    def _open(self) -> Folder | None:
        try:
            with Folder.at(self._root, mode=self._mode) as root:
                return root.below(self._names)
        except MISSING:
            return None

    def _make(self) -> Folder:
        if make_private(self._root) and self._mode is not None:
            self._root.chmod(self._mode)
        with Folder.at(self._root, mode=self._mode) as root:
            return root.made_below(self._names)
