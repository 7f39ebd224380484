"""How long a server takes until it answers, plain and with bookstore."""

from collections.abc import Callable

from bench.figures import Figure, Kind, Target, figure
from bench.servers import Pair

TARGET = Target(Kind.EXTRA, 100.0)


def measure_starts(make_pair: Callable[[int], Pair], number: int) -> list[Pair]:
    """Start both kinds in turn, one server at a time; return the pairs with the times.

    The first pair is not measured: its start reads everything from the disk.
    """
    pairs = [make_pair(turn) for turn in range(number + 1)]
    for turn, pair in enumerate(pairs):
        sides = (pair.plain, pair.ours)
        for side in sides if turn % 2 == 0 else reversed(sides):
            side.start()
            side.stop()
    return pairs[1:]


def compare_starts(pairs: list[Pair]) -> Figure:
    """Return the figure of how long the servers of these pairs took."""
    plain = [pair.plain.started_in for pair in pairs]
    ours = [pair.ours.started_in for pair in pairs]
    return figure("start-up", "ms", plain, ours, target=TARGET)
