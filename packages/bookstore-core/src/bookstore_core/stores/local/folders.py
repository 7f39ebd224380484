"""Folders of the local store: the keys and folders in a directory."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bookstore_core.paths import DELIMITER, OWN_FOLDER
from bookstore_core.stores.local.files import MISSING
from bookstore_core.stores.local.names import GOES_ON, VERSIONS, read_name, version_ids


@dataclass(frozen=True)
class KeyFolder:
    """One part of a key, and the directory with its versions or its folder."""

    part: str
    directory: Path
    is_key: bool

    @property
    def name(self) -> str:
        """The part, with a final slash for a folder, as S3 names and sorts them."""
        return self.part if self.is_key else self.part + DELIMITER


def list_folder(directory: Path, *, after: str | None = None) -> Iterator[KeyFolder]:
    """Yield the keys and folders in a directory that have versions, in S3's order.

    Bookstore's own folder is left out.
    """
    for entry in _sorted_entries(directory):
        passed = after is not None and entry.name.encode() <= after.encode()
        if not passed and _holds_versions(entry):
            yield entry


def walk_folder(
    directory: Path, before: str = "", *, after: str | None = None
) -> Iterator[tuple[str, KeyFolder]]:
    """Yield the keys at all levels below a directory that have versions, in S3's order.

    Each comes with its name: `before`, and then its path below the directory. Entries
    up to `after` are skipped without being read.
    """
    for entry in _sorted_entries(directory):
        name = before + entry.name
        if after is None or name.encode() > after.encode():
            passed = False
        else:
            passed = entry.is_key or not after.startswith(name)
        if passed:
            continue
        if not entry.is_key:
            yield from walk_folder(entry.directory, name, after=after)
        elif _holds_versions(entry):
            yield name, entry


def _sorted_entries(directory: Path) -> list[KeyFolder]:
    entries = [
        entry
        for entry in _entries(directory, [])
        if entry.is_key or entry.part != OWN_FOLDER
    ]
    return sorted(entries, key=lambda entry: entry.name.encode())


def list_ids(directory: Path) -> list[str]:
    """Return the version ids in the directory of a key, newest first."""
    try:
        return version_ids(os.listdir(directory))
    except MISSING:
        return []


def _holds_versions(entry: KeyFolder) -> bool:
    # A folder without a complete version is not listed, as in S3.
    if entry.is_key:
        return bool(list_ids(entry.directory))
    return any(map(_holds_versions, _entries(entry.directory, [])))


def _entries(directory: Path, before: list[str]) -> Iterator[KeyFolder]:
    try:
        with os.scandir(directory) as found:
            names = [entry.name for entry in found if entry.is_dir()]
    except MISSING:
        return
    for name in names:
        path = directory / name
        if name.endswith(GOES_ON):
            yield from _entries(path, [*before, name])
            continue
        is_key = name.endswith(VERSIONS)
        own = name.removesuffix(VERSIONS) if is_key else name
        try:
            yield KeyFolder(read_name([*before, own]), path, is_key)
        except UnicodeError:
            continue  # a directory of another program
