"""How long a server takes until it answers, plain and with bookstore."""

from collections import defaultdict
from collections.abc import Callable

from bench.figures import Figure, Kind, Target, figure
from bench.servers import Pair

TARGET = Target(Kind.EXTRA, 100.0)


def measure_starts(make_pair: Callable[[int], Pair], number: int) -> Figure:
    """Start both kinds `number` times in turn, one server at a time."""
    taken: dict[str, list[float]] = defaultdict(list)
    for turn in range(number + 1):
        pair = make_pair(turn)
        sides = [("plain", pair.plain), ("ours", pair.ours)]
        for name, side in sides if turn % 2 == 0 else sides[::-1]:
            time_taken = side.start()
            side.stop()
            if turn:  # the first start reads everything from the disk
                taken[name].append(time_taken)
    return figure("start-up", "ms", taken["plain"], taken["ours"], target=TARGET)
