"""The words of the catalogue in SQLite: FTS5, with trigrams for parts of names."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.sql import FromClause

from bookstore_web.catalogue.databases.index import BONUS, MOST_RANKED, WEIGHTS, Indexed
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.marks import Mark
from bookstore_web.catalogue.query import Term

#: Contentless: what was indexed is given again when it is removed.
_CREATE = (
    "CREATE VIRTUAL TABLE words USING fts5(name, body, rest, marks, content='', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE VIRTUAL TABLE parts USING fts5(name, content='', tokenize='trigram')",
)
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
        words, parts = ("words, ", "parts, ") if command else ("", "")
        given = ":command, " if command else ""
        connection.execute(
            text(
                f"INSERT INTO words({words}rowid, name, body, rest, marks) "  # noqa: S608
                f"VALUES ({given}:id, :name, :body, :rest, :marks)"
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
        words, parts = table("words", column("rowid")), table("parts", column("rowid"))
        score = -func.bm25(literal_column("words"), *WEIGHTS)
        found = _ask(connection, words, _match(terms, clauses), score, where)
        if named := _named(terms):
            for number in _ask(connection, parts, named, literal(BONUS), where):
                found[number] = found.get(number, 0.0) + BONUS
        return found


def _values(number: int, known: Indexed, command: str) -> dict[str, object]:
    return {"id": number, "command": command, **vars(known)}


def _ask(
    connection: Connection,
    index: FromClause,
    match: str,
    score: ColumnElement[float],
    where: Sequence[ColumnElement[bool]],
) -> dict[int, float]:
    rowid: ColumnElement[int] = index.c.rowid
    wanted = select(rowid, score.label("score"))
    if where:
        wanted = wanted.join_from(index, NOTEBOOKS, NOTEBOOKS.c.id == rowid)
    wanted = wanted.where(
        literal_column(index.name).op("MATCH")(match),  # type: ignore[attr-defined]
        *where,
    )
    # The index yields rows in this order by itself.
    rows = connection.execute(wanted.order_by(rowid.desc()).limit(MOST_RANKED))
    return {number: float(value) for number, value in rows}


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
