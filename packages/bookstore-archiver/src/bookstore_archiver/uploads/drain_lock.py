"""DrainLock: the right to drain a spool, which one process has at a time."""

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bookstore_core.spool.directory import LOCK


class DrainLock:
    """A file lock that ends with its process, however that ends."""

    def __init__(self, root: Path) -> None:
        self._path = root / LOCK
        self._lock: FileLock | None = None
        self._held: tuple[int, int] | None = None

    def hold(self) -> bool:
        """Say whether the right is ours, after trying to get it. Never waits.

        Raises OSError when the spool cannot hold a lock.
        """
        if self._held is not None:
            if self._held == self._identity():
                return True
            # Somebody removed the spool: what we hold is no lock to others any more.
            self.release()
        lock = FileLock(self._path, mode=0o600, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._lock, self._held = lock, self._identity()
        return self._held is not None

    def release(self) -> None:
        """Let another process have it."""
        lock, self._lock, self._held = self._lock, None, None
        if lock is not None:
            with suppress(OSError):
                lock.release()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino
