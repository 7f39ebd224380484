"""Folders of the local store: the keys and folders in a directory.

The directories are read one after the other, not by calling functions in functions: a
key may have five hundred folders, and somebody may have made more. What is deeper than
a key can be is not looked at.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bookstore_core.disk.remembered import Remembered
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES, OWN_FOLDER
from bookstore_core.stores.local.key_folder import KeyFolder
from bookstore_core.stores.local.names import (
    GOES_ON,
    VERSIONS,
    content_name,
    folder_names,
    read_key_name,
    read_name,
    time_of,
)
from bookstore_core.stores.local.places import Places, listing_of, newest_of_few
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Version

#: The path of a directory below that of the bucket.
Names = tuple[str, ...]

_OWN = (OWN_FOLDER + DELIMITER).encode()

#: More directories than the longest part of a key is written in.
MAX_CONTINUED = 20


class KeyEntry(NamedTuple):
    """One part of a key, and the directory with its versions or its folder.

    `name` is the part, with a final slash for a folder, as S3 names and sorts them. The
    directory is in the directory `parent`.
    """

    name: str
    parent: Names
    directory: str

    @property
    def is_key(self) -> bool:
        """Whether it is a key; otherwise it is a folder."""
        return not self.name.endswith(DELIMITER)

    @property
    def names(self) -> Names:
        """The path of the directory below that of the bucket."""
        return (*self.parent, self.directory)


@dataclass(frozen=True)
class Entries:
    """The keys and folders in a directory: their names in S3's order, as UTF-8.

    `directories` are their directories in the same order, and `continued` those in
    which long names go on.
    """

    order: tuple[bytes, ...] = ()
    directories: tuple[str, ...] = ()
    continued: tuple[str, ...] = ()


def entries_of(names: list[str]) -> Entries:
    """Return the keys and folders among the names in a directory."""
    found = [name[:-1] for name in names if name.endswith("/")]
    named = [(_order([name]), name) for name in found if not name.endswith(GOES_ON)]
    ordered = sorted((order, name) for order, name in named if order is not None)
    return Entries(
        tuple(order for order, _ in ordered),
        tuple(name for _, name in ordered),
        tuple(name for name in found if name.endswith(GOES_ON)),
    )


def _order(own: list[str]) -> bytes | None:
    """Return what a key or folder is sorted by; None for that of another program."""
    try:
        if own[-1].endswith(VERSIONS):
            return read_key_name(own).encode()
        return (read_name(own) + DELIMITER).encode()
    except ValueError:
        return None


class Memory:
    """What a store remembers of its directories."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.folders = Remembered(entries_of, monotonic=monotonic)
        self.versions = Remembered(listing_of, monotonic=monotonic)


class Folders:
    """The folders of a bucket, if there is its directory. A context manager.

    `own` says whether bookstore's own folder is one of them.
    """

    def __init__(
        self, name: str, bucket: Folder | None, memory: Memory, *, own: bool = False
    ) -> None:
        self._own = own
        self._name = name
        self._bucket = bucket
        self._memory = memory
        self._names: Names = ()
        self._open: Folder | None = None

    def __enter__(self) -> "Folders":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None

    def _at(self, names: Names) -> Folder:
        """Return a directory, which stays open until another one is opened."""
        if self._open is None or names != self._names:
            self._close()
            if self._bucket is None:
                raise FileNotFoundError
            self._open, self._names = self._bucket.below(names), names
        return self._open

    def listed(
        self, prefix: str, after: str | None
    ) -> Iterator[tuple[KeyEntry, Version | None]]:
        """Yield the keys and folders directly below `prefix` that have versions.

        They are in S3's order, a key with its newest version, and without deleted keys.
        """
        for entry in self._entries(_names_of(prefix), (after or "").encode()):
            if after is not None and entry.name.encode() <= after.encode():
                continue
            if not entry.is_key:
                if self._holds_versions(entry):
                    yield entry, None
                continue
            newest = self._newest(prefix + entry.name, entry)
            if newest is not None:
                yield entry, newest

    def walked(
        self, prefix: str, after: str | None, wanted: Callable[[str], bool] | None
    ) -> Iterator[tuple[str, Version | None]]:
        """Yield the keys at all levels below `prefix`, and their newest versions.

        They are in S3's order. Entries up to `after` are skipped without being read. A
        key that is not `wanted` is not read either, and comes without a version.
        """
        last = (after or "").encode()
        open_ones = [(prefix, self._entries_below(prefix, _names_of(prefix), last))]
        while open_ones:
            before, entries = open_ones[-1]
            entry = next(entries, None)
            if entry is None:
                open_ones.pop()
                continue
            name = before + entry.name
            encoded = name.encode()
            is_key = entry.is_key
            passed = encoded <= last and (is_key or not last.startswith(encoded))
            if passed or len(encoded) > MAX_KEY_BYTES:
                continue
            if not is_key:
                below = self._entries_below(name, entry.names, last)
                open_ones.append((name, below))
                continue
            if wanted is not None and not wanted(name):
                yield name, None
            elif (newest := self._newest(name, entry)) is not None:
                yield name, newest

    def _entries_below(
        self, before: str, names: Names, last: bytes
    ) -> Iterator[KeyEntry]:
        start = before.encode()
        return self._entries(
            names, last[len(start) :] if last.startswith(start) else b""
        )

    def _entries(self, names: Names, last: bytes = b"") -> Iterator[KeyEntry]:
        """Yield what is in a directory, in order; skip most of what is up to `last`."""
        known = self._entries_at(names)
        start = max(bisect_right(known.order, last) - 1, 0) if last else 0
        plain = (
            (known.order[at], names, known.directories[at])
            for at in range(start, len(known.order))
        )
        found: Iterator[tuple[bytes, Names, str]] = plain
        if known.continued:
            waiting = [(*names, name) for name in known.continued]
            found = heapq.merge(plain, sorted(self._continued(waiting, len(names))))
        for order, parent, directory in found:
            if self._own or order != _OWN:
                yield KeyEntry(order.decode(), parent, directory)

    def _continued(
        self, waiting: list[Names], depth: int
    ) -> Iterator[tuple[bytes, Names, str]]:
        while waiting:
            names = waiting.pop()
            for name in self._directories_at(names):
                here = (*names, name)
                if name.endswith(GOES_ON):
                    waiting += [here] if len(here) - depth < MAX_CONTINUED else []
                elif (order := _order([*here[depth:]])) is not None:
                    yield order, names, name

    def _entries_at(self, names: Names) -> Entries:
        try:
            return self._memory.folders.of(self._at(names))
        except MISSING:
            return Entries()

    def _directories_at(self, names: Names) -> list[str]:
        try:
            return self._at(names).folders()
        except MISSING:
            return []

    def _newest(self, key: str, entry: KeyEntry) -> Version | None:
        """Return the newest version of a key; None if it has none or is deleted."""
        try:
            folder = self._at(entry.parent).listable(entry.directory)
        except MISSING:
            return None
        with folder:
            newest = newest_of_few(folder.listed())
            if newest is None or newest.deleted:
                return self._newest_of_many(key, folder)
            name = content_name(key, newest.version_id)
            try:
                size = folder.size(name)
            except MISSING:
                return self._newest_of_many(key, folder)
            return Version(
                self._name,
                key,
                newest.version_id,
                size,
                time_of(newest.version_id),
                is_latest=True,
            )

    def _newest_of_many(self, key: str, folder: Folder) -> Version | None:
        with Places(folder, self._memory.versions) as places:
            newest = places.newest()
            if newest is None or newest.deleted:
                return None
            found = KeyFolder(self._name, key, places)
            return found.listed(newest, is_latest=True)

    def _holds_versions(self, entry: KeyEntry) -> bool:
        # A folder without a complete version is not listed, as in S3.
        waiting = [(iter([entry]), 0)]
        while waiting:
            entries, length = waiting[-1]
            found = next(entries, None)
            if found is None:
                waiting.pop()
                continue
            whole = length + len(found.name.encode())
            if whole > MAX_KEY_BYTES:
                continue
            if not found.is_key:
                waiting.append((self._entries(found.names), whole))
            elif self._newest("", found) is not None:
                return True
        return False


def _names_of(prefix: str) -> Names:
    folders = prefix[: -len(DELIMITER)].split(DELIMITER) if prefix else []
    return tuple(folder_names(folders))
