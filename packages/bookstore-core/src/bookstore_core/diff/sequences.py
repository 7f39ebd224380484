"""The items that two sequences have in common, in order, found in bounded work.

Items that occur once on each side are anchors, as in patience diff; the items between
two anchors are compared by Myers' algorithm, which is slow only if much differs. A
region that would exceed the budget is treated as having nothing in common.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

#: Edits of one region after which the search for the shortest script ends.
MAX_EDITS = 300


class Pair(NamedTuple):
    """The indexes of corresponding items in the base and in the remote."""

    base: int
    remote: int


class Region(NamedTuple):
    """Ranges of both sequences: from `base` up to `base_end`, and so on."""

    base: int
    base_end: int
    remote: int
    remote_end: int


class Budget:
    """Steps of work that may be spent; a step is about a microsecond or less."""

    def __init__(self, steps: int = 600_000) -> None:
        self.steps = steps
        self.spent = 0

    def take(self, steps: int) -> bool:
        """Spend `steps` if that many are left; return whether they were."""
        if self.spent + steps > self.steps:
            return False
        self.spent += steps
        return True


def common_pairs(
    base: Sequence[Hashable], remote: Sequence[Hashable], *, budget: Budget
) -> list[Pair]:
    """Return pairs of equal items, ascending on both sides."""
    pairs: list[Pair] = []
    waiting = [Region(0, len(base), 0, len(remote))]
    is_first = True
    while waiting:
        region = _trim(base, remote, waiting.pop(), pairs)
        size = region.base_end - region.base, region.remote_end - region.remote
        if not all(size) or not (is_first or budget.take(sum(size))):
            continue
        is_first = False
        anchors = _anchors(base, remote, region)
        if anchors:
            pairs += anchors
            waiting += regions_between(anchors, region)
        else:
            pairs += _shortest_script(base, remote, region, budget=budget)
    pairs.sort()
    return pairs


def regions_between(pairs: Iterable[Pair], whole: Region) -> list[Region]:
    """Return the regions before, between and after ascending pairs, if not empty."""
    regions = []
    base, remote = whole.base, whole.remote
    for pair in (*pairs, Pair(whole.base_end, whole.remote_end)):
        if pair.base > base or pair.remote > remote:
            regions.append(Region(base, pair.base, remote, pair.remote))
        base, remote = pair.base + 1, pair.remote + 1
    return regions


def ascending(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the longest run of pairs, sorted by base, that ascends on both sides."""
    tails: list[int] = []  # the smallest end of a run of each length
    ends: list[Pair] = []
    before: dict[Pair, Pair | None] = {}
    for pair in pairs:
        length = bisect_left(tails, pair.remote)
        before[pair] = ends[length - 1] if length else None
        tails[length : length + 1] = [pair.remote]
        ends[length : length + 1] = [pair]
    run = []
    last = ends[-1] if ends else None
    while last is not None:
        run.append(last)
        last = before[last]
    return run[::-1]


def _trim(
    base: Sequence[Hashable],
    remote: Sequence[Hashable],
    region: Region,
    pairs: list[Pair],
) -> Region:
    """Add the pairs at both ends of a region; return what is left between them."""
    i, i_end, j, j_end = region
    while i < i_end and j < j_end and base[i] == remote[j]:
        pairs.append(Pair(i, j))
        i, j = i + 1, j + 1
    while i < i_end and j < j_end and base[i_end - 1] == remote[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
        pairs.append(Pair(i_end, j_end))
    return Region(i, i_end, j, j_end)


def _anchors(
    base: Sequence[Hashable], remote: Sequence[Hashable], region: Region
) -> list[Pair]:
    left = base[region.base : region.base_end]
    right = remote[region.remote : region.remote_end]
    left_counts, right_counts = Counter(left), Counter(right)
    places = {
        item: place
        for place, item in enumerate(right, region.remote)
        if right_counts[item] == 1
    }
    return ascending(
        Pair(place, places[item])
        for place, item in enumerate(left, region.base)
        if item in places and left_counts[item] == 1
    )


def _shortest_script(
    base: Sequence[Hashable],
    remote: Sequence[Hashable],
    region: Region,
    *,
    budget: Budget,
) -> list[Pair]:
    """Return pairs by Myers' greedy algorithm; none if it exceeds edits or steps."""
    left = base[region.base : region.base_end]
    right = remote[region.remote : region.remote_end]
    reach, trace = {1: 0}, []
    for edits in range(min(len(left) + len(right), MAX_EDITS) + 1):
        trace.append(dict(reach))
        steps = edits + 1
        for diagonal in range(-edits, edits + 1, 2):
            i = _furthest(reach, edits, diagonal)
            begin, j = i, i - diagonal
            while i < len(left) and j < len(right) and left[i] == right[j]:
                i, j = i + 1, j + 1
            reach[diagonal] = i
            steps += i - begin
            if i >= len(left) and j >= len(right):
                found = _walk_back(trace, Pair(len(left), len(right)))
                return [Pair(i + region.base, j + region.remote) for i, j in found]
        if not budget.take(steps):
            return []
    return []


def _furthest(reach: dict[int, int], edits: int, diagonal: int) -> int:
    """Return where the diagonal is entered: by an insertion or by a removal."""
    if diagonal == -edits or (
        diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]
    ):
        return reach[diagonal + 1]
    return reach[diagonal - 1] + 1


def _walk_back(trace: list[dict[int, int]], end: Pair) -> list[Pair]:
    pairs = []
    i, j = end
    for edits in range(len(trace) - 1, -1, -1):
        reach, diagonal = trace[edits], i - j
        entered = _furthest(reach, edits, diagonal)
        while i > entered and j > entered - diagonal and i > 0 and j > 0:
            i, j = i - 1, j - 1
            pairs.append(Pair(i, j))
        is_insertion = diagonal == -edits or (
            diagonal != edits and reach[diagonal - 1] < reach[diagonal + 1]
        )
        i, j = (i, j - 1) if is_insertion else (i - 1, j)
    return pairs
