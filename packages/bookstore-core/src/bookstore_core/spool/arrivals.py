"""Saves on their way to the store: what the spool has of a notebook, and its arrival.

A save is in the store some tenths of a second after it was made. Whoever lists the
versions of a notebook right after a restore expects it in the list, so a list waits for
what is about to arrive.
"""

import heapq
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bookstore_core.clock import utc_now
from bookstore_core.disk.remembered import Remembered
from bookstore_core.spool.directory import CUR, NEW, peek_waiting
from bookstore_core.spool.drain_status import read_status
from bookstore_core.spool.saves import Trailer, time_of

#: How many of the newest saves in the spool are looked at; thousands may wait.
MOST_LOOKED_AT = 200

#: Seconds for which the arrival of a save is awaited, and between looks at the spool.
PATIENCE, LOOK = 2.0, 0.02

#: A save that has waited for longer is not about to arrive.
FRESH = timedelta(seconds=5)


class Arrivals:
    """The saves in a spool, for who asks often. Safe to use from several threads.

    When many wait, a folder of the spool is listed again only if it has changed, and a
    save is opened once.
    """

    def __init__(
        self, spool_dir: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = Path(spool_dir)
        self._newest = Remembered[list[str]](_newest_of, monotonic=monotonic)
        self._known: dict[str, Trailer] = {}

    def waiting(self, key: str) -> tuple[Trailer, ...]:
        """Return what describes the saves of a key in the spool, the newest first.

        Only the newest saves of the spool are looked at. What cannot be read is left
        out.
        """
        return tuple(save.trailer for save in self._found(key))

    def awaited(self, key: str, *, patience: float = PATIENCE) -> tuple[Trailer, ...]:
        """Wait until no fresh save of a key is in the spool; return what still is.

        Does not wait while uploads fail, nor for saves that have waited for long.
        """
        end = time.monotonic() + patience
        found = self._found(key)
        while True:
            soon = any(utc_now() - save.saved_at < FRESH for save in found)
            late = not soon or time.monotonic() > end
            if late or read_status(str(self._root)).last_error:
                return tuple(save.trailer for save in found)
            time.sleep(LOOK)
            found = [save for save in found if self._is_there(save)]

    def _is_there(self, save: "_Waiting") -> bool:
        # In the order in which files move, so that none is missed in between.
        return any((self._root / at / save.name).exists() for at in (NEW, CUR))

    def _found(self, key: str) -> list["_Waiting"]:
        names = set[str]()
        # In the order in which files move, so that none is missed in between.
        for folder in (NEW, CUR):
            with suppress(OSError):
                names.update(self._newest.of(_Listed(self._root / folder)))
        newest = {name: self._trailer(name) for name in _newest_of(names)}
        self._known = {name: known for name, known in newest.items() if known}
        return [
            _Waiting(name, saved_at, trailer)
            for name, trailer in newest.items()
            if trailer and trailer.key == key and (saved_at := time_of(name))
        ]

    def _trailer(self, name: str) -> Trailer | None:
        return self._known.get(name) or peek_waiting(self._root, name)


@dataclass(frozen=True)
class _Listed:
    """A folder of the spool, to be listed."""

    path: Path

    def status(self) -> os.stat_result:
        return os.stat(self.path)

    def names(self) -> list[str]:
        return os.listdir(self.path)


def _newest_of(names: Collection[str]) -> list[str]:
    return heapq.nlargest(MOST_LOOKED_AT, names)


@dataclass(frozen=True)
class _Waiting:
    name: str
    saved_at: datetime
    trailer: Trailer
