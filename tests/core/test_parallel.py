"""Calls in threads, also for more items than fit into memory."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from bookstore_core.parallel import AHEAD, in_parallel_stream, work_in_parallel

THREADS = 3


class Items:
    """Numbers without end, which count how many were read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[int]:
        for number in itertools.count():
            self.read += 1
            yield number


def test_a_stream_reads_only_a_few_items_ahead_and_keeps_their_order() -> None:
    items = Items()
    stream = in_parallel_stream(lambda n: n * n, items, threads=THREADS)
    assert list(itertools.islice(stream, 100)) == [n * n for n in range(100)]
    assert items.read <= 100 + THREADS * AHEAD


def test_a_stream_ends_with_the_error_of_the_first_item_that_failed() -> None:
    stream = in_parallel_stream(lambda n: 1 // (5 - n), range(10), threads=THREADS)
    with pytest.raises(ZeroDivisionError):
        list(stream)
    assert list(in_parallel_stream(str, [], threads=THREADS)) == []


def test_work_that_takes_long_delays_no_other() -> None:
    first_may_end, done = threading.Event(), []

    def work(number: int) -> None:
        if number == 0:
            assert first_may_end.wait(60)
        done.append(number)
        if len(done) == 99:
            first_may_end.set()

    work_in_parallel(work, range(100), threads=THREADS)
    assert sorted(done) == list(range(100))
    assert done[-1] == 0


def test_an_error_ends_work_without_end() -> None:
    def work(number: int) -> None:
        if number == 50:
            raise ValueError(number)

    with pytest.raises(ValueError, match="50"):
        work_in_parallel(work, Items(), threads=THREADS)
