"""Which items are similar: nbdime aligns those that are not equal."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from bookstore_core.diff.sequences import Budget, Pair
from bookstore_core.errors import ConfigurationError

WORD = re.compile(r"\w+|[^\w\s]")
#: Characters of an item that are compared.
HEAD = 2000
#: Texts of fewer characters are always similar, as in nbdime.
SHORT = 10
#: Comparisons for which two sequences are aligned: nbdime compares every pair.
MAX_COMPARISONS = 10_000
#: Steps that a comparison costs, including nbdime's own work around it.
STEPS = 4
#: Steps that each alignment costs in addition.
AROUND = 10


class Likeness(NamedTuple):
    """The features by which a cell or a line is compared.

    `payload` is the digest of a cell's outputs.
    """

    kind: str
    length: int
    words: frozenset[str]
    payload: str = ""


def likeness(text: str, *, kind: str = "", payload: str = "") -> Likeness:
    """Return the features by which a text is compared."""
    words = frozenset(WORD.findall(text[:HEAD]))
    return Likeness(kind, len(text), words, payload)


def similar_pairs(
    base: Sequence[Likeness], remote: Sequence[Likeness], *, budget: Budget
) -> list[Pair]:
    """Return pairs of similar items, ascending on both sides, found by nbdime.

    nbdime's own predicates compare texts by characters, which can take seconds for a
    single pair. Ours compare sets of words, with the same thresholds. The result is
    empty if the sequences are too long or the budget is spent.
    """
    comparisons = len(base) * len(remote)
    if not comparisons or comparisons > MAX_COMPARISONS:
        return []
    if not budget.take(comparisons * STEPS + AROUND):
        return []
    if comparisons == 1:  # most gaps; nbdime would find the same
        return [Pair(0, 0)] if _is_similar(base[0], remote[0]) else []
    compares = [_is_similar, _is_close, _is_close_with_payload]
    return [
        Pair(i + step, j + step)
        for i, j, length in _compute_snakes(list(base), list(remote), compares)
        for step in range(length)
    ]


def _compute_snakes(
    base: list[Likeness], remote: list[Likeness], compares: Sequence[object]
) -> list[tuple[int, int, int]]:
    try:
        # Imported at the first gap because it takes a second to load.
        from nbdime.diffing.snakes import compute_snakes_multilevel
    except ImportError:
        raise ConfigurationError(
            "Comparing versions needs nbdime. Install it: pip install "
            "'bookstore-core[diff]'."
        ) from None
    snakes: list[tuple[int, int, int]] = compute_snakes_multilevel(
        base, remote, compares
    )
    return snakes


def _resemblance(base: Likeness, remote: Likeness) -> float:
    total = len(base.words) + len(remote.words)
    return 2 * len(base.words & remote.words) / total if total else 1.0


def _is_similar(base: Likeness, remote: Likeness) -> bool:
    if base.kind != remote.kind or bool(base.length) != bool(remote.length):
        return False
    if base.length < SHORT and remote.length < SHORT:
        return True
    return _resemblance(base, remote) > 0.5


def _is_close(base: Likeness, remote: Likeness) -> bool:
    return base.kind == remote.kind and _resemblance(base, remote) > 0.8


def _is_close_with_payload(base: Likeness, remote: Likeness) -> bool:
    return base.payload == remote.payload and _is_close(base, remote)
