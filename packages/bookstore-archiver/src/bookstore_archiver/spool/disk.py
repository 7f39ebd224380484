"""Disk: the file operations of the spool; tests replace it to make them fail."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from bookstore_core.disk.private import create_private, make_private

#: A path; those of saves are texts, because a Path takes its time to be made.
Place = str | os.PathLike[str]


class Disk:
    """Makes files and folders that only their owner can use, and makes them durable."""

    def make_folder(self, path: Path) -> None:
        """Create a folder and its parents, unless they exist."""
        make_private(path)

    def create(self, path: Place) -> BinaryIO:
        """Open a new file for writing. Raises FileExistsError if it exists."""
        return open(create_private(path), "wb")

    def sync(self, file: BinaryIO) -> None:
        """Write the file's content to disk, so that it survives a power cut."""
        file.flush()
        os.fsync(file.fileno())

    def move(self, source: Place, target: Place) -> None:
        """Rename a file within one file system."""
        try:
            os.rename(source, target)
        except FileNotFoundError:
            # If an answer was lost, NFS repeats a rename that is already done.
            if os.path.exists(source) or not os.path.exists(target):
                raise

    def remove(self, path: Place) -> None:
        """Remove a file, if it exists."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def sync_folder(self, path: Place) -> None:
        """Write the folder's names to disk, if the file system supports it."""
        # Some network file systems do not support this for folders; they sync anyway.
        with suppress(OSError):
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)
