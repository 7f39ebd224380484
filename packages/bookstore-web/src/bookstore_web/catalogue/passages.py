"""The cell that a search found, and where in it the words are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bookstore_web.catalogue.query import Term
from bookstore_web.catalogue.words import alike, is_spaceless

#: Characters of a cell that are shown, and of those before its first word.
SHOWN, BEFORE = 400, 120
#: Lines that are shown, and of those before the first word.
LINES, LINES_BEFORE = 7, 2


@dataclass(frozen=True)
class Piece:
    """A piece of text; `marked` if it is what was searched for."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Passage:
    """A part of a cell. `cell` is its position in the notebook, from 1.

    `kind` is code, markdown or raw.
    """

    cell: int
    kind: str
    pieces: tuple[Piece, ...]


_KINDS = {"c": "code", "m": "markdown"}


def find_passage(cells: Sequence[str], terms: Sequence[Term]) -> Passage | None:
    """Return a part of the first cell that has the most of the terms.

    If none has any, it is the beginning of the first cell with text; None if there is
    no such cell.
    """
    patterns = [_pattern(term) for term in terms]
    best, most = -1, 0
    for position, cell in enumerate(cells):
        text = alike(cell[1:])
        count = sum(1 for pattern in patterns if pattern.search(text))
        if count > most:
            best, most = position, count
        if most == len(patterns):
            break
    if best < 0:
        written = (n for n, cell in enumerate(cells) if cell[1:].strip())
        best = next(written, -1)
    if best < 0:
        return None
    cell = cells[best]
    kind = _KINDS.get(cell[0], "raw")
    return Passage(best + 1, kind, mark(cell[1:], terms))


def mark(text: str, terms: Sequence[Term], *, whole: bool = False) -> tuple[Piece, ...]:
    """Return the part of a text around the first of the terms, with all of them marked.

    Without any of them it is the beginning. If `whole`, it is the whole text.
    """
    places = list(_places(text, terms))
    begin = 0 if whole else _begin(text, places[0][0] if places else 0)
    end = len(text) if whole else _end(text, begin)
    pieces = [Piece("… ")] if text[:begin].strip() else []
    at = begin
    for start, stop in places:
        if at <= start < end:
            pieces.append(Piece(text[at:start]))
            pieces.append(Piece(text[start : min(stop, end)], marked=True))
            at = min(stop, end)
    pieces.append(Piece(text[at:end]))
    if text[end:].strip():
        pieces.append(Piece(" …"))
    return tuple(piece for piece in pieces if piece.text)


def _begin(text: str, place: int) -> int:
    """Return where to begin so that a place is shown, with a line or two before it."""
    earliest = max(0, place - BEFORE)
    begin = place
    for _ in range(LINES_BEFORE + 1):
        line = text.rfind("\n", earliest, begin)
        if line < 0:
            return earliest if begin == place or earliest == 0 else begin + 1
        begin = line
    return begin + 1


def _end(text: str, begin: int) -> int:
    end = begin - 1
    for _ in range(LINES):
        end = text.find("\n", end + 1)
        if end < 0:
            end = len(text)
            break
    return min(end, begin + SHOWN)


def _places(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """Yield where the terms are, in order, without overlaps."""
    if not terms:
        return
    both = "|".join(f"(?:{_pattern(term).pattern})" for term in terms)
    for found in re.finditer(both, alike(text)):
        yield found.span()


def _pattern(term: Term) -> re.Pattern[str]:
    first, last = term.words[0], term.words[-1]
    before = "" if is_spaceless(first) else r"(?<![^\W_])"
    after = r"[^\W_]*" if term.beginning else r"(?![^\W_])"
    if is_spaceless(last):
        after = ""
    words = r"[\W_]*".join(map(re.escape, term.words))
    return re.compile(before + words + after)
