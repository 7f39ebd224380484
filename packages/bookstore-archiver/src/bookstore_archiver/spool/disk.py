"""What the spool asks of the file system, so that a test can let it fail."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


class Disk:
    """Files that only their owner reads, made durable on request."""

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it, where missing."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path) -> BinaryIO:
        """Open a new file for writing; it must not be there yet."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        return open(os.open(path, flags, 0o600), "wb")

    def sync(self, file: BinaryIO) -> None:
        """Return once the file's content would survive a power cut."""
        file.flush()
        os.fsync(file.fileno())

    def move(self, source: Path, target: Path) -> None:
        """Rename, within one file system."""
        try:
            source.rename(target)
        except FileNotFoundError:
            # NFS sends a rename again whose answer was lost, and then finds it done.
            if source.exists() or not target.exists():
                raise

    def remove(self, path: Path) -> None:
        """Remove a file; one that is gone is fine."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Return once the folder's names would survive a power cut, where possible."""
        # Some network file systems cannot do this for folders; they sync by themselves.
        with suppress(OSError):
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
