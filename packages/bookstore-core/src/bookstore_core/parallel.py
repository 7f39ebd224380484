"""Requests that go out side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(ask: Callable[[T], R], items: Sequence[T], *, threads: int) -> list[R]:
    """Return what `ask` says to each item, in order, from up to `threads` threads.

    Raises what the first item raised that failed; those not yet begun are dropped.
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
