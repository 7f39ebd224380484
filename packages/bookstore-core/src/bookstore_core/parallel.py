"""Requests that are made in parallel."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
