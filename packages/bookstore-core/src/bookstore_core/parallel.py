"""Requests that are made in parallel."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

#: Calls for each thread that are begun or wait, of a work that may have no end.
AHEAD = 4

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(ask: Callable[[T], R], items: Sequence[T], *, threads: int) -> list[R]:
    """Call `ask` for each item in up to `threads` threads; return the results in order.

    Raises the error of the first item that failed; calls not yet begun are cancelled.
    """
    if len(items) < 2 or threads < 2:
        return [ask(item) for item in items]
    pool = ThreadPoolExecutor(
        min(threads, len(items)), thread_name_prefix="bookstore-ask"
    )
    try:
        return list(pool.map(ask, items))
    finally:
        pool.shutdown(cancel_futures=True)


def in_parallel_stream(
    ask: Callable[[T], R], items: Iterable[T], *, threads: int
) -> Iterator[R]:
    """Call `ask` for each item in threads; yield the results in order.

    Only a few items are read before their results are, so there may be any number.
    Raises the error of the first item that failed.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="bookstore-ask")
    begun: deque[Future[R]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(ask, item))
            if len(begun) >= threads * AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def work_in_parallel(
    work: Callable[[T], object], items: Iterable[T], *, threads: int
) -> None:
    """Call `work` for each item in threads, in about their order.

    There may be any number of items, and one that takes long delays no others. Raises
    the error of one that failed; calls not yet begun are cancelled.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="bookstore-work")
    begun: set[Future[object]] = set()
    try:
        for item in items:
            begun.add(pool.submit(work, item))
            if len(begun) >= threads * AHEAD:
                begun = _without_done(begun)
        while begun:
            begun = _without_done(begun)
    finally:
        pool.shutdown(cancel_futures=True)


def _without_done(begun: set[Future[object]]) -> set[Future[object]]:
    done, rest = wait(begun, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest
