"""Spool: saves on disk, from the moment they are made until the store has them.

    (nothing) --add--> tmp/ --fsync, rename--> new/ --claim--> cur/ --done--> (removed)
                                                |                |
                                                `------fail------`--> failed/

What ends in between: a file in tmp/ was promised to nobody, one in new/ was never
sent, and one in cur/ may have reached the store or not.
"""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import BinaryIO

from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.entry import NO_PROVENANCE, Entry, Provenance
from bookstore_archiver.spool.sources import CHUNK, Digest, Source
from bookstore_core.clock import utc_now
from bookstore_core.errors import NewerSaveError, SpoolError
from bookstore_core.spool.directory import CUR, FAILED, FOLDERS, NEW, REASON_SUFFIX, TMP
from bookstore_core.spool.saves import Trailer, entry_name, read_trailer, time_of
from bookstore_core.stores.versions import VersionMetadata, new_save_id

#: Seconds after which a file in tmp/ belongs to a process that has ended.
ABANDONED_AFTER = 3600.0


class Spool:
    """A spool directory. Safe to use from several threads and processes."""

    def __init__(
        self,
        root: str | Path,
        *,
        clock: Callable[[], datetime] = utc_now,
        disk: Disk | None = None,
    ) -> None:
        self.root = Path(root)
        self._clock = clock
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._newest: datetime | None = None
        self._newer: set[str] = set()  # names of saves that are of a newer form
        # Several processes, on several machines, may write into one spool.
        self._writer = f"{socket.gethostname()}.{os.getpid()}.{id(self):x}"
        self._numbers = count()

    def make(self) -> None:
        """Make the spool's folders, where missing."""
        for folder in FOLDERS:
            self._disk.make_folder(self.root / folder)

    def add(
        self,
        source: Source,
        *,
        key: str,
        author: str,
        source_path: str,
        saved_at: datetime | None = None,
        provenance: Provenance = NO_PROVENANCE,
    ) -> Entry:
        """Keep a save; durable when it returns, and sorted after all before it.

        `saved_at` is now where it is not given. Raises OSError when the spool cannot be
        written, BookstoreError when the source cannot be read.
        """

        def describe(digest: Digest) -> Trailer:
            metadata = VersionMetadata(
                save_id=new_save_id(),
                saved_at=saved_at or self._clock(),
                author=author,
                sha256=digest.sha256,
                source_path=source_path,
                **provenance.metadata,
            )
            return Trailer(
                key, digest.size, metadata, provenance.only_if_changed, source.os_path
            )

        try:
            return self._add(source, describe)
        except FileNotFoundError:
            # The first save of all, or somebody removed the directory.
            self.make()
            return self._add(source, describe)

    def _add(self, source: Source, describe: Callable[[Digest], Trailer]) -> Entry:
        draft = self.root / TMP / f"{self._writer}.{next(self._numbers)}"
        try:
            with self._disk.create(draft) as file:
                trailer = describe(source.copy_to(file))
                file.write(trailer.encode())
                self._disk.sync(file)
            # Under the lock, so that a name that sorts first is also there first.
            with self._lock:
                name = entry_name(self._next_time(), trailer.metadata.save_id)
                self._disk.move(draft, self.root / NEW / name)
        except BaseException:
            with suppress(OSError):
                self._disk.remove(draft)
            raise
        self._disk.sync_folder(self.root / NEW)
        return Entry(name, trailer)

    def _next_time(self) -> datetime:
        if self._newest is None:
            names = [*self._names(NEW), *self._names(CUR)]
            times = [found for name in names if (found := time_of(name)) is not None]
            self._newest = max(
                times, default=datetime.fromtimestamp(0, utc_now().tzinfo)
            )
        self._newest = max(self._clock(), self._newest + timedelta(microseconds=1))
        return self._newest

    @property
    def newer(self) -> int:
        """How many saves only a newer release can read, as of the last scan."""
        return len(self._newer)

    def scan(
        self,
        known: Collection[str],
        *,
        log_error: Callable[[Exception], None] = lambda error: None,
    ) -> Iterator[Entry]:
        """Yield the saves that wait and are not in `known`, oldest first.

        Files that are no saves are set aside in failed/; saves that only a newer
        release can read stay where they are. One that cannot be read, or set aside, is
        given to `log_error`, and is not in the way of the others.
        """
        found = [(name, True) for name in self._names(CUR) if name not in known]
        found += [(name, False) for name in self._names(NEW) if name not in known]
        self._newer.intersection_update(name for name, _ in found)
        claimed_before = ""
        for name, claimed in sorted(found, key=lambda item: (item[0], not item[1])):
            if name in self._newer:
                continue
            try:
                if name == claimed_before:
                    self._remove_twin(name)
                    continue
                entry = self._read(name, claimed=claimed)
            except OSError as error:
                log_error(error)
                continue
            if entry is not None:
                claimed_before = name if claimed else ""
                yield entry

    def _remove_twin(self, name: str) -> None:
        """Leave of a save that a power cut left in new/ and cur/ the claimed one."""
        twin = self.root / NEW / name
        with suppress(FileNotFoundError):
            if twin.samefile(self.root / CUR / name):
                self._disk.remove(twin)
            else:
                self._set_aside(twin, "It is there twice; the one in cur/ is sent.")

    def _read(self, name: str, *, claimed: bool) -> Entry | None:
        path = self.root / (CUR if claimed else NEW) / name
        try:
            if time_of(name) is None or not path.is_file() or path.is_symlink():
                raise SpoolError("It is no save: bookstore did not name it.")
            with path.open("rb") as file:
                trailer = read_trailer(file)
        except FileNotFoundError:
            return None
        except NewerSaveError:
            self._newer.add(name)
            return None
        except SpoolError as error:
            self._set_aside(path, str(error))
            return None
        return Entry(name, trailer, claimed=claimed, unsure=claimed)

    def _names(self, folder: str) -> list[str]:
        try:
            # Names with a dot are the file system's own, like NFS's of removed files.
            return [n for n in os.listdir(self.root / folder) if not n.startswith(".")]
        except FileNotFoundError:
            return []

    def find(self, save_id: str) -> Entry | None:
        """Return the save with this id, if it still waits."""
        # In the order in which it moves, so that it is not missed between the two.
        for folder in (NEW, CUR):
            for name in self._names(folder):
                if name.endswith(f"-{save_id}"):
                    return self._read(name, claimed=folder == CUR)
        return None

    def claim(self, entry: Entry) -> Entry | None:
        """Move a save to cur/ before it is sent; None when somebody removed it."""
        if entry.claimed:
            return entry
        try:
            self._disk.move(self._path(entry), self.root / CUR / entry.name)
        except FileNotFoundError:
            if self._path(entry).exists():
                self.make()
                return self.claim(entry)
            return None
        # After a power cut it must not look as if it had never been sent.
        self._disk.sync_folder(self.root / CUR)
        return replace(entry, claimed=True)

    def done(self, entry: Entry) -> None:
        """Remove a save that the store has."""
        self._disk.remove(self._path(entry))

    def fail(self, entry: Entry, reason: str) -> None:
        """Set a save aside that can never be sent, with the reason beside it."""
        self._set_aside(self._path(entry), reason)

    def _set_aside(self, path: Path, reason: str) -> None:
        target = self.root / FAILED / path.name
        self._disk.make_folder(target.parent)
        number = count(1)
        while target.exists() or target.is_symlink():
            target = target.with_name(f"{path.name}.{next(number)}")
        with suppress(FileNotFoundError):
            self._disk.move(path, target)
            note = target.with_name(target.name + REASON_SUFFIX)
            with suppress(OSError):  # a full disk: that it is out of the way counts
                note.write_text(reason + "\n", encoding="utf-8")

    def open(self, entry: Entry) -> BinaryIO:
        """Open a save: a seekable stream of the notebook's bytes, then the trailer.

        Raises SpoolError when they are not those that were saved.
        """
        file = self._path(entry).open("rb")
        try:
            digest, left = hashlib.sha256(), entry.trailer.size
            while left and (chunk := file.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
            if left or digest.hexdigest() != entry.trailer.metadata.sha256:
                raise SpoolError("It is damaged: its sha256 is not that of the save.")
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def sweep(self) -> None:
        """Remove drafts of processes that ended while they wrote them."""
        for name in self._names(TMP):
            path = self.root / TMP / name
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    self._disk.remove(path)

    def _path(self, entry: Entry) -> Path:
        return self.root / (CUR if entry.claimed else NEW) / entry.name
