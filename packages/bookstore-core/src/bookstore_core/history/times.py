"""Search by time in a list whose times must be asked for, one by one."""

from collections.abc import Callable
from datetime import datetime

#: How far from the guess the search goes on before it looks at the whole list.
BESIDE = 4


def first_by(
    time_of: Callable[[int], datetime], count: int, moment: datetime, *, guess: int
) -> int:
    """Return the index of the first of `count` times that is not after a moment.

    It is `count` if there is none. The times are in order, the latest first. Those
    beside the guess are looked at first. If it is not there, the search goes on where
    it would be if the times were evenly spread, or in the middle, by turns.
    """
    if not count:
        return 0
    # The time at `low` is after the moment, that at `high` is not.
    low, high = -1, count
    for index in _beside(guess, count):
        if low < index < high:
            low, high = _narrowed(low, high, index, time_of(index) <= moment)
        if high - low == 1:
            return high
    for index in (0, count - 1):
        if low < index < high:
            low, high = _narrowed(low, high, index, time_of(index) <= moment)
    evenly = True
    while high - low > 1:
        index = (low + high) // 2
        if evenly:
            index = _between(low, high, time_of(low), time_of(high), moment)
        low, high = _narrowed(low, high, index, time_of(index) <= moment)
        evenly = not evenly
    return high


def _narrowed(low: int, high: int, index: int, by: bool) -> tuple[int, int]:
    return (low, index) if by else (index, high)


def _beside(guess: int, count: int) -> list[int]:
    """Return indexes around a guess, in the order in which they are looked at."""
    if guess >= count:
        return [count - 1]
    near = [guess, guess - 1, guess + 1, guess - 2, guess - BESIDE, guess + BESIDE]
    return [index for index in near if 0 <= index < count]


def _between(
    low: int, high: int, after: datetime, by: datetime, moment: datetime
) -> int:
    """Return an index between two, as far as the moment is between their times."""
    share = (after - moment) / (after - by) if after > by else 0.5
    return min(max(low + round(share * (high - low)), low + 1), high - 1)
