"""The catalogue itself: what was listed and read is written into it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from bookstore_core.paths import is_own
from bookstore_core.stores import Version
from bookstore_web.catalogue.databases.database import Database, state_of, write_state
from bookstore_web.catalogue.databases.index import WordIndex
from bookstore_web.catalogue.databases.rows import (
    MOST_VALUES,
    Row,
    add_texts,
    differs,
    number_rows,
    parts_of,
    rows_of,
    text_ids,
    texts_of,
)
from bookstore_web.catalogue.databases.tables import CLONES, NOTEBOOKS, TEXTS
from bookstore_web.catalogue.entries import (
    Entry,
    indexed,
    values_of,
)


class Catalogue(Database):
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
        super().__init__(engine, index)
        self.folders = dict(folders)
        #: The store and the shelves that it is made from.
        self.source = source
        self.clock = clock

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
            walk = max(walk, int(state_of(connection).get("walk", "0")))
            rows = rows_of(connection, [version.key for version in wanted])
            fresh = [version for version in wanted if version.key not in rows]
            self._insert(connection, [self._listed(v, walk) for v in fresh])
            changed = [v for v in wanted if v.key in rows and differs(v, rows[v.key])]
            for version in changed:
                connection.execute(
                    update(NOTEBOOKS)
                    .where(NOTEBOOKS.c.key == version.key)
                    .values(stored_at=version.stored_at.timestamp(), read_at=None)
                )
            for part in parts_of(list(rows)):
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
            walk = int(state_of(connection).get("walk", "0"))
            self._insert(connection, [self._listed(e.version, walk) for e in fresh])
            if fresh:
                rows = rows_of(connection, [entry.version.key for entry in known])
            self._update(connection, [(rows[e.version.key], e) for e in known])

    def remove(self, keys: Sequence[str]) -> None:
        """Forget notebooks that are on no shelf any more."""
        with self.writing() as connection:
            self._delete(connection, list(rows_of(connection, keys).values()))

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
            return state_of(connection)

    def set_state(self, **values: str) -> None:
        """Record what is known of the catalogue itself."""
        with self.writing() as connection:
            write_state(connection, values)

    def take_turn(self, name: str, seconds: float) -> bool:
        """Return whether the caller may do some work that one process does at a time.

        Nobody else may for so many seconds, unless `set_state` clears it. A turn that
        ends later than that is one of a clock that was wrong.
        """
        now = self.clock()
        with self.writing() as connection:
            if now < float(state_of(connection).get(name) or 0) <= now + seconds:
                return False
            write_state(connection, {name: str(now + seconds)})
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
        number_rows(connection, values)
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
        number_rows(connection, [row for row, _ in new])
        add_texts(connection, new)
        connection.execute(insert(NOTEBOOKS), [row for row, _ in new])
        self.index.add(
            connection, [(row["id"], indexed(row, cells)) for row, cells in new]
        )

    def _delete(self, connection: Connection, rows: Sequence[Row]) -> None:
        for part in parts_of(list(rows)):
            numbers = [row["id"] for row in part]
            texts = texts_of(connection, part)
            gone = [
                (row["id"], indexed(row, texts.get(row["text_id"], ()))) for row in part
            ]
            self.index.remove(connection, gone)
            connection.execute(delete(TEXTS).where(TEXTS.c.id.in_(text_ids(part))))
            connection.execute(delete(NOTEBOOKS).where(NOTEBOOKS.c.id.in_(numbers)))
