"""The words of the catalogue in PostgreSQL: tsvector with GIN, and pg_trgm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL, REGCONFIG, TSVECTOR

from bookstore_web.catalogue.databases.index import (
    BONUS,
    MOST_RANKED,
    WEIGHTS,
    Found,
    Indexed,
    single_words,
)
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.marks import Early, Mark, is_past
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
#: Notebooks with the words of a phrase that are looked through for it.
MOST_LOOKED_AT = 8_000
#: Notebooks that filters leave, if they are so few that each is looked at, and the
#: latest that match, of which most pass the filters.
FEW, MOST_MATCHING = 2000, 1500
_IDS = ARRAY(BigInteger)
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
        early: Early | None = None,
    ) -> Found:
        """Return the notebooks that have all terms."""
        # No index that suits is passed over for reading all rows.
        connection.execute(select(func.set_config("enable_seqscan", "off", True)))
        late = None if early is None else _late(connection, early)
        way = _Way(connection, is_past(clauses), early, late)
        few = _few(connection, clauses) if terms and clauses else None
        bound = _bound(way, terms, clauses) if few is None else None
        near = [] if few is None else [_among(WORDS.c.id, few)]
        if bound is not None:
            near = [WORDS.c.id > bound]
        latest = _allowed(way, [_matches(terms, clauses), *near], where)
        weights = cast(literal(_WEIGHTS, ARRAY(REAL)), ARRAY(REAL))
        score = func.ts_rank(weights, WORDS.c.words, _query(terms, clauses))
        # Ranked apart, because it reads the words of each notebook.
        ranked = select(WORDS.c.id, score).where(_among(WORDS.c.id, latest))
        found = {n: float(value) for n, value in connection.execute(ranked)}
        if len(found) == MOST_RANKED:
            return Found(found)  # enough, and parts of names take longer
        if terms:
            for number in _allowed(way, [*map(_is_named, terms), *near], where):
                found[number] = found.get(number, 0.0) + BONUS
        is_whole = bound is None or len(found) >= MOST_RANKED
        return Found(found, 0 if is_whole else MOST_LOOKED_AT)


@dataclass(frozen=True)
class _Way:
    """How the latest notebooks that match are found.

    PostgreSQL may go through all notebooks, the latest first, until it has enough. What
    is of the `past` is far from there: with the plus it looks the words up and sorts.
    What is `early` begins there, after those that were stored `late`.
    """

    connection: Connection
    past: bool
    early: Early | None
    late: ColumnElement[bool] | None

    def latest(
        self,
        matches: Sequence[ColumnElement[bool]],
        limit: int,
        where: Sequence[ColumnElement[bool]] = (),
    ) -> list[int]:
        """Return ids that match, the largest first."""
        if self.early is None or self.late is None:
            return self._ids(matches, limit, where, past=self.past)
        found = self._ids([*matches, self.late], limit, where, past=True)
        others = [*matches, WORDS.c.id < self.early.number]
        return found + self._ids(others, limit - len(found), where, past=False)

    def _ids(
        self,
        matches: Sequence[ColumnElement[bool]],
        limit: int,
        where: Sequence[ColumnElement[bool]],
        *,
        past: bool,
    ) -> list[int]:
        order = WORDS.c.id + 0 if past else WORDS.c.id
        wanted = select(WORDS.c.id).where(*matches).order_by(order.desc()).limit(limit)
        if where:
            same = NOTEBOOKS.c.id == WORDS.c.id
            wanted = wanted.join_from(WORDS, NOTEBOOKS, same).where(*where)
        return _numbers(self.connection, wanted)


def _late(connection: Connection, early: Early) -> ColumnElement[bool]:
    """Return the condition for what was stored late: mostly a few notebooks."""
    is_late = and_(_matches((), [early.late]), WORDS.c.id + 0 >= early.number)
    wanted = select(WORDS.c.id).where(is_late).limit(FEW + 1)
    numbers = _numbers(connection, wanted)
    return is_late if len(numbers) > FEW else _among(WORDS.c.id, numbers)


def _is_named(term: Term) -> ColumnElement[bool]:
    return WORDS.c.parts.contains(term.text.casefold(), autoescape=True)


def _few(connection: Connection, clauses: Sequence[Sequence[Mark]]) -> list[int] | None:
    """Return the ids that the filters leave; None if these are too many."""
    wanted = select(WORDS.c.id).where(_matches((), clauses)).limit(FEW + 1)
    numbers = _numbers(connection, wanted)
    return numbers if len(numbers) <= FEW else None


def _allowed(
    way: _Way,
    matches: Sequence[ColumnElement[bool]],
    where: Sequence[ColumnElement[bool]],
) -> list[int]:
    """Return the latest ids that match and whose notebooks pass all conditions.

    The words are asked alone first: filters have words, too, so most of what matches
    passes. Asked together, PostgreSQL reads all notebooks for an author.
    """
    if not where:
        return way.latest(matches, MOST_RANKED)
    numbers = way.latest(matches, MOST_MATCHING)
    passing = select(NOTEBOOKS.c.id).where(_among(NOTEBOOKS.c.id, numbers), *where)
    passing = passing.order_by(NOTEBOOKS.c.id.desc()).limit(MOST_RANKED)
    found = _numbers(way.connection, passing)
    if len(numbers) < MOST_MATCHING or len(found) == MOST_RANKED:
        return found
    return way.latest(matches, MOST_RANKED, where)


def _numbers(connection: Connection, wanted: Select[Any]) -> list[int]:
    return [number for (number,) in connection.execute(wanted)]


def _among(column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    return column == func.any(cast(literal(list(numbers), _IDS), _IDS))


def _bound(
    way: _Way, terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]
) -> int | None:
    """Return the id over which a phrase is looked for; None if that is everywhere.

    Where the words of a notebook stand is in no index: they are read for each one.
    """
    words = single_words(terms)
    if not words:
        return None
    found = way.latest([_matches(words, clauses)], MOST_LOOKED_AT + 1)
    return found[-1] if len(found) > MOST_LOOKED_AT else None


def _matches(
    terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]
) -> ColumnElement[bool]:
    return WORDS.c.words.op("@@")(_query(terms, clauses))


def _query(
    terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]
) -> ColumnElement[str]:
    return func.to_tsquery(cast("simple", REGCONFIG), _match(terms, clauses))


def _match(terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]) -> str:
    """Return an expression of tsquery. Words and marks are letters and digits."""
    wanted = [" <-> ".join(term.words) + ":*" * term.beginning for term in terms]
    for clause in clauses:
        marks = (mark.text + ":*" * mark.beginning for mark in clause)
        wanted.append(f"({' | '.join(marks)})")
    return " & ".join(wanted)
