"""What the catalogue answers: searches, and the notebooks that were stored last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, or_, select

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.index import MOST_RANKED
from bookstore_web.catalogue.databases.tables import CLONES, NOTEBOOKS, TEXTS
from bookstore_web.catalogue.entries import Known, unpack
from bookstore_web.catalogue.passages import Passage, Piece, find_passage, mark
from bookstore_web.catalogue.query import Query, Term

#: The last character after which nothing in a folder comes: what follows a slash.
_AFTER_SLASH = "0"


@dataclass(frozen=True)
class Hit:
    """A notebook that was found: its names with marks, and the cell that was found."""

    notebook: Known
    path: tuple[Piece, ...]
    title: tuple[Piece, ...]
    passage: Passage | None = None


@dataclass(frozen=True)
class FoundPage:
    """A page of what was found, best first; `cursor` is for the next page, if any.

    `total` is how many were found. If there are `more`, only the latest were ranked.
    """

    hits: tuple[Hit, ...]
    total: int = 0
    more: bool = False
    cursor: str | None = None


@dataclass(frozen=True)
class _Position:
    """How many were shown, and the last of them."""

    number: int
    last: int

    @classmethod
    def of(cls, position: Any) -> "_Position":
        number, last = position
        if type(number) is not int or type(last) is not int or number < 0:
            raise TypeError
        return cls(number, last)


class Answers:
    """Asks a catalogue.

    `readable` are the prefixes of the keys that the asker may read; None if that is all
    of them. Raises StorageUnavailableError if the database cannot be used now.
    """

    def __init__(
        self, catalogue: Catalogue, *, readable: Sequence[str] | None = None
    ) -> None:
        self._catalogue = catalogue
        self._readable = readable

    def search(
        self, query: Query, *, shelf: str = "", cursor: str = "", limit: int = 20
    ) -> FoundPage:
        """Return the notebooks that have all terms of a query, and pass its filters.

        Of more than a thousand, the latest thousand are ranked. The next page begins
        after the last notebook of this one, also if others were added meanwhile. Raises
        InvalidRequestError for a cursor of another list.
        """
        position = read_cursor("found", cursor, _Position.of) if cursor else None
        where = [*_filters(query), *self._may_read()]
        if shelf:
            where.append(NOTEBOOKS.c.shelf == shelf)
        with self._catalogue.reading() as connection:
            ranked = self._ranked(connection, query, where)
            begin = 0
            if position is not None:
                begin = position.number
                if position.last in ranked:
                    begin = ranked.index(position.last) + 1
            shown = ranked[begin : begin + limit]
            hits = _hits(connection, shown, query.terms)
        following = begin + len(shown)
        last = following < len(ranked) and shown
        return FoundPage(
            hits,
            total=len(ranked),
            more=len(ranked) >= MOST_RANKED,
            cursor=encode_cursor("found", [following, shown[-1]]) if last else None,
        )

    def recent(self, shelf: str, limit: int) -> list[Known]:
        """Return the notebooks of a shelf that were stored last, newest first."""
        wanted = (
            select(NOTEBOOKS)
            .where(NOTEBOOKS.c.shelf == shelf, *self._may_read())
            .order_by(NOTEBOOKS.c.stored_at.desc(), NOTEBOOKS.c.id.desc())
            .limit(limit)
        )
        with self._catalogue.reading() as connection:
            rows = [row._asdict() for row in connection.execute(wanted)]
            clones = _clones(connection, [row["key"] for row in rows])
        return [Known.of(row, clones.get(row["key"], 0)) for row in rows]

    def clones(self, keys: Sequence[str]) -> dict[str, int]:
        """Return how often notebooks were cloned, by their keys."""
        with self._catalogue.reading() as connection:
            return _clones(connection, keys)

    def counts(self) -> tuple[int, int]:
        """Return how many notebooks there are, and how many of them are unread."""
        wanted = select(func.count(), func.count(NOTEBOOKS.c.read_at))
        with self._catalogue.reading() as connection:
            total, read = connection.execute(wanted.select_from(NOTEBOOKS)).one()
        return total, total - read

    def _ranked(
        self,
        connection: Connection,
        query: Query,
        where: Sequence[ColumnElement[bool]],
    ) -> list[int]:
        if not query.terms:
            latest = select(NOTEBOOKS.c.id).where(*where)
            latest = latest.order_by(NOTEBOOKS.c.stored_at.desc(), NOTEBOOKS.c.id)
            return [n for (n,) in connection.execute(latest.limit(MOST_RANKED))]
        scores = self._catalogue.index.find(connection, query.terms, where)
        best = sorted(scores, key=lambda number: (-scores[number], -number))
        return best[:MOST_RANKED]

    def _may_read(self) -> list[ColumnElement[bool]]:
        if self._readable is None:
            return []
        return [or_(false(), *(_below(NOTEBOOKS.c.key, p) for p in self._readable))]


def _below(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """Return a condition for what is in a folder, which an index serves."""
    if not prefix:
        return column.is_not(None)
    if not prefix.endswith("/"):
        return column == prefix
    return (column >= prefix) & (column < prefix[:-1] + _AFTER_SLASH)


def _filters(query: Query) -> list[ColumnElement[bool]]:
    table = NOTEBOOKS.c
    where = [table.who.contains(name, autoescape=True) for name in query.authors]
    where += [table.labelled.contains(name, autoescape=True) for name in query.labels]
    where += [table.kernels.contains(name, autoescape=True) for name in query.kernels]
    if query.folder:
        where.append(_below(table.path, query.folder))
    if query.after is not None:
        where.append(table.saved_at >= query.after)
    if query.before is not None:
        where.append(table.saved_at < query.before)
    return where


def _hits(
    connection: Connection, numbers: Sequence[int], terms: Sequence[Term]
) -> tuple[Hit, ...]:
    if not numbers:
        return ()
    wanted = (
        select(NOTEBOOKS, TEXTS.c.packed, CLONES.c.number)
        .outerjoin(TEXTS, TEXTS.c.id == NOTEBOOKS.c.id)
        .outerjoin(CLONES, CLONES.c.key == NOTEBOOKS.c.key)
        .where(NOTEBOOKS.c.id.in_(list(numbers)))
    )
    rows = {row.id: row._asdict() for row in connection.execute(wanted)}
    return tuple(_hit(rows[number], terms) for number in numbers if number in rows)


def _hit(row: dict[str, Any], terms: Sequence[Term]) -> Hit:
    known = Known.of(row, row["number"] or 0)
    return Hit(
        known,
        path=mark(known.path, terms, whole=True),
        title=mark(known.title, terms, whole=True),
        passage=find_passage(unpack(row["packed"]), terms),
    )


def _clones(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    wanted = select(CLONES.c.key, CLONES.c.number).where(CLONES.c.key.in_(list(keys)))
    return {key: number for key, number in connection.execute(wanted)}
