"""Versions of the local store removed for good, in steps that may end anywhere.

First the sidecar gets another name, with which the version is gone::

    ID.meta.json -> ID.removed.json    its files are to be removed
                 -> ID.base.json       its content stays: patches of others need it

Then the content, the label and ``ID.removed.json`` are removed. Who is interrupted
leaves files with these names, and the next removal of the key continues there. No
content is ever written, so nobody who reads a version that stays sees anything of it.

A writer takes the newest version, or the base of that, as the base of its own. So the
newest version is never removed, and while the key was just written, no whole content is
removed where writers may be; it waits as a base for the next removal.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bookstore_core.stores.local.key_folder import KeyFolder
from bookstore_core.stores.local.names import (
    ID_LENGTH,
    LABEL,
    SIDECAR,
    content_name,
    is_version_id,
    time_of,
)
from bookstore_core.stores.local.patches import PATCH
from bookstore_core.stores.local.places import LATER, TOP
from bookstore_core.stores.local.sidecars import (
    PATCH_FORM,
    Sidecar,
    base_in,
    form_in,
    read_sidecar,
)
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Removal

REMOVED = ".removed.json"
BASE = ".base.json"

#: A save that chose its base is complete after this time.
BUSY = timedelta(minutes=10)


@dataclass(frozen=True)
class _Step:
    """What happens in one directory: sidecars renamed, and then files removed."""

    folder: Folder
    gone: tuple[str, ...]
    bases: tuple[str, ...]
    unneeded: tuple[str, ...]
    unfinished: tuple[str, ...]

    @property
    def finished(self) -> tuple[str, ...]:
        """The ids whose files are removed."""
        return (*self.gone, *self.unneeded, *self.unfinished)


class LocalRemovals:
    """Removes versions of one key."""

    def __init__(self, found: KeyFolder, now: datetime) -> None:
        self._found = found
        self._places = found.places
        newest = self._places.newest()
        busy = newest is not None and time_of(newest.version_id) > now - BUSY
        self._all = (TOP, *self._places.batches())
        self._in_use = frozenset(self._all[-2:] if busy else ())

    def remove(self, ids: Collection[str], *, dry_run: bool) -> Removal:
        """Remove these versions, and what an earlier removal has left."""
        wanted: dict[str, set[str]] = {}
        for known in filter(is_version_id, ids):
            place = self._places.place_of(known)
            if place is not None and self._found.has(known):
                wanted.setdefault(place, set()).add(known)
        removed: list[str] = []
        freed = 0
        for place in self._all:
            step = self._step(place, wanted.get(place, set()))
            if step is None:
                continue
            removed += (*step.gone, *step.bases)
            freed += sum(self._size(step.folder, known) for known in step.finished)
            if not dry_run:
                self._do(place, step)
        return Removal(tuple(removed), freed=freed)

    def _step(self, place: str, wanted: set[str]) -> _Step | None:
        try:
            folder = self._places.folder(place)
            names = folder.names()
        except MISSING:
            return None
        known = {
            ending: {name[:ID_LENGTH] for name in names if name[ID_LENGTH:] == ending}
            for ending in (SIDECAR, REMOVED, BASE)
        }
        if not (wanted or known[REMOVED] or known[BASE]):
            return None
        needed = self._needed(
            folder, known[SIDECAR] - wanted, known[SIDECAR] | known[BASE]
        )
        if place in self._in_use:
            patches = {n[:ID_LENGTH] for n in names if n.endswith(PATCH)}
            needed |= (wanted | known[BASE]) - patches
        return _Step(
            folder,
            gone=tuple(sorted(wanted - needed)),
            bases=tuple(sorted(wanted & needed)),
            unneeded=tuple(sorted(known[BASE] - needed)),
            unfinished=tuple(sorted(known[REMOVED])),
        )

    def _needed(self, folder: Folder, kept: set[str], bases: set[str]) -> set[str]:
        """Return the ids of versions whose content the kept versions need."""
        needed: set[str] = set()
        for version_id in kept:
            try:
                described = read_sidecar(folder, version_id)
            except MISSING:
                continue  # another process has just removed it
            base = base_in(described)
            if base:
                needed.add(base)
            elif self._may_need_any(folder, version_id, described):
                return bases
        return needed

    def _may_need_any(
        self, folder: Folder, version_id: str, described: Sidecar
    ) -> bool:
        """Return whether a version is a patch of nobody knows which other one."""
        if form_in(described) > PATCH_FORM:
            return True  # a newer release wrote it
        try:
            folder.size(content_name(self._found.key, version_id) + PATCH)
        except MISSING:
            return False
        return True

    def _do(self, place: str, step: _Step) -> None:
        folder = step.folder
        # No content is removed before all that needed it are gone.
        for known in step.gone:
            folder.rename(known + SIDECAR, known + REMOVED)
        for known in step.bases:
            folder.rename(known + SIDECAR, known + BASE)
            folder.discard(known + LABEL)
        for known in step.unneeded:
            folder.rename(known + BASE, known + REMOVED)
        folder.sync()
        for known in step.finished:
            for name in self._files(known):
                folder.discard(name)
        folder.sync()
        # The mark is removed last, and only when the files are durably gone.
        for known in step.finished:
            folder.discard(known + REMOVED)
        folder.sync()
        if place != TOP and place != self._all[-1] and place not in self._in_use:
            self._places.folder(LATER).discard_folder(place)

    def _files(self, version_id: str) -> Iterator[str]:
        content = content_name(self._found.key, version_id)
        yield from (content, content + PATCH, version_id + LABEL)

    def _size(self, folder: Folder, version_id: str) -> int:
        size = 0
        for name in (
            *self._files(version_id),
            *(version_id + ending for ending in (SIDECAR, BASE, REMOVED)),
        ):
            try:
                size += folder.size(name)
            except MISSING:
                continue
        return size
