"""Folders of the local store: the keys and folders in a directory.

The directories are read one after the other, not by calling functions in functions: a
key may have five hundred folders, and somebody may have made more. What is deeper than
a key can be is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES, OWN_FOLDER
from bookstore_core.stores.local.names import (
    GOES_ON,
    VERSIONS,
    read_key_name,
    read_name,
    version_ids,
)
from bookstore_core.stores.local.tree import MISSING, Folder

#: The path of a directory below that of the bucket.
Names = tuple[str, ...]

#: More directories than the longest part of a key is written in.
MAX_CONTINUED = 20


@dataclass(frozen=True)
class KeyEntry:
    """One part of a key, and the directory with its versions or its folder."""

    part: str
    names: Names
    is_key: bool

    @property
    def name(self) -> str:
        """The part, with a final slash for a folder, as S3 names and sorts them."""
        return self.part if self.is_key else self.part + DELIMITER


def list_folder(
    bucket: Folder, names: Names, *, after: str | None = None
) -> Iterator[KeyEntry]:
    """Yield the keys and folders in a directory that have versions, in S3's order.

    Deleted keys are left out. Bookstore's own folder is left out.
    """
    for entry in _sorted_entries(bucket, names):
        passed = after is not None and entry.name.encode() <= after.encode()
        if not passed and _holds_versions(bucket, entry):
            yield entry


def walk_folder(
    bucket: Folder, names: Names, before: str = "", *, after: str | None = None
) -> Iterator[tuple[str, KeyEntry]]:
    """Yield the keys at all levels below a directory that have versions, in S3's order.

    Each comes with its name: `before`, and then its path below the directory. Entries
    up to `after` are skipped without being read.
    """
    open_ones = [(before, iter(_sorted_entries(bucket, names)))]
    while open_ones:
        before, entries = open_ones[-1]
        entry = next(entries, None)
        if entry is None:
            open_ones.pop()
            continue
        name = before + entry.name
        passed = after is not None and name.encode() <= after.encode()
        if passed and (entry.is_key or not (after or "").startswith(name)):
            continue
        if len(name.encode()) > MAX_KEY_BYTES:
            continue
        if not entry.is_key:
            open_ones.append((name, iter(_sorted_entries(bucket, entry.names))))
        elif _is_listed(bucket, entry.names):
            yield name, entry


def _sorted_entries(bucket: Folder, names: Names) -> list[KeyEntry]:
    entries = [
        entry
        for entry in _entries(bucket, names)
        if entry.is_key or entry.part != OWN_FOLDER
    ]
    return sorted(entries, key=lambda entry: entry.name.encode())


def list_ids(folder: Folder | None) -> dict[str, bool]:
    """Return the version ids in the directory of a key, newest first.

    Each comes with whether it is a deletion.
    """
    try:
        return version_ids(folder.files()) if folder else {}
    except MISSING:
        return {}


def newest_in(ids: dict[str, bool]) -> str | None:
    """Return the id of the newest version; None if there is none, or it is deleted."""
    newest = next(iter(ids), None)
    return None if newest is None or ids[newest] else newest


def _is_listed(bucket: Folder, names: Names) -> bool:
    try:
        with bucket.below(names) as folder:
            return newest_in(list_ids(folder)) is not None
    except MISSING:
        return False


def _holds_versions(bucket: Folder, entry: KeyEntry) -> bool:
    # A folder without a complete version is not listed, as in S3.
    waiting = [(entry, len(entry.name.encode()))]
    while waiting:
        found, length = waiting.pop()
        if length > MAX_KEY_BYTES:
            continue
        if not found.is_key:
            waiting += [
                (below, length + len(below.name.encode()))
                for below in _entries(bucket, found.names)
            ]
        elif _is_listed(bucket, found.names):
            return True
    return False


def _entries(bucket: Folder, start: Names) -> Iterator[KeyEntry]:
    waiting = [start]
    while waiting:
        names = waiting.pop()
        for name in _folders_at(bucket, names):
            here = (*names, name)
            own = [*here[len(start) :]]
            if name.endswith(GOES_ON):
                waiting += [here] if len(own) < MAX_CONTINUED else []
                continue
            is_key = name.endswith(VERSIONS)
            try:
                part = read_key_name(own) if is_key else read_name(own)
            except ValueError:
                continue  # a directory of another program
            yield KeyEntry(part, here, is_key)


def _folders_at(bucket: Folder, names: Names) -> list[str]:
    try:
        with bucket.below(names) as folder:
            return folder.folders()
    except MISSING:
        return []
