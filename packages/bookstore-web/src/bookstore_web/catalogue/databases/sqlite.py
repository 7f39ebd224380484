"""The words of the catalogue in SQLite: FTS5, with trigrams for parts of names."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    TableClause,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)

from bookstore_web.catalogue.databases.index import BONUS, MOST_RANKED, WEIGHTS, Indexed
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.marks import Mark
from bookstore_web.catalogue.query import Term

#: Contentless: what was indexed is given again when it is removed. The first column
#: takes the least room: it is the one with the most words.
_CREATE = (
    "CREATE VIRTUAL TABLE words USING fts5(body, name, rest, marks, content='', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE VIRTUAL TABLE parts USING fts5(name, content='', tokenize='trigram')",
)
WORDS = table("words", column("rowid", Integer))
PARTS = table("parts", column("rowid", Integer))
#: Notebooks that have a word, if it says little about one of them.
COMMON = 10_000
#: Notebooks whose names have all terms, of which the allowed ones are taken.
MOST_NAMED = 20_000
#: The shortest text that trigrams find.
_TRIGRAM = 3


class SqliteIndex:
    """See `WordIndex`."""

    def create(self, connection: Connection) -> None:
        """Create the virtual tables."""
        for statement in _CREATE:
            connection.exec_driver_sql(statement)

    def drop(self, connection: Connection) -> None:
        """Remove the virtual tables."""
        for name in ("words", "parts"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")

    def lock(self, connection: Connection) -> None:
        """Do nothing: the transaction has begun as one that writes."""

    def add(self, connection: Connection, rows: Sequence[tuple[int, Indexed]]) -> None:
        """Add notebooks, by their id."""
        self._write(connection, rows, "")

    def remove(
        self, connection: Connection, rows: Sequence[tuple[int, Indexed]]
    ) -> None:
        """Remove notebooks, which were added with exactly this."""
        self._write(connection, rows, "delete")

    def _write(
        self, connection: Connection, rows: Sequence[tuple[int, Indexed]], command: str
    ) -> None:
        if not rows:
            return
        # FTS5 writes what it has so far when an id is less than the one before.
        rows = sorted(rows, key=lambda row: row[0])
        words, parts = ("words, ", "parts, ") if command else ("", "")
        given = ":command, " if command else ""
        connection.execute(
            text(
                f"INSERT INTO words({words}rowid, body, name, rest, marks) "  # noqa: S608
                f"VALUES ({given}:id, :body, :name, :rest, :marks)"
            ),
            [_values(number, known, command) for number, known in rows],
        )
        connection.execute(
            text(
                f"INSERT INTO parts({parts}rowid, name) "  # noqa: S608
                f"VALUES ({given}:id, :parts)"
            ),
            [_values(number, known, command) for number, known in rows],
        )

    def find(
        self,
        connection: Connection,
        terms: Sequence[Term],
        clauses: Sequence[Sequence[Mark]],
        where: Sequence[ColumnElement[bool]],
    ) -> dict[int, float]:
        """Return the ids of notebooks that have all terms, and how well they fit."""
        found: dict[int, float] = {}
        for used in _exact_first(terms):
            latest = _latest(WORDS, _match(used, clauses))
            found = dict.fromkeys(_allowed(connection, latest, where), 0.0)
            if len(found) == MOST_RANKED:
                break
        found |= _scores(connection, used, list(found))
        if named := _named(terms):
            latest = _latest(PARTS, named).limit(MOST_NAMED)
            for number in _allowed(connection, latest, where):
                found[number] = found.get(number, 0.0) + BONUS
        return found


def _values(number: int, known: Indexed, command: str) -> dict[str, object]:
    return {"id": number, "command": command, **vars(known)}


def _exact_first(terms: Sequence[Term]) -> list[Sequence[Term]]:
    """Return the terms as whole words and, if it differs, as they are.

    All words with a beginning are merged before the first notebook is known, which
    takes 25 ms where 300,000 notebooks have them. If enough have the words themselves,
    that is not needed.
    """
    whole = [replace(term, beginning=False) for term in terms]
    return [whole] if whole == list(terms) else [whole, terms]


def _latest(index: TableClause, match: str) -> Select[Any]:
    """Return a query for the ids that match, the largest first.

    The index yields them in this order by itself.
    """
    matches = literal_column(index.name).op("MATCH")(match)
    rowid: ColumnElement[int] = index.c.rowid
    return select(rowid).where(matches).order_by(rowid.desc())


def _allowed(
    connection: Connection,
    latest: Select[Any],
    where: Sequence[ColumnElement[bool]],
) -> list[int]:
    """Return the first ids of a query whose notebooks pass all conditions."""
    found = latest.subquery()
    wanted = select(found.c.rowid).limit(MOST_RANKED)
    if where:
        same = NOTEBOOKS.c.id == found.c.rowid
        wanted = wanted.join_from(found, NOTEBOOKS, same).where(*where)
    wanted = wanted.order_by(found.c.rowid.desc())
    return [number for (number,) in connection.execute(wanted)]


def _scores(
    connection: Connection, terms: Sequence[Term], numbers: Sequence[int]
) -> dict[int, float]:
    """Return how well the words of some notebooks fit.

    For bm25, all notebooks that have a word are counted. Words that very many have say
    nothing about one of them, and are left out.
    """
    rare = [term for term in terms if not _is_common(connection, term)]
    if not (rare and numbers):
        return {}
    score = -func.bm25(literal_column(WORDS.name), *WEIGHTS)
    # The plus has the index asked for the words alone, once, and not for each id.
    chosen = literal_column("+words.rowid").in_(numbers)
    wanted = _latest(WORDS, _match(rare, ())).where(chosen).add_columns(score)
    return {number: float(value) for number, value in connection.execute(wanted)}


def _is_common(connection: Connection, term: Term) -> bool:
    probe = _latest(WORDS, _match([term], ())).offset(COMMON).limit(1)
    return connection.execute(probe).first() is not None


def _match(terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]) -> str:
    """Return an expression of FTS5. Words and marks have letters and digits alone."""
    wanted = [
        f'{{name body rest}} : "{" ".join(term.words)}"' + "*" * term.beginning
        for term in terms
    ]
    for clause in clauses:
        marks = (f'marks : "{mark.text}"' + "*" * mark.beginning for mark in clause)
        wanted.append(f"({' OR '.join(marks)})")
    return " AND ".join(wanted)


def _named(terms: Sequence[Term]) -> str:
    """Return an expression for names that have all terms; empty if one is too short."""
    if not terms or any(len(term.text) < _TRIGRAM for term in terms):
        return ""
    quoted = (term.text.casefold().replace('"', '""') for term in terms)
    return " AND ".join(f'"{text}"' for text in quoted)
