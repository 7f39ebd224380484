"""The words of the catalogue in PostgreSQL: tsvector with GIN, and pg_trgm."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    cast,
    delete,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL, REGCONFIG, TSVECTOR

from bookstore_web.catalogue.databases.index import BONUS, MOST_RANKED, WEIGHTS, Indexed
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.marks import Mark
from bookstore_web.catalogue.query import Term

WORDS = Table(
    "words",
    MetaData(),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("words", TSVECTOR, nullable=False),
    Column("parts", Text, nullable=False),
)
_INDEXES = (
    "CREATE INDEX words_words ON words USING gin (words)",
    "CREATE INDEX words_parts ON words USING gin (parts gin_trgm_ops)",
)
#: For the lock that a process holds while it writes.
_LOCK = 0x626F6F6B
#: The weights of D, C, B and A: name is A, the rest is B, marks are C, sources are D.
_WEIGHTS = [weight / WEIGHTS[1] for weight in (WEIGHTS[0], 0, WEIGHTS[2], WEIGHTS[1])]
_ADD = text(
    "INSERT INTO words (id, words, parts) VALUES (:id, "
    "setweight(to_tsvector('simple', :name), 'A') || "
    "setweight(to_tsvector('simple', :rest), 'B') || "
    "setweight(to_tsvector('simple', :marks), 'C') || "
    "to_tsvector('simple', :body), :parts)"
)


class PostgresIndex:
    """See `WordIndex`."""

    def create(self, connection: Connection) -> None:
        """Create the table and its indexes, and the extension for trigrams."""
        connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        WORDS.create(connection)
        for statement in _INDEXES:
            connection.exec_driver_sql(statement)

    def drop(self, connection: Connection) -> None:
        """Remove the table."""
        WORDS.drop(connection, checkfirst=True)

    def lock(self, connection: Connection) -> None:
        """Wait until no other process writes."""
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    def add(self, connection: Connection, rows: Sequence[tuple[int, Indexed]]) -> None:
        """Add notebooks, by their id."""
        if rows:
            connection.execute(_ADD, [{"id": n, **vars(known)} for n, known in rows])

    def remove(
        self, connection: Connection, rows: Sequence[tuple[int, Indexed]]
    ) -> None:
        """Remove notebooks."""
        if rows:
            numbers = [number for number, _ in rows]
            connection.execute(delete(WORDS).where(WORDS.c.id.in_(numbers)))

    def find(
        self,
        connection: Connection,
        terms: Sequence[Term],
        clauses: Sequence[Sequence[Mark]],
        where: Sequence[ColumnElement[bool]],
    ) -> dict[int, float]:
        """Return the ids of notebooks that have all terms, and how well they fit."""
        query = func.to_tsquery(cast("simple", REGCONFIG), _match(terms, clauses))
        weights = cast(literal(_WEIGHTS, ARRAY(REAL)), ARRAY(REAL))
        score = func.ts_rank(weights, WORDS.c.words, query)
        latest = _latest([WORDS.c.words.op("@@")(query)], where)
        # Ranked apart, because it reads the words of each notebook.
        ranked = select(WORDS.c.id, score).where(WORDS.c.id.in_(latest))
        found = {n: float(value) for n, value in connection.execute(ranked)}
        if len(found) == MOST_RANKED:
            return found  # enough, and parts of names take longer
        named = [
            WORDS.c.parts.contains(term.text.casefold(), autoescape=True)
            for term in terms
        ]
        rows = connection.execute(_latest(named, where)) if named else ()
        for (number,) in rows:
            found[number] = found.get(number, 0.0) + BONUS
        return found


def _latest(
    matches: Sequence[ColumnElement[bool]], where: Sequence[ColumnElement[bool]]
) -> Select[tuple[int]]:
    wanted = select(WORDS.c.id).where(*matches)
    if where:
        wanted = wanted.join(NOTEBOOKS, NOTEBOOKS.c.id == WORDS.c.id).where(*where)
    return wanted.order_by(WORDS.c.id.desc()).limit(MOST_RANKED)


def _match(terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]) -> str:
    """Return an expression of tsquery. Words and marks are letters and digits."""
    wanted = [" <-> ".join(term.words) + ":*" * term.beginning for term in terms]
    for clause in clauses:
        marks = (mark.text + ":*" * mark.beginning for mark in clause)
        wanted.append(f"({' | '.join(marks)})")
    return " & ".join(wanted)
