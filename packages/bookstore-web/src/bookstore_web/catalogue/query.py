"""The language of a search: words, "phrases" and filters such as ``author:ann``."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from bookstore_core.cells import shown
from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, check_length
from bookstore_web.catalogue.words import is_spaceless, padded_words, words_of

#: What a search may have.
MOST_CHARACTERS = 500
MOST_WORDS = 30
#: A word of so many letters finds words that begin with it.
BEGINNING = 3

FILTERS = ("author", "in", "label", "kernel", "after", "before")
HELP = (
    'Search for words, "phrases in quotes", author:NAME, in:FOLDER, label:NAME, '
    "kernel:NAME, after:DATE and before:DATE."
)

_TERM = re.compile(r'(?:([A-Za-z]+):)?(?:"([^"]*)(?:"|$)|([^\s"]+))')


@dataclass(frozen=True)
class Term:
    """Words that must stand one after the other.

    If it is a `beginning`, the last one may be the beginning of a longer word. `text`
    is what was typed.
    """

    words: tuple[str, ...]
    text: str
    beginning: bool = False


@dataclass(frozen=True)
class Query:
    """What is searched for: all terms, and all filters.

    `author`, `labels` and `kernel` are words with a space before them. `folder` ends
    with a slash, if there is one. `after` and `before` are seconds.
    """

    terms: tuple[Term, ...] = ()
    authors: tuple[str, ...] = ()
    folder: str = ""
    labels: tuple[str, ...] = ()
    kernels: tuple[str, ...] = ()
    after: float | None = None
    before: float | None = None


@dataclass
class _Draft:
    terms: list[Term] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    folder: str = ""
    labels: list[str] = field(default_factory=list)
    kernels: list[str] = field(default_factory=list)
    after: float | None = None
    before: float | None = None
    filters: int = 0

    def add(self, name: str, value: str, *, quoted: bool) -> None:
        self.filters += 1
        if name == "author":
            self.authors.append(_sought(name, value, quoted))
        elif name == "label":
            self.labels.append(_sought(name, value, quoted))
        elif name == "kernel":
            self.kernels.append(_sought(name, value, quoted))
        elif name == "in":
            self.folder = folder_of(value)
        elif name == "after":
            self.after = _day(name, value).timestamp()
        else:
            self.before = _day(name, value).timestamp()


def parse_query(text: str) -> Query:
    """Return what a text searches for.

    Raises InvalidRequestError, with a sentence, for a search that has nothing to look
    for, too much of it, or a filter that cannot be read.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidRequestError(
            f"The search is over {MOST_CHARACTERS} characters long. Use fewer words."
        )
    draft = _Draft()
    for found in _TERM.finditer(text):
        name, phrase, plain = found[1], found[2], found[3]
        if plain and plain[:-1].lower() in FILTERS and plain.endswith(":"):
            name, plain = plain[:-1], ""
        if name and name.lower() in FILTERS:
            value = plain if phrase is None else phrase
            draft.add(name.lower(), value, quoted=phrase is not None)
            continue
        before = f"{name}:" if name else ""
        if phrase is None:
            draft.terms += _terms(before + plain, is_phrase=False)
        else:
            draft.terms += _terms(before, is_phrase=False)
            draft.terms += _terms(phrase, is_phrase=True)
    if not (draft.terms or draft.filters):
        raise InvalidRequestError(f"There is no word to search for. {HELP}")
    if sum(len(term.words) for term in draft.terms) > MOST_WORDS:
        raise InvalidRequestError(f"The search has over {MOST_WORDS} words. Use fewer.")
    return Query(
        tuple(draft.terms),
        tuple(draft.authors),
        draft.folder,
        tuple(draft.labels),
        tuple(draft.kernels),
        draft.after,
        draft.before,
    )


def _terms(text: str, *, is_phrase: bool) -> list[Term]:
    words = tuple(words_of(text))
    if not words:
        return []
    last = words[-1]
    beginning = len(last) >= BEGINNING and not is_spaceless(last)
    return [Term(words, shown(text), beginning and not is_phrase)]


def _sought(name: str, value: str, quoted: bool) -> str:
    words = padded_words(value)
    if not words.strip():
        raise InvalidRequestError(f"{name}: has no name after it. {HELP}")
    return words if quoted else words.rstrip()


def folder_of(text: str) -> str:
    """Return a folder with a slash after it; empty for the whole shelf.

    Raises InvalidRequestError for characters that no folder has.
    """
    folder = check_length(text.strip(DELIMITER), what="folder")
    if "\0" in folder:
        raise InvalidRequestError("The folder contains a NUL character.")
    return f"{folder}{DELIMITER}" if folder else ""


def _day(name: str, value: str) -> datetime:
    """Return the moment of a filter: a date, or a date and a time, by default in UTC.

    The day of ``after:`` is searched itself, and that of ``before:`` is not.
    """
    today = datetime.now(UTC).date()
    known = {"today": today, "yesterday": today - timedelta(days=1)}
    try:
        if value.lower() in known:
            day: date = known[value.lower()]
        elif "T" in value:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        else:
            day = date.fromisoformat(value)
        moment = datetime.combine(day, time(), tzinfo=UTC)
        moment.timestamp()
        return moment
    except (ValueError, OverflowError):
        raise InvalidRequestError(
            f"{name}:{shown(value)[:40]} is no date. Write {name}:2026-05-17, "
            f"{name}:yesterday or {name}:today."
        ) from None
