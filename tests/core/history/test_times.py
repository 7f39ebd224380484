"""Search by time, with as few questions as possible."""

import random
from datetime import datetime, timedelta

import pytest

from bookstore_core.history.times import first_by
from core.saving import SAVED_AT


def at(seconds: float) -> datetime:
    return SAVED_AT + timedelta(seconds=seconds)


@pytest.mark.parametrize("seed", range(200))
def test_the_first_time_that_is_not_later_is_found(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same in each run
    count = chance.choice([0, 1, 2, 3, 10, 50])
    times = sorted((chance.randint(0, 40) ** 2 for _ in range(count)), reverse=True)
    moment = chance.randint(-1, 1700)
    guess = chance.randint(0, count + 3)
    expected = next((i for i, time in enumerate(times) if time <= moment), count)
    found = first_by(lambda i: at(times[i]), count, at(moment), guess=guess)
    assert found == expected


@pytest.mark.parametrize(("guess", "most"), [(5000, 2), (5001, 3), (0, 10), (9999, 10)])
def test_few_of_many_times_are_asked_for(guess: int, most: int) -> None:
    asked: list[int] = []

    def time_of(index: int) -> datetime:
        asked.append(index)
        return at(-60 * index)

    assert first_by(time_of, 10_000, at(-60 * 5000), guess=guess) == 5000
    assert len(set(asked)) <= most
