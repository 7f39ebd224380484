"""The garbage collector, held off while two notebooks are read and compared."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_counting = threading.Lock()
_holders = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let no collection run meanwhile, in any thread, where one was to run at all.

    A hundred thousand cells make millions of objects and no garbage: collections in
    between take two thirds of the time. What is paused ends with the last that paused.
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
