"""The catalogue itself: what was listed and read is written into it."""

import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from bookstore_core.errors import StorageError, StorageUnavailableError
from bookstore_core.paths import is_own
from bookstore_core.stores import Label, Version
from bookstore_web.catalogue.databases.failures import is_damage, is_loss, is_refusal
from bookstore_web.catalogue.databases.index import WordIndex
from bookstore_web.catalogue.databases.tables import CLONES, NOTEBOOKS, STATE, TEXTS
from bookstore_web.catalogue.entries import (
    Entry,
    indexed,
    label_values,
    pack,
    unpack,
    values_of,
)

T = TypeVar("T")
Row = dict[str, Any]

#: Values in one condition: databases have a limit.
MOST_VALUES = 500
#: Ids of notebooks that were stored in one second, and ids that are close to another.
IDS_PER_SECOND, CLOSE = 16, 1 << 20
#: Stores return times in seconds: what was read so soon may have been replaced since.
FRESH = 5.0


class Catalogue:
    """The catalogue in one database. Safe to use from several threads and processes.

    `folders` are the prefixes of keys, each with its slash, by the names of the
    shelves. Every method raises StorageUnavailableError if the database cannot be used
    now, and StorageError if it refuses what would be written.
    """

    def __init__(
        self,
        engine: Engine,
        index: WordIndex,
        *,
        folders: Mapping[str, str],
        source: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.engine = engine
        self.index = index
        self.folders = dict(folders)
        #: The store and the shelves that it is made from.
        self.source = source
        self.clock = clock
        #: Whether its file was found to be damaged: it must be made again.
        self.damaged = False
        self._lost = False
        self._opened: os.stat_result | None = None
        self._held: Callable[[], object] = lambda: None

    def keep(self, descriptor: int) -> None:
        """Keep a descriptor open as long as the catalogue; see `hold`."""
        self._held = weakref.finalize(self, os.close, descriptor)

    def note_file(self) -> None:
        """Remember which file it is, if it is one."""
        if self.engine.dialect.name == "sqlite":
            self._opened = os.stat(self.engine.url.database or "")

    @property
    def is_gone(self) -> bool:
        """Whether it must be opened again: its tables, or its file, were removed."""
        if self._opened is None or self._lost:
            return self._lost
        try:
            found = os.stat(self.engine.url.database or "")
        except OSError:
            return True
        return not os.path.samestat(found, self._opened)

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()
        self._held()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Return a connection for a request that changes nothing."""
        with self._translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return a connection for changes, which all happen or none.

        One process writes at a time.
        """
        with self._translated(writes=True), self.transaction() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Return a connection as `writing` does, and raise what SQLAlchemy raises."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                self.index.lock(connection)
                yield connection

    @contextmanager
    def _translated(self, *, writes: bool = False) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            self.damaged = self.damaged or is_damage(error)
            self._lost = self._lost or is_loss(error)
            reason = str(cause).strip().splitlines() or [type(cause).__name__]
            if writes and is_refusal(error):
                raise StorageError(f"The catalogue refuses it: {reason[0]}.") from error
            raise StorageUnavailableError(
                f"The catalogue cannot be used now: {reason[0]}."
            ) from error

    def place_of(self, key: str) -> tuple[str, str] | None:
        """Return the shelf and the path of a key; None if it is on no shelf."""
        found = [(len(folder), name) for name, folder in self.folders.items()]
        for length, name in sorted(found, reverse=True):
            path = key[length:]
            if key.startswith(self.folders[name]) and path and not is_own(path):
                return name, path
        return None

    def list_page(self, versions: Sequence[Version], *, walk: int = 0) -> int:
        """Record what a listing of keys says; return how many must be read.

        New notebooks, and those that differ from what was read, are marked as unread.
        """
        if not (wanted := [v for v in versions if self.place_of(v.key)]):
            return 0
        with self.writing() as connection:
            # A newer walk, too, has seen what is listed now.
            walk = max(walk, int(_state(connection).get("walk", "0")))
            rows = rows_of(connection, [version.key for version in wanted])
            fresh = [version for version in wanted if version.key not in rows]
            self._insert(connection, [self._listed(v, walk) for v in fresh])
            changed = [v for v in wanted if v.key in rows and _differs(v, rows[v.key])]
            for version in changed:
                connection.execute(
                    update(NOTEBOOKS)
                    .where(NOTEBOOKS.c.key == version.key)
                    .values(stored_at=version.stored_at.timestamp(), read_at=None)
                )
            for part in _parts(list(rows)):
                connection.execute(
                    update(NOTEBOOKS).where(NOTEBOOKS.c.key.in_(part)).values(walk=walk)
                )
        return len(fresh) + len(changed)

    def write(self, entries: Sequence[Entry]) -> None:
        """Record notebooks that were read. One that is older than what is known is not.

        A key has one entry at most.
        """
        if not (known := [e for e in entries if self.place_of(e.version.key)]):
            return
        with self.writing() as connection:
            rows = rows_of(connection, [entry.version.key for entry in known])
            fresh = [e for e in known if e.version.key not in rows]
            walk = int(_state(connection).get("walk", "0"))
            self._insert(connection, [self._listed(e.version, walk) for e in fresh])
            if fresh:
                rows = rows_of(connection, [entry.version.key for entry in known])
            self._update(connection, [(rows[e.version.key], e) for e in known])

    def remove(self, keys: Sequence[str]) -> None:
        """Forget notebooks that are on no shelf any more."""
        with self.writing() as connection:
            self._delete(connection, list(rows_of(connection, keys).values()))

    def set_labels(self, key: str, labels: Sequence[Label]) -> None:
        """Record the labels of a notebook."""
        with self.writing() as connection:
            for row in rows_of(connection, [key]).values():
                names = [" ".join(label.name.split()) for label in labels]
                self._change(connection, row, label_values(names))

    def finish_walk(self, shelf: str, walk: int) -> int:
        """Forget the notebooks of a shelf that a walk has not seen; return how many."""
        gone = (NOTEBOOKS.c.shelf == shelf) & (NOTEBOOKS.c.walk < walk)
        number = 0
        while True:
            with self.writing() as connection:
                found = select(NOTEBOOKS).where(gone).limit(MOST_VALUES)
                rows = [row._asdict() for row in connection.execute(found)]
                self._delete(connection, rows)
            number += len(rows)
            if len(rows) < MOST_VALUES:
                return number

    def unread(self, limit: int) -> list[str]:
        """Return the keys of notebooks to read, those stored last first."""
        wanted = select(NOTEBOOKS.c.key).where(NOTEBOOKS.c.read_at.is_(None))
        with self.reading() as connection:
            wanted = wanted.order_by(NOTEBOOKS.c.stored_at.desc()).limit(limit)
            return [key for (key,) in connection.execute(wanted)]

    def state(self) -> dict[str, str]:
        """Return what is known of the catalogue itself, by name."""
        with self.reading() as connection:
            return _state(connection)

    def set_state(self, **values: str) -> None:
        """Record what is known of the catalogue itself."""
        with self.writing() as connection:
            _set_state(connection, values)

    def take_turn(self, name: str, seconds: float) -> bool:
        """Return whether the caller may do some work that one process does at a time.

        Nobody else may for so many seconds, unless `set_state` clears it.
        """
        now = self.clock()
        with self.writing() as connection:
            if float(_state(connection).get(name) or 0) > now:
                return False
            _set_state(connection, {name: str(now + seconds)})
            return True

    def count_clone(self, key: str) -> None:
        """Count that somebody has cloned a notebook. Who it was is not recorded."""
        with self.writing() as connection:
            changed = connection.execute(
                update(CLONES)
                .where(CLONES.c.key == key)
                .values(number=CLONES.c.number + 1)
            )
            if not changed.rowcount:
                connection.execute(insert(CLONES).values(key=key, number=1))

    def _listed(self, version: Version, walk: int) -> dict[str, Any]:
        place = self.place_of(version.key)
        assert place is not None
        stored_at = version.stored_at.timestamp()
        return {
            "key": version.key,
            "shelf": place[0],
            "path": place[1],
            "version_id": version.version_id,
            "size": version.size,
            "stored_at": stored_at,
            "saved_at": stored_at,
            "walk": walk,
        }

    def _insert(self, connection: Connection, values: list[dict[str, Any]]) -> None:
        if not values:
            return
        _number(connection, values)
        connection.execute(insert(NOTEBOOKS), values)
        blank = {"title": "", "author": "", "note": "", "labels": "", "imports": ""}
        self.index.add(
            connection, [(row["id"], indexed({**blank, **row}, ())) for row in values]
        )

    def _update(
        self, connection: Connection, found: Sequence[tuple[Row, Entry]]
    ) -> None:
        old: list[Row] = []
        new: list[tuple[Row, Sequence[str]]] = []
        for row, entry in found:
            values = values_of(entry)
            if row["read_at"] and row["stored_at"] > values["stored_at"] + 1:
                continue  # what is known is newer
            old.append(row)
            new.append(
                ({**row, **values, "read_at": self.clock()}, entry.extract.cells)
            )
        if not old:
            return
        self._delete(connection, old)
        _number(connection, [row for row, _ in new])
        connection.execute(insert(NOTEBOOKS), [row for row, _ in new])
        texts = [
            {"id": -row["id"], "packed": pack(cells)} for row, cells in new if cells
        ]
        if texts:
            connection.execute(insert(TEXTS), texts)
        self.index.add(
            connection, [(row["id"], indexed(row, cells)) for row, cells in new]
        )

    def _change(
        self, connection: Connection, row: Row, values: Mapping[str, str]
    ) -> None:
        number = row["id"]
        cells = _texts(connection, [number]).get(number, ())
        same = NOTEBOOKS.c.id == number
        connection.execute(update(NOTEBOOKS).where(same).values(**values))
        self.index.remove(connection, [(number, indexed(row, cells))])
        self.index.add(connection, [(number, indexed({**row, **values}, cells))])

    def _delete(self, connection: Connection, rows: Sequence[Row]) -> None:
        for part in _parts(list(rows)):
            numbers = [row["id"] for row in part]
            texts = _texts(connection, numbers)
            gone = [(row["id"], indexed(row, texts.get(row["id"], ()))) for row in part]
            self.index.remove(connection, gone)
            connection.execute(
                delete(TEXTS).where(TEXTS.c.id.in_([-n for n in numbers]))
            )
            connection.execute(delete(NOTEBOOKS).where(NOTEBOOKS.c.id.in_(numbers)))


def _number(connection: Connection, rows: Sequence[Row]) -> None:
    """Give notebooks their ids, which are in the order of the times they were stored.

    So a database finds the latest of many without sorting them.
    """
    taken: set[int] = set()
    for row in sorted(rows, key=lambda row: row["stored_at"]):
        first = int(row["stored_at"]) * IDS_PER_SECOND
        row["id"] = max(first, max(taken, default=0) + 1) if first in taken else first
        taken.add(row["id"])
    known: set[int] = set()
    for part in _parts(sorted(taken)):
        wanted = select(NOTEBOOKS.c.id).where(NOTEBOOKS.c.id.in_(part))
        known |= {number for (number,) in connection.execute(wanted)}
    for row in rows:
        if row["id"] in known:
            row["id"] = _free(connection, row["id"], taken)
            taken.add(row["id"])


def _free(connection: Connection, number: int, taken: set[int]) -> int:
    """Return an id after a taken one, and after those that follow it closely."""
    close = number + CLOSE
    last = select(func.max(NOTEBOOKS.c.id)).where(NOTEBOOKS.c.id < close)
    found = int(connection.execute(last).scalar_one())
    return max(found, *(known for known in taken if known < close)) + 1


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(values), MOST_VALUES):
        yield values[begin : begin + MOST_VALUES]


def rows_of(connection: Connection, keys: Sequence[str]) -> dict[str, Row]:
    """Return what is known of notebooks, by their keys."""
    found: dict[str, Row] = {}
    for part in _parts(list(keys)):
        wanted = select(NOTEBOOKS).where(NOTEBOOKS.c.key.in_(part))
        found |= {row.key: row._asdict() for row in connection.execute(wanted)}
    return found


def _texts(
    connection: Connection, numbers: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for part in _parts(list(numbers)):
        wanted = select(TEXTS).where(TEXTS.c.id.in_([-number for number in part]))
        found |= {-row.id: unpack(row.packed) for row in connection.execute(wanted)}
    return found


def _state(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(STATE.c.name, STATE.c.value))
    return {name: value for name, value in rows}


def _set_state(connection: Connection, values: Mapping[str, str]) -> None:
    connection.execute(delete(STATE).where(STATE.c.name.in_(list(values))))
    rows = [{"name": name, "value": value} for name, value in values.items()]
    connection.execute(insert(STATE), rows)


def is_as_read(version: Version, row: Row) -> bool:
    """Return whether what was read of a notebook is what is listed now, surely."""
    return row["read_at"] is not None and not _differs(version, row)


def _differs(version: Version, row: Row) -> bool:
    """Return whether what was read of a notebook is not what is listed now."""
    if row["read_at"] is None:
        return bool(row["stored_at"] != version.stored_at.timestamp())
    stored_at = version.stored_at.timestamp()
    if version.version_id and row["version_id"] and row["size"] == version.size:
        return bool(version.version_id != row["version_id"])
    # A listing may have fractions of seconds, where a request for a version does not.
    if row["size"] != version.size or abs(row["stored_at"] - stored_at) >= 1.0:
        return True
    return bool(row["read_at"] < stored_at + FRESH)
