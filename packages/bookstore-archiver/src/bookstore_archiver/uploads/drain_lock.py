"""DrainLock: ensures that one process at a time drains a spool."""

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bookstore_core.spool.directory import LOCK


class DrainLock:
    """A file lock; the kernel releases it when its process ends."""

    def __init__(self, root: Path) -> None:
        self._path = root / LOCK
        self._lock: FileLock | None = None
        self._held: tuple[int, int] | None = None

    def hold(self) -> bool:
        """Try to get the lock, without waiting; return whether this process has it.

        Raises OSError if the file cannot be locked.
        """
        if self._held is not None:
            if self._held == self._identity():
                return True
            # Somebody removed the spool: other processes do not see our lock.
            self.release()
        # A link is from before the spool was closed to others. No lock can be had on
        # it, and some releases of filelock truncate what it leads to.
        if self._path.is_symlink():
            self._path.unlink(missing_ok=True)
        lock = FileLock(self._path, mode=0o600, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._lock, self._held = lock, self._identity()
        return self._held is not None

    def release(self) -> None:
        """Release the lock."""
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
