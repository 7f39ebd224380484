"""Files in a local store that are no part of a version: torn, left behind, or foreign.

None of them does harm, and nothing reads them. What was written in the last day may be
a save under way, and is passed over.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bookstore_core.stores.local.identity import IDENTITY
from bookstore_core.stores.local.names import (
    DELETED,
    GOES_ON,
    ID_LENGTH,
    LABEL,
    SIDECAR,
    VERSIONS,
    is_version_id,
    read_key_name,
    read_name,
    time_of,
)
from bookstore_core.stores.local.places import LATER
from bookstore_core.stores.local.upkeep.removals import BASE, REMOVED

#: A save under way is complete after this time.
UNDER_WAY = timedelta(days=1)

TORN = "It is the content of a save that was never completed. It can be deleted."
UNFINISHED = "A prune was interrupted here. Run it again."
STRAY = "It is the label of a version that is gone. It can be deleted."
FOREIGN = "bookstore did not write it, and does not read it. Move it elsewhere."
LINK = "It is no regular file or directory: links are not followed. Move it elsewhere."
NO_KEY = "No notebook has a directory of this name. Move it elsewhere."


@dataclass(frozen=True)
class Leftover:
    """A file or directory, relative to the store, and what it is: sentences."""

    place: str
    problem: str


def leftovers(top: Path, now: datetime) -> Iterator[Leftover]:
    """Yield what is in the directory of a store and is no part of a version."""
    for folder, names, files in os.walk(top):
        here = Path(folder).relative_to(top)
        in_key = any(part.endswith(VERSIONS) for part in here.parts)
        for name in sorted(names):
            if (Path(folder) / name).is_symlink():
                yield Leftover(str(here / name), LINK)
        if in_key:
            found = _in_key(Path(folder), here, files, names, now)
        else:
            found = _in_folder(here, files, names)
        for name, problem in found:
            yield Leftover(str(here / name), problem)


def _in_folder(
    here: Path, files: list[str], names: list[str]
) -> Iterator[tuple[str, str]]:
    for name in sorted(files):
        if not (name == IDENTITY and here == Path()):
            yield name, FOREIGN
    before: list[str] = []
    for part in reversed(here.parts):
        if not part.endswith(GOES_ON):
            break
        before.insert(0, part)
    for name in sorted(names):
        if not _is_name([*before, name]):
            yield name, NO_KEY
            names.remove(name)


def _is_name(names: list[str]) -> bool:
    if names[-1].endswith(GOES_ON):
        return True
    try:
        read = read_key_name if names[-1].endswith(VERSIONS) else read_name
        read(names)
    except ValueError:
        return False
    return True


def _in_key(
    folder: Path, here: Path, files: list[str], names: list[str], now: datetime
) -> Iterator[tuple[str, str]]:
    endings: dict[str, set[str]] = {}
    for name in files:
        endings.setdefault(name[:ID_LENGTH], set()).add(name[ID_LENGTH:])
    for version_id, found in sorted(endings.items()):
        if not is_version_id(version_id):
            yield from ((version_id + ending, FOREIGN) for ending in sorted(found))
            continue
        if time_of(version_id) > now - UNDER_WAY:
            continue
        for ending in sorted(found):
            problem = _problem(ending, found)
            if not problem and not _is_regular(folder / (version_id + ending)):
                problem = LINK
            if problem:
                yield version_id + ending, problem
    for name in sorted(names):
        is_batch = here.name == LATER and is_version_id(name)
        if not is_batch and not (name == LATER and here.name.endswith(VERSIONS)):
            yield name, FOREIGN


def _problem(ending: str, found: set[str]) -> str:
    if ending in (SIDECAR, DELETED, BASE):
        return ""
    if ending == REMOVED:
        return UNFINISHED
    if ending.endswith(".tmp"):
        return TORN
    if found & {SIDECAR, REMOVED, BASE}:
        return ""
    return STRAY if ending == LABEL else TORN


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
