"""The words of the catalogue in SQLite: FTS5, with trigrams for parts of names."""

from collections.abc import Mapping, Sequence
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

from bookstore_web.catalogue.databases.index import (
    BONUS,
    MOST_RANKED,
    WEIGHTS,
    Found,
    Indexed,
    single_words,
)
from bookstore_web.catalogue.databases.tables import NOTEBOOKS
from bookstore_web.catalogue.marks import Early, Mark
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
#: Notebooks with the words of a phrase that are looked through for it, and notebooks
#: with a part of a name that are looked at.
MOST_LOOKED_AT, MOST_NAMED = 30_000, 20_000
#: Notebooks that filters leave, if they are so few that the name of each is looked at.
FEW = 2000
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
        early: Early | None = None,
    ) -> Found:
        """Return the notebooks that have all terms."""
        narrow = [*clauses, early.marks] if early else clauses
        few = _few(connection, narrow, where) if terms and narrow else None
        bound = _bound(connection, terms, narrow)
        found: list[int] = []
        for used in _exact_first(terms):
            latest = _latest(WORDS, _match(used, narrow), bound)
            found = _allowed(connection, latest, where)
            if len(found) in (MOST_RANKED, None if few is None else len(few)):
                break
        scores = dict.fromkeys(found, 0.0)
        scores |= _scores(connection, terms, found, is_alone=not clauses)
        named, is_whole = _named(connection, terms, few, where, bound)
        for number in named:
            scores[number] = scores.get(number, 0.0) + BONUS
        if len(scores) >= MOST_RANKED or (bound is None and is_whole):
            return Found(scores)
        return Found(scores, MOST_NAMED if bound is None else MOST_LOOKED_AT)


def _values(number: int, known: Indexed, command: str) -> dict[str, object]:
    return {"id": number, "command": command, **vars(known)}


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


def _whole(terms: Sequence[Term]) -> list[Term]:
    return [replace(term, beginning=False) for term in terms]


def _exact_first(terms: Sequence[Term]) -> list[Sequence[Term]]:
    """Return the terms as whole words and, if it differs, as they are.

    All words with a beginning are merged before the first notebook is known, which
    takes 60 ms where 300,000 notebooks have them. If enough have the words themselves,
    that is not needed.
    """
    whole = _whole(terms)
    return [whole] if whole == list(terms) else [whole, terms]


def _latest(index: TableClause, match: str, bound: int | None = None) -> Select[Any]:
    """Return a query for the ids that match, the largest first; those over a bound.

    The index yields them in this order by itself.
    """
    matches = literal_column(index.name).op("MATCH")(match)
    rowid: ColumnElement[int] = index.c.rowid
    wanted = select(rowid).where(matches).order_by(rowid.desc())
    return wanted if bound is None else wanted.where(rowid > bound)


def _bound(
    connection: Connection, terms: Sequence[Term], clauses: Sequence[Sequence[Mark]]
) -> int | None:
    """Return the id over which a phrase is looked for; None if that is everywhere.

    Whether the words of a phrase follow each other is looked up for each notebook that
    has them all.
    """
    words = single_words(terms)
    if not words:
        return None
    latest = _latest(WORDS, _match(words, clauses)).offset(MOST_LOOKED_AT).limit(1)
    return connection.execute(latest).scalar()


def _scores(
    connection: Connection,
    terms: Sequence[Term],
    numbers: Sequence[int],
    *,
    is_alone: bool,
) -> dict[int, float]:
    """Return how well the words of some notebooks fit.

    For bm25, all notebooks that have a word are counted. Words that very many have say
    nothing about one of them, and are left out. What begins with a word counts as that
    word if the term `is_alone`; merged for a score alone, it takes too long.
    """
    if not numbers:
        return {}
    whole = [term for term in _whole(terms) if not _is_common(connection, term)]
    if is_alone and len(terms) == 1 and whole and len(numbers) < MOST_RANKED:
        whole = [term for term in terms if not _has_many(connection, term)]
    if not whole:
        return {}
    score = -func.bm25(literal_column(WORDS.name), *WEIGHTS)
    # The plus has the index asked for the words alone, once, and not for each id.
    chosen = literal_column("+words.rowid").in_(numbers)
    match = _match(whole, (), any_of=True)
    wanted = _latest(WORDS, match).where(chosen).add_columns(score)
    return {number: float(value) for number, value in connection.execute(wanted)}


def _is_common(connection: Connection, term: Term) -> bool:
    """Return whether all words of a term are common."""
    return all(_has_many(connection, Term((word,), word)) for word in term.words)


def _has_many(connection: Connection, term: Term) -> bool:
    probe = _latest(WORDS, _match([term], ())).offset(COMMON).limit(1)
    return connection.execute(probe).first() is not None


def _match(
    terms: Sequence[Term], clauses: Sequence[Sequence[Mark]], *, any_of: bool = False
) -> str:
    """Return an expression of FTS5 for all terms, or `any_of` them, and the clauses.

    Words and marks have letters and digits alone. No column is named, which would take
    a fifth more: nobody can type a mark.
    """
    wanted = [f'"{" ".join(term.words)}"' + "*" * term.beginning for term in terms]
    for clause in clauses:
        marks = (f'"{mark.text}"' + "*" * mark.beginning for mark in clause)
        wanted.append(f"({' OR '.join(marks)})")
    return (" OR " if any_of else " AND ").join(wanted)


def _few(
    connection: Connection,
    clauses: Sequence[Sequence[Mark]],
    where: Sequence[ColumnElement[bool]],
) -> dict[int, str] | None:
    """Return the names of the notebooks that the filters leave; None if of too many."""
    marked = _latest(WORDS, _match((), clauses)).limit(FEW + 1)
    numbers = [number for (number,) in connection.execute(marked)]
    if len(numbers) > FEW:
        return None
    listed = func.json_each(f"[{','.join(map(str, numbers))}]").table_valued("value")
    # A limit has SQLite begin with them, and not with all of a shelf.
    few = select(listed.c.value).limit(FEW).subquery()
    table = NOTEBOOKS.c
    wanted = select(table.id, table.path, table.title)
    wanted = wanted.join_from(few, NOTEBOOKS, table.id == few.c.value).where(*where)
    rows = connection.execute(wanted)
    return {number: f"{path}\n{title}".casefold() for number, path, title in rows}


def _named(
    connection: Connection,
    terms: Sequence[Term],
    few: Mapping[int, str] | None,
    where: Sequence[ColumnElement[bool]],
    bound: int | None,
) -> tuple[list[int], bool]:
    """Return notebooks whose names have all terms, and whether all were looked at."""
    if not terms or any(len(term.text) < _TRIGRAM for term in terms):
        return [], True
    sought = [term.text.casefold() for term in terms]
    if few is not None:
        found = [n for n, name in few.items() if all(part in name for part in sought)]
        return sorted(found, reverse=True)[:MOST_RANKED], True
    quoted = ('"' + part.replace('"', '""') + '"' for part in sought)
    latest = _latest(PARTS, " AND ".join(quoted), bound)
    found = _allowed(connection, latest.limit(MOST_NAMED), where)
    if len(found) == MOST_RANKED or not where or bound is not None:
        return found, bound is None
    return found, connection.execute(latest.offset(MOST_NAMED).limit(1)).first() is None
