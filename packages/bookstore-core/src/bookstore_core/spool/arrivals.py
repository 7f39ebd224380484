"""Saves on their way to the store: what the spool has of a notebook, and its arrival.

A save is in the store some tenths of a second after it was made. Whoever lists the
versions of a notebook right after a restore expects it in the list, so a list waits for
what is about to arrive.
"""

import heapq
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bookstore_core.clock import utc_now
from bookstore_core.spool.directory import CUR, NEW, peek_waiting
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.saves import Trailer, time_of

#: How many of the newest saves in the spool are looked at; thousands may wait.
MOST_LOOKED_AT = 200

#: Seconds for which the arrival of a save is awaited, and between looks at the spool.
PATIENCE, LOOK = 2.0, 0.02

#: A save that has waited for longer is not about to arrive.
FRESH = timedelta(seconds=5)


def waiting_of(spool_dir: str, key: str) -> tuple[Trailer, ...]:
    """Return what describes the saves of a key in the spool, the newest first.

    Only the newest saves of the spool are looked at. What cannot be read is left out.
    """
    return tuple(save.trailer for save in _found(spool_dir, key))


def await_arrival(
    spool_dir: str, key: str, *, patience: float = PATIENCE
) -> tuple[Trailer, ...]:
    """Wait until no fresh save of a key is in the spool; return what still is.

    Does not wait while uploads fail, nor for saves that have waited for long.
    """
    end = time.monotonic() + patience
    found = _found(spool_dir, key)
    while True:
        soon = any(utc_now() - save.saved_at < FRESH for save in found)
        late = not soon or time.monotonic() > end
        if late or read_status(spool_dir).last_error:
            return tuple(save.trailer for save in found)
        time.sleep(LOOK)
        found = [save for save in found if _is_there(spool_dir, save)]


@dataclass(frozen=True)
class _Waiting:
    name: str
    saved_at: datetime
    trailer: Trailer


def _is_there(spool_dir: str, save: _Waiting) -> bool:
    # In the order in which files move, so that none is missed in between.
    return any(os.path.exists(f"{spool_dir}/{at}/{save.name}") for at in (NEW, CUR))


def _found(spool_dir: str, key: str) -> list[_Waiting]:
    root, names = Path(spool_dir), set[str]()
    # In the order in which files move, so that none is missed in between.
    for folder in (NEW, CUR):
        with suppress(OSError):
            names |= set(os.listdir(root / folder))
    found = []
    for name in heapq.nlargest(MOST_LOOKED_AT, names):
        saved_at = time_of(name)
        if saved_at is None:
            continue
        trailer = peek_waiting(root, name)
        if trailer is not None and trailer.key == key:
            found.append(_Waiting(name, saved_at, trailer))
    return found
