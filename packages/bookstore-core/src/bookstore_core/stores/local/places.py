"""Places: where the versions of one key are, in its directory and in batches below it.

The directory of a key has its first versions. Later ones are in directories for each
batch, which have the id that their first version got as their names::

    mine.ipynb.versions/20261123T183225.123456Z-1a2b3c4d.ipynb
                        20261123T183225.123456Z-1a2b3c4d.meta.json
                        later/20261124T090000.000000Z-5e6f7a8b/20261124T...

So a save, and a read of the newest version, list few files, however many versions
there are; and directories that are full do not change, so they are remembered. All new
versions go into the last batch until it is full. Two processes may make a batch at the
same moment, so a version may be in a batch before the one that its id belongs to.
Earlier releases write into the directory of the key, whatever is below it.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, Self

from bookstore_core.disk.remembered import Remembered
from bookstore_core.stores.local.names import (
    DELETED,
    ID_LENGTH,
    LABEL,
    SIDECAR,
    id_after,
    is_version_id,
)
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Label

#: Versions in a batch, and in the directory of a key before there are batches.
BATCH = 200

#: The place of the versions that are in the directory of the key.
TOP = ""

#: The directory of the batches, in the directory of the key.
LATER = "later"

#: A batch has no version that is so much newer than the first of the next batch: a
#: version gets its id at once when its batch is known.
OVERLAP = timedelta(seconds=5)

#: Batches that are open at once.
_OPEN = 4


class Found(NamedTuple):
    """A version, or a deletion, and the place where it is."""

    version_id: str
    deleted: bool
    place: str


@dataclass(frozen=True)
class Listing:
    """The versions, labels and batches in one directory, each in ascending order.

    `read` are the labels that were read since it was listed, by version id.
    """

    ids: tuple[str, ...] = ()
    deleted: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    read: dict[str, Label | None] = field(default_factory=dict)

    def lists(self, version_id: str) -> bool:
        """Return whether a version, or a deletion, is there."""
        at = bisect_left(self.ids, version_id)
        return self.ids[at : at + 1] == (version_id,)


def listing_of(names: list[str]) -> Listing:
    """Return the listing of a directory of versions; other entries are left out."""
    found: dict[str, list[str]] = {SIDECAR: [], DELETED: [], LABEL: [], "/": []}
    for name in names:
        if (ending := name[ID_LENGTH:]) in found:
            found[ending].append(name[:ID_LENGTH])
    deleted = frozenset(found[DELETED]).difference(found[SIDECAR])
    return Listing(
        tuple(sorted((*found[SIDECAR], *deleted))),
        deleted,
        tuple(sorted(found[LABEL])),
        tuple(sorted(filter(is_version_id, found["/"]))),
    )


def newest_of_few(names: list[str]) -> Found | None:
    """Return the newest version or deletion in a small directory without batches.

    None also if finding it takes more than that.
    """
    newest = max([name for name in names if name.endswith(_ENDINGS)], default="")
    known, ending = newest[:ID_LENGTH], newest[ID_LENGTH:]
    if ending not in _ENDINGS or not is_version_id(known) or _LATER in names:
        return None
    return Found(known, ending == DELETED, TOP)


#: Of a version and of a deletion; if there are both, it is a version, the last here.
_ENDINGS = (DELETED, SIDECAR)
_LATER = LATER + "/"

Listings = Remembered[Listing]


class Places:
    """The places of the versions of a key, if it has a directory. A context manager."""

    def __init__(self, top: Folder | None, listings: Listings) -> None:
        self._top = top
        self._listings = listings
        self._open: OrderedDict[str, Folder] = OrderedDict()
        self._listed: dict[str, Listing] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the batches; the directory of the key is left open."""
        while self._open:
            self._open.popitem()[1].close()

    def folder(self, place: str) -> Folder:
        """Return the directory of a place; raises one of `MISSING`."""
        if self._top is None:
            raise FileNotFoundError
        if place == TOP:
            return self._top
        if place not in self._open:
            self._keep(place, self._top.below(_path(place)))
        return self._open[place]

    def _keep(self, place: str, folder: Folder) -> None:
        before = self._open.pop(place, None)
        if before is not None:
            before.close()
        self._open[place] = folder
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()

    def listing(self, place: str) -> Listing:
        """Return what is at a place; nothing if it was removed."""
        if place not in self._listed:
            try:
                self._listed[place] = self._listings.of(self.folder(place))
            except MISSING:
                self._listed[place] = Listing()
        return self._listed[place]

    def labels(self, place: str) -> list[str]:
        """Return the ids that have a label at a place."""
        return [known for known in self.listing(place).labels if is_version_id(known)]

    def batches(self) -> tuple[str, ...]:
        """Return the places of the batches, the oldest first."""
        return self.listing(LATER).batches

    def place_of(self, version_id: str) -> str | None:
        """Return the place of a version or deletion; None if there is none."""
        if self._has(TOP, version_id):
            return TOP
        batches = self.batches()
        older = reversed(batches[: bisect_right(batches, version_id)])
        return next((place for place in older if self._has(place, version_id)), None)

    def _has(self, place: str, version_id: str) -> bool:
        for ending in (SIDECAR, DELETED):
            try:
                self.folder(place).size(version_id + ending)
            except MISSING:
                continue
            return True
        return False

    def newest(self) -> Found | None:
        """Return the newest version or deletion."""
        return next(self.newest_first(), None)

    def newest_first(self, before: str | None = None) -> Iterator[Found]:
        """Yield the versions and deletions, newest first; of `before`, older ones."""
        ways = (self._at(TOP, before), self._in_batches(self.batches(), before))
        last = ""
        for found in heapq.merge(*ways, reverse=True):
            if found.version_id != last and _is_valid(found):
                yield found
            last = found.version_id

    def _in_batches(
        self, batches: tuple[str, ...], before: str | None
    ) -> Iterator[Found]:
        if before is not None:
            batches = batches[: bisect_left(batches, before)]
        waiting: list[Found] = []
        for place in reversed(batches):
            here = self._at(place, before)
            if waiting:
                here = iter(sorted([*waiting, *here], reverse=True))
            waiting = []
            # What is newer than this is in no batch before this one.
            last = id_after(place, OVERLAP)
            for found in here:
                if found.version_id <= last:
                    waiting = [found, *here]
                else:
                    yield found
        yield from waiting

    def _at(self, place: str, before: str | None) -> Iterator[Found]:
        known = self.listing(place)
        end = len(known.ids) if before is None else bisect_left(known.ids, before)
        for version_id in reversed(known.ids[:end]):
            yield Found(version_id, version_id in known.deleted, place)

    def for_new(self, batch: int) -> tuple[str | None, str | None]:
        """Return the place of a new version, and the id that its own must follow.

        The place is None if the new version begins a batch, of which each has `batch`
        versions.
        """
        last = (TOP, *self.batches())[-1]
        newest = self.newest()
        # The first version of a batch may not be there yet.
        after = max(last, newest.version_id) if newest else last
        full = len(self.listing(last).ids) >= batch
        return None if full else last, after or None

    def made(self, place: str) -> Folder:
        """Return the directory of a place, which is made if it is missing."""
        if place != TOP and self._top is not None:
            self._keep(place, self._top.made_below(_path(place)))
            if not self.batches():
                self._listings.of(self._top)  # it was changed for the last time
        return self.folder(place)


def _path(place: str) -> list[str]:
    return [LATER] if place == LATER else [LATER, place]


def _is_valid(found: Found) -> bool:
    return is_version_id(found.version_id)
