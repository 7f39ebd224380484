"""Spool: saves on disk, until they are in the store.

    (nothing) --add--> tmp/ --fsync, rename--> new/ --claim--> cur/ --done--> (removed)
                                                |                |
                                                `------fail------`--> failed/

A save that is sent next goes from tmp/ to cur/ at once.
If the process ends in between: a file in tmp/ is incomplete, one in new/ was never
sent, and one in cur/ may have reached the store.
"""

import hashlib
import heapq
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

from bookstore_archiver.spool.disk import Disk
from bookstore_archiver.spool.entry import NO_PROVENANCE, Entry, Provenance
from bookstore_archiver.spool.sources import CHUNK, Digest, Source
from bookstore_core.clock import utc_now
from bookstore_core.disk.regular import open_raw
from bookstore_core.errors import NewerSaveError, SpoolError
from bookstore_core.spool.counts import MANY, folder_states, record_counts
from bookstore_core.spool.directory import (
    CUR,
    FAILED,
    FOLDERS,
    NEW,
    REASON_SUFFIX,
    TMP,
    count_names,
    names_in,
    states_of,
)
from bookstore_core.spool.privacy import make_safe, owner_of
from bookstore_core.spool.renamed_folders import FOLDER as RENAMED
from bookstore_core.spool.saves import (
    OTHERS,
    UNNAMED,
    Trailer,
    entry_name,
    peek_file,
    time_of,
)
from bookstore_core.spool.unprotected import FOLDER as UNPROTECTED
from bookstore_core.stores.versions import VersionMetadata, new_save_id

#: Seconds after which a file in tmp/ is taken as left by an ended process.
ABANDONED_AFTER = 3600.0

#: Bytes of a save that is read into memory to be sent.
SMALL = 1024 * 1024

#: Nanoseconds after which one more change of a folder shows in its time.
SETTLED = 20_000_000


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
        self._folders = {name: self.root / name for name in FOLDERS}
        self._clock = clock
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._newest: datetime | None = None
        self._newer: set[str] = set()  # names of saves in a newer form
        #: Whether the last scan has left saves that it could read.
        self.has_unread = False
        self._scanned: int | None = None  # what new/ was, if the scan found all
        self._is_large = True  # until a scan has counted the saves
        self._checked: tuple[int, int, int, int] | None = None
        # Several processes, on several machines, may write into one spool.
        self._writer = f"{socket.gethostname()}.{os.getpid()}.{id(self):x}"
        self._numbers = count()

    def make(self) -> None:
        """Create the folders of the spool, unless they exist.

        Raises SpoolError if it is not safe from other accounts; see `check`.
        """
        for folder in FOLDERS:
            self._disk.make_folder(self.root / folder)
        self.check()

    def check(self) -> bool:
        """Make sure that no other account can use the spool; return whether it exists.

        Raises SpoolError if another account owns it, or a folder of it, or may write
        to one.
        """
        try:
            found = owner_of(self.root)
        except OSError:
            return False
        if found != self._checked:
            make_safe(self.root, (*FOLDERS, UNPROTECTED, RENAMED))
            with suppress(OSError):
                self._checked = owner_of(self.root)
        return True

    def add(
        self,
        source: Source,
        *,
        key: str,
        author: str,
        source_path: str,
        saved_at: datetime | None = None,
        provenance: Provenance = NO_PROVENANCE,
        claimed: bool = False,
    ) -> Entry:
        """Add a save: on return it is durable, and its name sorts after earlier ones.

        `saved_at` is now by default. Only the process that drains may add one that is
        `claimed`, as if by `claim`. Raises OSError if the spool cannot be written,
        BookstoreError if the source cannot be read.
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

        self.check()
        try:
            return self._add(source, describe, claimed=claimed)
        except FileNotFoundError:
            # This is the first save, or somebody removed the directory.
            self.make()
            return self._add(source, describe, claimed=claimed)

    def _add(
        self, source: Source, describe: Callable[[Digest], Trailer], *, claimed: bool
    ) -> Entry:
        folder = self._folders[CUR if claimed else NEW]
        draft = f"{self._folders[TMP]}/{self._writer}.{next(self._numbers)}"
        try:
            with self._disk.create(draft) as file:
                trailer = describe(source.copy_to(file))
                file.write(trailer.encode())
                self._disk.sync(file)
            # Under the lock, so that saves appear in the order of their names.
            with self._lock:
                name = entry_name(self._next_time(), trailer.metadata.save_id)
                self._disk.move(draft, f"{folder}/{name}")
        except BaseException:
            with suppress(OSError):
                self._disk.remove(draft)
            raise
        self._disk.sync_folder(folder)
        return Entry(name, trailer, claimed=claimed)

    def _next_time(self) -> datetime:
        if self._newest is None:
            names = [*self._names(NEW), *self._names(CUR)]
            newest = max(names, default="")
            if names and time_of(newest) is None:  # a file that is not a save
                newest = max(filter(time_of, names), default="")
            beginning = datetime.fromtimestamp(0, utc_now().tzinfo)
            self._newest = time_of(newest) or beginning
        self._newest = max(self._clock(), self._newest + timedelta(microseconds=1))
        return self._newest

    @property
    def newer(self) -> int:
        """How many saves the last scan found that only a newer release can read."""
        return len(self._newer)

    def scan(
        self,
        known: Collection[str],
        *,
        log_error: Callable[[Exception], None] = lambda error: None,
        most: int | None = None,
    ) -> Iterator[Entry]:
        """Yield the saves whose names are not in `known`, oldest first.

        If `most` is given, no more than that are read, and `has_unread` says afterwards
        whether there are more.

        Files that are not saves are moved to failed/; saves that only a newer release
        can read stay where they are. If one cannot be read or moved, `log_error` is
        called, and the scan goes on. Raises SpoolError as `check` does.
        """
        self.check()
        # The counts of a spool that was small are recorded by the next scan.
        states = states_of(self.root) if self._is_large else None
        [before] = folder_states(self._folders[NEW])
        new, cur = self._names(NEW), self._names(CUR)
        settled = time.time_ns() - before > SETTLED
        self._scanned = before if settled else None
        self._is_large = len(new) + len(cur) > MANY
        if self._is_large and states is not None:
            record_counts(self.root, count_names(self.root, new, cur), states)
        self._newer.intersection_update([*new, *cur])
        cur = [name for name in cur if name not in known]
        new = [name for name in new if name not in known]
        claimed_before, left = "", len(cur) + len(new) if most is None else most
        self.has_unread = False
        owner = self._owner() if cur or new else 0
        # All that may be passed over, and one more.
        enough = left + len(self._newer) + len(cur) + 1
        for name, claimed in _oldest(cur, new, enough):
            if name in self._newer:
                continue
            try:
                if name == claimed_before:
                    self._remove_twin(name)
                    continue
                if not left:
                    self.has_unread = True
                    return
                left -= 1
                entry = self._read(name, claimed=claimed, owner=owner)
            except OSError as error:
                log_error(error)
                continue
            if entry is not None:
                claimed_before = name if claimed else ""
                yield entry

    @property
    def has_news(self) -> bool:
        """Whether saves may be in new/ that the last scan has not found."""
        return [self._scanned] != folder_states(self._folders[NEW])

    def _remove_twin(self, name: str) -> None:
        """Remove a save from new/ that a power cut left in both new/ and cur/."""
        twin = self.root / NEW / name
        with suppress(FileNotFoundError):
            if twin.samefile(self.root / CUR / name):
                self._disk.remove(twin)
            else:
                self._set_aside(twin, "It is a copy of a save in cur/, which is sent.")

    def _read(self, name: str, *, claimed: bool, owner: int) -> Entry | None:
        path = f"{self.root}/{CUR if claimed else NEW}/{name}"
        try:
            if time_of(name) is None:
                raise SpoolError(UNNAMED)
            trailer = peek_file(path, owner=owner)
        except FileNotFoundError:
            return None
        except NewerSaveError:
            self._newer.add(name)
            return None
        except SpoolError as error:
            self._set_aside(Path(path), str(error))
            return None
        return Entry(name, trailer, claimed=claimed, unsure=claimed)

    def _names(self, folder: str) -> list[str]:
        return names_in(self._folders[folder])

    def find(self, save_id: str) -> Entry | None:
        """Return the save with this id, or None if it is not in the spool."""
        # new/ first: a save moves from there to cur/, and is not missed in between.
        for folder in (NEW, CUR):
            for name in self._names(folder):
                if name.endswith(f"-{save_id}"):
                    claimed = folder == CUR
                    return self._read(name, claimed=claimed, owner=self._owner())
        return None

    def has(self, entry: Entry) -> bool:
        """Return whether a save is in the spool, also if it can never be sent."""
        # In this order: a save moves from new/ to cur/, and is not missed in between.
        return any(
            os.path.exists(f"{self.root}/{folder}/{entry.name}")
            for folder in (NEW, CUR, FAILED)
        )

    def claim(self, entry: Entry) -> Entry | None:
        """Move a save to cur/ before it is sent; return None if somebody removed it."""
        if entry.claimed:
            return entry
        try:
            self._disk.move(self._path(entry), f"{self._folders[CUR]}/{entry.name}")
        except FileNotFoundError:
            if os.path.exists(self._path(entry)):
                self.make()
                return self.claim(entry)
            return None
        # After a power cut it must still be in cur/: it may have been sent.
        self._disk.sync_folder(self._folders[CUR])
        return replace(entry, claimed=True)

    def done(self, entry: Entry) -> None:
        """Remove a save that is in the store."""
        self._disk.remove(self._path(entry))

    def fail(self, entry: Entry, reason: str) -> None:
        """Move a save that can never be sent to failed/, with the reason beside it."""
        self._set_aside(Path(self._path(entry)), reason)

    def _set_aside(self, path: Path, reason: str) -> None:
        target = self.root / FAILED / path.name
        self._disk.make_folder(target.parent)
        number = count(1)
        while target.exists() or target.is_symlink():
            target = target.with_name(f"{path.name}.{next(number)}")
        with suppress(FileNotFoundError):
            self._disk.move(path, target)
            note = target.with_name(target.name + REASON_SUFFIX)
            # A full disk: moving it was more important.
            with suppress(OSError), self._disk.create(note) as file:
                file.write(reason.encode() + b"\n")

    def open(self, entry: Entry) -> BinaryIO:
        """Open a save: a seekable stream that begins with the notebook's bytes.

        Raises SpoolError if the bytes are damaged.
        """
        return self.open_hashed(entry)[1]

    def open_hashed(self, entry: Entry) -> tuple[Entry, BinaryIO]:
        """Open a save as `open` does; return it with its sha256, too."""
        file, size = self._open(self._path(entry)), entry.trailer.size
        try:
            if size <= SMALL:  # it is read once, and sent from memory
                with file:
                    file = BytesIO(file.read(size))
            digest, left = hashlib.sha256(), size
            while left and (chunk := file.read(min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
            known = entry.trailer.metadata.sha256
            if left or known not in ("", digest.hexdigest()):
                raise SpoolError("It is damaged: its sha256 is not that of the save.")
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return entry.with_sha256(digest.hexdigest()), file

    def _open(self, path: str) -> BinaryIO:
        owner = self._owner()  # it fails if the spool was removed
        file = open_raw(path)
        if os.fstat(file.fileno()).st_uid != owner:
            file.close()
            raise SpoolError(OTHERS)
        return file

    def _owner(self) -> int:
        return os.stat(self.root).st_uid

    def sweep(self) -> None:
        """Remove files in tmp/ that were left by ended processes."""
        for name in self._names(TMP):
            path = self.root / TMP / name
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    self._disk.remove(path)

    def _path(self, entry: Entry) -> str:
        return f"{self._folders[CUR if entry.claimed else NEW]}/{entry.name}"


def _oldest(cur: list[str], new: list[str], most: int) -> list[tuple[str, bool]]:
    """Return the saves in cur/, and the oldest in new/, with whether they are in cur/.

    They are in order, of the same name that in cur/ first. To sort many thousand names
    would stop the other threads of the process for longer than a save takes.
    """
    some = heapq.nsmallest(most, new) if most < len(new) else new
    found = [(name, 0) for name in cur] + [(name, 1) for name in some]
    return [(name, not is_new) for name, is_new in sorted(found)]
