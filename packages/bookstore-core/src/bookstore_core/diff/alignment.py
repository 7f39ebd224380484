"""Which cells of two notebooks are the same cell.

Cells with the same content are the same cell, wherever they are; else cells with the
same id. The other cells lie in gaps between those, and nbdime aligns only the gaps.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bookstore_core.cells import Cell, digest
from bookstore_core.diff.outputs import outputs_text
from bookstore_core.diff.sequences import (
    Budget,
    Pair,
    Region,
    ascending,
    common_pairs,
    regions_between,
)
from bookstore_core.diff.similarity import Likeness, likeness, similar_pairs

#: Cells on one side of the largest gap that is aligned at all.
LARGEST_GAP = 5000
#: First lines of a cell that are compared, and cells of a gap that may share a line.
LINES, COMMON = 20, 3


@dataclass(frozen=True)
class Alignment:
    """The cells that are the same in both notebooks, in pairs.

    `in_place` ascend on both sides; `moved` are out of that order. All other cells
    were added or removed.
    """

    in_place: list[Pair]
    moved: list[Pair]


def align(base: list[Cell], remote: list[Cell], *, budget: Budget) -> Alignment:
    """Return which cells are the same. The work is bounded."""
    found = _identify(base, remote)
    pairs = ascending(sorted(found))
    moved = set(found).difference(pairs)
    left = _unpaired(base, (pair.base for pair in found))
    right = _unpaired(remote, (pair.remote for pair in found))
    for region in _gaps(pairs, left, right):
        gap_left = left[region.base : region.base_end]
        gap_right = right[region.remote : region.remote_end]
        pairs += [
            Pair(gap_left[pair.base].position, gap_right[pair.remote].position)
            for pair in _align_gap(gap_left, gap_right, budget=budget)
        ]
    known = [*pairs, *moved]
    equal = _equal_in_turn(
        _unpaired(base, (pair.base for pair in known)),
        _unpaired(remote, (pair.remote for pair in known)),
    )
    in_place = ascending(sorted([*pairs, *equal])) if equal else sorted(pairs)
    moved |= {*pairs, *equal}.difference(in_place)
    return Alignment(in_place, sorted(moved))


def _identify(base: list[Cell], remote: list[Cell]) -> list[Pair]:
    """Pair cells that have the same content and id, then content, then id."""
    found: list[Pair] = []
    ways: tuple[Callable[[Cell], Hashable], ...] = (
        lambda cell: (cell.id, cell.type, cell.source) if cell.id else None,
        lambda cell: cell.key if cell.source.strip() else None,
        lambda cell: cell.id or None,
    )
    for way in ways:
        here, there = _only(base, way), _only(remote, way)
        now = [
            Pair(cell.position, there[name].position)
            for name, cell in here.items()
            if name in there
        ]
        found += now
        base = _unpaired(base, (pair.base for pair in now))
        remote = _unpaired(remote, (pair.remote for pair in now))
    return found


def _only(cells: list[Cell], way: Callable[[Cell], Hashable]) -> dict[Hashable, Cell]:
    """Return the cells whose name, which `way` gives, is unique, by that name."""
    named: dict[Hashable, Cell | None] = {}
    for cell in cells:
        name = way(cell)
        if name is not None:
            named[name] = None if name in named else cell
    return {name: cell for name, cell in named.items() if cell is not None}


def _unpaired(cells: list[Cell], paired: Iterable[int]) -> list[Cell]:
    known = set(paired)
    return [cell for cell in cells if cell.position not in known] if known else cells


def _gaps(
    pairs: Sequence[Pair], left: list[Cell], right: list[Cell]
) -> Iterator[Region]:
    """Yield the ranges of unpaired cells that lie between the same neighbours."""
    i = j = 0
    for pair in (*pairs, None):
        i_end, j_end = i, j
        while i_end < len(left) and (pair is None or left[i_end].position < pair.base):
            i_end += 1
        while j_end < len(right) and (
            pair is None or right[j_end].position < pair.remote
        ):
            j_end += 1
        if i_end > i and j_end > j:
            yield Region(i, i_end, j, j_end)
        i, j = i_end, j_end


def _align_gap(left: list[Cell], right: list[Cell], *, budget: Budget) -> list[Pair]:
    whole = Region(0, len(left), 0, len(right))
    pairs = common_pairs(
        [cell.key for cell in left], [cell.key for cell in right], budget=budget
    )
    for align_region in (_sharing_lines, _resembling):
        for region in regions_between(list(pairs), whole):
            pairs += [
                Pair(pair.base + region.base, pair.remote + region.remote)
                for pair in align_region(
                    left[region.base : region.base_end],
                    right[region.remote : region.remote_end],
                    budget=budget,
                )
            ]
        pairs.sort()
    return pairs


def _resembling(left: list[Cell], right: list[Cell], *, budget: Budget) -> list[Pair]:
    if not left or not right or max(len(left), len(right)) > LARGEST_GAP:
        return []
    return similar_pairs(_lighten(left), _lighten(right), budget=budget)


def _lighten(cells: list[Cell]) -> list[Likeness]:
    return [
        likeness(cell.source, kind=cell.type, payload=digest(outputs_text(cell.raw)))
        for cell in cells
    ]


def _sharing_lines(
    left: list[Cell], right: list[Cell], *, budget: Budget
) -> list[Pair]:
    """Pair the cells of a large gap that have the most rare lines in common.

    nbdime compares every pair, which takes minutes for a gap of a thousand cells.
    """
    size = max(len(left), len(right))
    if min(len(left), len(right)) < 2 or size > LARGEST_GAP:
        return []
    if not budget.take((len(left) + len(right)) * LINES):
        return []
    here, there = _by_line(left), _by_line(right)
    votes: dict[Pair, int] = defaultdict(int)
    for line in here.keys() & there.keys():
        if len(here[line]) <= COMMON and len(there[line]) <= COMMON:
            for i in here[line]:
                for j in there[line]:
                    votes[Pair(i, j)] += len(line[1])
    taken: tuple[set[int], set[int]] = set(), set()
    best = []
    for pair in sorted(votes, key=lambda pair: (-votes[pair], pair)):
        if pair.base not in taken[0] and pair.remote not in taken[1]:
            taken[0].add(pair.base)
            taken[1].add(pair.remote)
            shorter = min(len(left[pair.base].source), len(right[pair.remote].source))
            if 3 * votes[pair] >= shorter:
                best.append(pair)
    return ascending(sorted(best))


def _by_line(cells: list[Cell]) -> dict[tuple[str, str], list[int]]:
    lines: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        head = cell.source[: LINES * 100].split("\n", LINES)[:LINES]
        for line in {line.strip() for line in head} - {""}:
            lines[cell.type, line].append(place)
    return lines


def _equal_in_turn(base: list[Cell], remote: list[Cell]) -> set[Pair]:
    """Pair equal cells among the rest: the first with the first, and so on."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for cell in reversed(remote):
        if cell.source.strip():
            places[cell.key].append(cell.position)
    return {
        Pair(cell.position, places[cell.key].pop())
        for cell in base
        if places.get(cell.key)
    }
