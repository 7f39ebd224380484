"""What every database can do for a search, each in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from bookstore_web.catalogue.marks import Early, Mark
from bookstore_web.catalogue.query import Term

if TYPE_CHECKING:  # the web app loads it when somebody searches
    from sqlalchemy import ColumnElement, Connection

#: Notebooks that are ranked, of those that a search finds; the latest are taken.
MOST_RANKED = 1000
#: What a notebook whose name has all words is better than one whose text has them.
BONUS = 10.0
#: What a word in the sources, the name, the rest and the marks of a notebook counts.
WEIGHTS = (1.0, 8.0, 4.0, 0.0)


@dataclass(frozen=True)
class Indexed:
    """What a search looks into, as words: the name, the sources, the rest, and marks.

    `parts` is the name in lower case, in which parts of words are found.
    """

    name: str
    body: str
    rest: str
    marks: str
    parts: str


@dataclass(frozen=True)
class Found:
    """How well notebooks fit, by their ids.

    Of those with all the words, the latest `looked_at` were looked through for a phrase
    or a part of a name; all of them if it is 0.
    """

    scores: dict[int, float]
    looked_at: int = 0


class WordIndex(Protocol):
    """The part of a catalogue that differs between databases."""

    def create(self, connection: "Connection") -> None:
        """Create what the database needs besides the tables of `tables.py`."""

    def drop(self, connection: "Connection") -> None:
        """Remove what `create` created, if it is there."""

    def lock(self, connection: "Connection") -> None:
        """Let no other process write until the transaction ends."""

    def add(
        self, connection: "Connection", rows: Sequence[tuple[int, Indexed]]
    ) -> None:
        """Add notebooks, by their id."""

    def remove(
        self, connection: "Connection", rows: Sequence[tuple[int, Indexed]]
    ) -> None:
        """Remove notebooks, which were added with exactly this."""

    def find(
        self,
        connection: "Connection",
        terms: Sequence[Term],
        clauses: Sequence[Sequence[Mark]],
        where: "Sequence[ColumnElement[bool]]",
        early: Early | None = None,
    ) -> Found:
        """Return the notebooks that have all terms.

        Of each of the `clauses` they have one mark; there is a term or a clause.
        `where` are conditions for their rows in the table of notebooks. What `early`
        leaves out does not pass them. Of more than `MOST_RANKED`, those with the
        largest ids are returned.
        """


def single_words(terms: Sequence[Term]) -> list[Term]:
    """Return the words of terms, which stand in any order; none if none is a phrase."""
    if all(len(term.words) == 1 for term in terms):
        return []
    first = [Term((word,), word) for term in terms for word in term.words[:-1]]
    return first + [replace(term, words=term.words[-1:]) for term in terms]
