"""What the catalogue answers: searches, and the notebooks that were stored last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.stores import Version
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.index import MOST_RANKED
from bookstore_web.catalogue.databases.rows import is_as_read, rows_of
from bookstore_web.catalogue.databases.tables import CLONES, NOTEBOOKS, TEXTS
from bookstore_web.catalogue.entries import Known, described, unpack
from bookstore_web.catalogue.hits import FoundPage, Hit
from bookstore_web.catalogue.marks import clauses_of, early_of, has_mark
from bookstore_web.catalogue.passages import find_passage, mark
from bookstore_web.catalogue.query import Query, Term

#: Notebooks of a page that its cursor names: the last may be gone when it is used.
MOST_NAMED = 20


@dataclass(frozen=True)
class _Position:
    """How many were shown, and the last of them, in order."""

    number: int
    shown: tuple[int, ...]

    @classmethod
    def of(cls, position: Any) -> "_Position":
        number, shown = position
        if any(type(value) is not int for value in (number, *shown)) or number < 0:
            raise TypeError
        return cls(number, tuple(shown[:MOST_NAMED]))

    def after(self, ranked: Sequence[int]) -> int:
        """Return where the next page begins: after the last one that is still there.

        What was shown and is gone, or has another place since, is passed over.
        """
        for number in reversed(self.shown):
            if number in ranked:
                return ranked.index(number) + 1
        return self.number


@dataclass(frozen=True)
class Reach:
    """What an asker may read, as prefixes of keys: the longest that fits decides.

    `roots` are the prefixes of their shelves, by name; `whole` are those of everybody.
    """

    roots: Mapping[str, str]
    shown: tuple[str, ...] = ("",)
    hidden: tuple[str, ...] = ()
    whole: Mapping[str, str] = field(default_factory=dict)

    def within(self, shelf: str = "", folder: str = "") -> ColumnElement[bool]:
        """Return the condition for what may be read in a folder of their shelves."""
        table = NOTEBOOKS.c
        found = []
        for name in [shelf] if shelf else list(self.roots):
            root = self.roots[name]
            if root == self.whole.get(name):
                # An index has the notebooks of a shelf in the order of their times.
                found.append(
                    and_(
                        table.shelf == name, _below(table.key, folder and root + folder)
                    )
                )
            else:
                found.append(_below(table.key, root + folder))
        return or_(false(), *found) & self._readable()

    def places(self, shelf: str = "", folder: str = "") -> list[str]:
        """Return folders in one of which is all of that; none if they have no marks."""
        if not (shelf or folder) and self.is_all:
            return []
        found = []
        for name in [shelf] if shelf else list(self.roots):
            place = self.roots[name] + folder
            if any(place.startswith(prefix) for prefix in self.shown):
                found.append(place)
            else:
                found += [known for known in self.shown if known.startswith(place)]
        return found if all(map(has_mark, found)) else []

    @property
    def is_all(self) -> bool:
        """Whether it is everything."""
        return self.roots == self.whole and self._reads_all

    @property
    def _reads_all(self) -> bool:
        return self.shown == ("",) and not self.hidden

    def _readable(self) -> ColumnElement[bool]:
        if self._reads_all:
            return true()
        allowed = []
        for prefix in self.shown:
            longer = [h for h in self.hidden if h.startswith(prefix)]
            not_hidden = [~_below(NOTEBOOKS.c.key, found) for found in longer]
            allowed.append(and_(_below(NOTEBOOKS.c.key, prefix), *not_hidden))
        return or_(false(), *allowed)


class Answers:
    """Asks a catalogue, for somebody who may read what is in their `reach`.

    Without one it is everything. Raises StorageUnavailableError if the database cannot
    be used now.
    """

    def __init__(self, catalogue: Catalogue, reach: Reach | None = None) -> None:
        self._catalogue = catalogue
        reach = reach or Reach(catalogue.folders)
        self._reach = replace(reach, whole=catalogue.folders)

    def search(
        self, query: Query, *, shelf: str = "", cursor: str = "", limit: int = 20
    ) -> FoundPage:
        """Return the notebooks that have all terms of a query, and pass its filters.

        Of more than a thousand, the latest thousand are ranked. The next page begins
        after the last notebook of this one, also if others were added meanwhile. Raises
        InvalidRequestError for a cursor of another list.
        """
        position = read_cursor("found", cursor, _Position.of) if cursor else None
        with self._catalogue.reading() as connection:
            ranked, looked_at = self._ranked(connection, query, shelf)
            begin = position.after(ranked) if position else 0
            shown = ranked[begin : begin + limit]
            hits = self._hits(connection, shown, query.terms)
        following = begin + len(shown)
        last = shown[-MOST_NAMED:] if following < len(ranked) else []
        return FoundPage(
            hits,
            total=len(ranked),
            more=len(ranked) >= MOST_RANKED,
            looked_at=looked_at,
            cursor=encode_cursor("found", [following, last]) if last else None,
        )

    def recent(self, shelf: str, limit: int) -> list[Known]:
        """Return the notebooks of a shelf that were stored last, newest first."""
        wanted = (
            select(NOTEBOOKS, CLONES.c.number)
            .outerjoin(CLONES, CLONES.c.key == NOTEBOOKS.c.key)
            .where(self._reach.within(shelf))
            .order_by(NOTEBOOKS.c.stored_at.desc(), NOTEBOOKS.c.id.desc())
            .limit(limit)
        )
        with self._catalogue.reading() as connection:
            rows = [row._asdict() for row in connection.execute(wanted)]
        return [self._known(row, row["number"] or 0) for row in rows]

    def clones(self, keys: Sequence[str]) -> dict[str, int]:
        """Return how often notebooks were cloned, by their keys."""
        with self._catalogue.reading() as connection:
            return _clones(connection, keys)

    def described(self, listed: Sequence[Version]) -> dict[str, Version]:
        """Return listed versions that were read, with their metadata, by their keys.

        What the asker has listed, they may read. One that differs from what is known,
        or may differ, is left out.
        """
        with self._catalogue.reading() as connection:
            rows = rows_of(connection, [version.key for version in listed])
        return {
            version.key: described(version, rows[version.key])
            for version in listed
            if version.key in rows and is_as_read(version, rows[version.key])
        }

    def counts(self) -> tuple[int, int]:
        """Return how many notebooks there are, and how many of them are unread."""
        wanted = select(func.count(), func.count(NOTEBOOKS.c.read_at))
        with self._catalogue.reading() as connection:
            total, read = connection.execute(wanted.select_from(NOTEBOOKS)).one()
        return total, total - read

    def unread(self) -> int:
        """Return of how many notebooks that the asker may read no content is known."""
        wanted = select(func.count()).where(NOTEBOOKS.c.read_at.is_(None))
        if not self._reach.is_all:
            wanted = wanted.where(self._reach.within())
        with self._catalogue.reading() as connection:
            return int(connection.execute(wanted).scalar_one())

    def _ranked(
        self, connection: Connection, query: Query, shelf: str
    ) -> tuple[list[int], int]:
        clauses = clauses_of(query, self._reach.places(shelf, query.folder))
        if not (query.terms or clauses):
            return self._latest(connection, query, shelf), 0
        where = [*_filters(query), self._reach.within(shelf, query.folder)]
        found = self._catalogue.index.find(
            connection, query.terms, clauses, where, early_of(query)
        )
        best = sorted(found.scores, key=lambda n: (-found.scores[n], -n))
        return best[:MOST_RANKED], found.looked_at

    def _latest(self, connection: Connection, query: Query, shelf: str) -> list[int]:
        """Return the latest that pass the filters; an index has those of each shelf."""
        table, found = NOTEBOOKS.c, dict[int, float]()
        for name in [shelf] if shelf else self._reach.roots:
            where = [*_filters(query), self._reach.within(name, query.folder)]
            latest = select(table.id, table.stored_at).where(*where)
            latest = latest.order_by(table.stored_at.desc(), table.id)
            rows = connection.execute(latest.limit(MOST_RANKED))
            found |= {number: stored_at for number, stored_at in rows}
        return sorted(found, key=lambda n: (-found[n], n))[:MOST_RANKED]

    def _hits(
        self, connection: Connection, numbers: Sequence[int], terms: Sequence[Term]
    ) -> tuple[Hit, ...]:
        if not numbers:
            return ()
        wanted = (
            select(NOTEBOOKS, TEXTS.c.packed, CLONES.c.number)
            .outerjoin(TEXTS, TEXTS.c.id == NOTEBOOKS.c.text_id)
            .outerjoin(CLONES, CLONES.c.key == NOTEBOOKS.c.key)
            .where(NOTEBOOKS.c.id.in_(list(numbers)))
        )
        rows = {row.id: row._asdict() for row in connection.execute(wanted)}
        return tuple(self._hit(rows[n], terms) for n in numbers if n in rows)

    def _hit(self, row: dict[str, Any], terms: Sequence[Term]) -> Hit:
        known = self._known(row, row["number"] or 0)
        return Hit(
            known,
            path=mark(known.path, terms, whole=True),
            title=mark(known.title, terms, whole=True),
            passage=find_passage(unpack(row["packed"]), terms),
        )

    def _known(self, row: dict[str, Any], clones: int) -> Known:
        root = self._reach.roots[row["shelf"]]
        return Known.of({**row, "path": row["key"].removeprefix(root)}, clones)


def _below(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return a condition for what begins with a prefix, which an index serves."""
    if not prefix:
        return true()
    return (column >= prefix) & (column < prefix[:-1] + chr(ord(prefix[-1]) + 1))


def _filters(query: Query) -> list[ColumnElement[bool]]:
    table = NOTEBOOKS.c
    where = [table.who.contains(name, autoescape=True) for name in query.authors]
    where += [table.labelled.contains(name, autoescape=True) for name in query.labels]
    where += [table.kernels.contains(name, autoescape=True) for name in query.kernels]
    if query.after is not None:
        where.append(table.saved_at >= query.after)
    if query.before is not None:
        where.append(table.saved_at < query.before)
    return where


def _clones(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    wanted = select(CLONES.c.key, CLONES.c.number).where(CLONES.c.key.in_(list(keys)))
    return {key: number for key, number in connection.execute(wanted)}
