"""Two texts compared by lines, and changed lines by words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from bookstore_core.cells import shown
from bookstore_core.diff.sequences import (
    Budget,
    Pair,
    Region,
    common_pairs,
    regions_between,
)
from bookstore_core.diff.similarity import likeness, similar_pairs
from bookstore_core.diff.text import CONTEXT, Line, Span, TextDiff, trim_texts

#: Characters of a line that are shown. Longer lines are not compared by words.
LONGEST_LINE = 1000
#: Parts of a line, alternately changed and unchanged, that are marked.
MAX_SPANS = 60
#: Lines of a text, without equal ends, that are compared one by one.
MOST_LINES = 700_000
#: Lines of one text that are shown, and lines removed or added in one place.
MAX_LINES, MAX_BLOCK = 1000, 400

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass
class Detail:
    """The lines, characters and steps of work that are left for one comparison.

    If it is not `is_wanted`, changes are only counted.
    """

    is_wanted: bool = True
    lines: int = 10_000
    characters: int = 2_000_000
    budget: Budget = field(default_factory=Budget)

    def take(self, characters: int = 0) -> bool:
        """Take room for a line of so many characters; return whether there was room."""
        if self.lines < 1 or self.characters < characters:
            return False
        self.lines -= 1
        self.characters -= characters
        return True


def diff_texts(base: str, remote: str, *, detail: Detail) -> TextDiff:
    """Compare two texts; the lines that are shown are taken from `detail`."""
    middle = trim_texts(base, remote)
    left, right = middle.base, middle.remote
    pairs: list[Pair] = []
    if max(len(left), len(right)) <= MOST_LINES:
        pairs = common_pairs(left, right, budget=detail.budget)
    found = [line for block in _blocks(left, right, pairs, detail) for line in block]
    kept = []
    for line in found[:MAX_LINES]:
        if not detail.take(len(line.text)):
            break
        kept.append(line)
    return TextDiff(
        middle.embed(kept),
        added=len(right) - len(pairs),
        removed=len(left) - len(pairs),
        omitted=sum(line.count for line in found[len(kept) :]),
    )


def _blocks(
    left: list[str], right: list[str], pairs: list[Pair], detail: Detail
) -> Iterator[list[Line]]:
    """Yield unchanged and changed lines in turn."""
    whole = Region(0, len(left), 0, len(right))
    regions = regions_between(pairs, whole)
    at = Pair(0, 0)
    for region in regions:
        yield _unchanged(left, at, region.base, is_first=at == (0, 0))
        yield _changed(left, right, region, detail)
        at = Pair(region.base_end, region.remote_end)
    yield _unchanged(left, at, len(left), is_first=not regions, is_last=True)


def _unchanged(
    left: list[str], at: Pair, end: int, *, is_first: bool, is_last: bool = False
) -> list[Line]:
    count = end - at.base
    before = 0 if is_first else CONTEXT
    after = 0 if is_last else CONTEXT
    if count <= before + after + 1:
        before, after = count, 0
    shift = at.remote - at.base
    kept = [*range(at.base, at.base + before), *range(end - after, end)]
    lines = [_line("unchanged", left[i], Pair(i, i + shift)) for i in kept]
    folded = count - before - after
    if folded > 0:
        first = at.base + before
        numbers = first + 1, first + shift + 1
        lines.insert(before, Line("folded", *numbers, count=folded))
    return lines


def _line(
    kind: Literal["unchanged", "added", "removed"],
    text: str,
    at: Pair,
    spans: Sequence[Span] = (),
) -> Line:
    base = None if kind == "added" else at.base + 1
    remote = None if kind == "removed" else at.remote + 1
    cut = max(0, len(text) - LONGEST_LINE)
    if not spans:
        spans = [Span(shown(text[:LONGEST_LINE]))] if text else []
    return Line(kind, base, remote, tuple(spans), cut=cut)


def _changed(
    left: list[str], right: list[str], region: Region, detail: Detail
) -> list[Line]:
    spans = _word_spans(left, right, region, detail)
    end = min(region.base_end, region.base + MAX_BLOCK)
    lines = [
        _line("removed", left[i], Pair(i, 0), spans.get(("base", i), ()))
        for i in range(region.base, end)
    ]
    if end < region.base_end:
        lines.append(Line("omitted", end + 1, None, count=region.base_end - end))
    end = min(region.remote_end, region.remote + MAX_BLOCK)
    lines += [
        _line("added", right[j], Pair(0, j), spans.get(("remote", j), ()))
        for j in range(region.remote, end)
    ]
    if end < region.remote_end:
        lines.append(Line("omitted", None, end + 1, count=region.remote_end - end))
    return lines


def _word_spans(
    left: list[str], right: list[str], region: Region, detail: Detail
) -> dict[tuple[str, int], list[Span]]:
    """Return the spans of the lines that have a similar line on the other side."""
    spans: dict[tuple[str, int], list[Span]] = {}
    if min(region.base_end - region.base, region.remote_end - region.remote) == 0:
        return spans
    if max(region.base_end - region.base, region.remote_end - region.remote) > 200:
        return spans
    ours = [likeness(text) for text in left[region.base : region.base_end]]
    theirs = [likeness(text) for text in right[region.remote : region.remote_end]]
    for pair in similar_pairs(ours, theirs, budget=detail.budget):
        i, j = pair.base + region.base, pair.remote + region.remote
        if max(len(left[i]), len(right[j])) <= LONGEST_LINE:
            one, other = TOKEN.findall(left[i]), TOKEN.findall(right[j])
            common = common_pairs(one, other, budget=detail.budget)
            spans["base", i] = _spans(one, {pair.base for pair in common})
            spans["remote", j] = _spans(other, {pair.remote for pair in common})
    return spans


def _spans(tokens: list[str], common: set[int]) -> list[Span]:
    places = range(len(tokens))
    runs = [
        (changed, [tokens[place] for place in run])
        for changed, run in groupby(places, lambda place: place not in common)
    ]
    # With so many small changes, a line is easier to read as a different line.
    if len(runs) > MAX_SPANS:
        return []
    return [Span(shown("".join(run)), changed) for changed, run in runs]
