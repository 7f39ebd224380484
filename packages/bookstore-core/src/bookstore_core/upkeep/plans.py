"""What goes of each key of a store, kept in a file until all of them were looked at.

A store may have more versions than fit into memory, and what goes is known only when
the last key was read: a version of it may name one of the first key.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bookstore_core.clock import read_time
from bookstore_core.stores.versions import Version, VersionMetadata

#: Bytes that are kept in memory; what is more goes into a temporary file.
IN_MEMORY = 4 * 1024 * 1024

#: A version by its key, and its id or the id of its save.
Name = tuple[str, str]

#: A version that names others, and these.
Naming = tuple[Version, tuple[Name, ...]]


@dataclass(frozen=True)
class Plan:
    """What goes of one key, of how many versions; also what the store keeps locked.

    `markers` are the keys of the markers of runs that go, by the ids of their versions.
    """

    key: str
    count: int
    going: tuple[Version, ...] = ()
    markers: Mapping[str, str] = field(default_factory=dict)


class Plans:
    """The plans of a store: all are added, then all are read. A context manager."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            IN_MEMORY, mode="w+", encoding="utf-8", errors="surrogatepass"
        )
        self._named: set[Name] = set()
        self._named_by: dict[Name, tuple[Name, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, plan: Plan, naming: Iterable[Naming]) -> None:
        """Add the plan of a key, and its versions that name others.

        Of a version that goes, its id, size, time and lock are kept.
        """
        rows = [
            (v.version_id, v.size, v.stored_at.isoformat(), v.locked, _save_id(v))
            for v in plan.going
        ]
        self._file.write(json.dumps((plan.key, plan.count, rows, plan.markers)) + "\n")
        gone = {v.version_id for v in plan.going if not v.locked}
        for version, names in naming:
            if version.version_id not in gone:
                self._named.update(names)
                continue
            for name in own(version):
                self._named_by[name] = names

    def keep(self, names: Iterable[Name]) -> None:
        """Keep what something names that does not go."""
        self._named.update(names)

    def read(self) -> Iterator[Plan]:
        """Yield the plans without what is kept because it is named."""
        spared = self._spared()
        self._file.seek(0)
        for line in self._file:
            key, count, rows, markers = json.loads(line)
            going = [_version(key, *row) for row in rows]
            left = [version for version in going if spared.isdisjoint(own(version))]
            yield Plan(key, count, tuple(left), markers)

    def _spared(self) -> set[Name]:
        spared, todo = set[Name](), [*self._named]
        while todo:
            name = todo.pop()
            if name not in spared:
                spared.add(name)
                todo += self._named_by.get(name, ())
        return spared


def own(version: Version) -> tuple[Name, Name]:
    """Return both names of a version: by its id, and by the id of its save."""
    return (version.key, version.version_id), (version.key, _save_id(version))


def _save_id(version: Version) -> str:
    return version.metadata.save_id if version.metadata else ""


def _version(
    key: str, version_id: str, size: int, time: str, locked: str, save_id: str
) -> Version:
    stored_at = read_time(time)
    known = VersionMetadata(save_id, stored_at)
    return Version("", key, version_id, size, stored_at, metadata=known, locked=locked)
