"""Pausing the garbage collector while two notebooks are read and compared."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_counting = threading.Lock()
_holders = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Disable garbage collection in all threads until the block ends.

    A hundred thousand cells make millions of objects and no garbage; collecting it
    takes two thirds of the time. If blocks overlap, the last one to end enables the
    collector again. If it was not enabled before, it stays disabled.
    """
    global _holders
    with _counting:
        pauses = _holders > 0 or gc.isenabled()
        if pauses:
            _holders += 1
            gc.disable()
    try:
        yield
    finally:
        if pauses:
            with _counting:
                _holders -= 1
                if not _holders:
                    gc.enable()
