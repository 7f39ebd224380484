"""Remembered: what was made of the entries of directories, until they change.

A directory that changes gets another time, but file systems count in steps: of two
changes in one step, the second does not show. So what was read of a directory counts
only if the reading began a whole step after the time had been seen for the first time.
Only large directories are remembered, since small ones are read as quickly, and none
for long: some file systems do not change the time of a directory with its entries.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from os import stat_result

T = TypeVar("T")


class Listed(Protocol):
    """A directory: its status, and the names of its entries."""

    def status(self) -> "stat_result":
        """Return its identity and times; raises OSError."""

    def names(self) -> list[str]:
        """Return the names of its entries; raises OSError."""


#: Directories with fewer entries are not remembered.
FEW = 50

#: The maximum number of remembered entries, of all directories together.
MOST = 300_000

#: Seconds that are longer than a step of a file system's times, and of one that has
#: times in whole seconds.
STEP = 0.03
COARSE_STEP = 3.0

#: Seconds after which a directory is read again, whatever its time.
LONGEST = 30.0


@dataclass(frozen=True)
class _Known(Generic[T]):
    times: tuple[int, int]
    seen: float
    read: float
    count: int
    value: T

    @property
    def settled(self) -> bool:
        whole = self.times[0] % 1_000_000_000 == 0
        return self.read - self.seen > (COARSE_STEP if whole else STEP)


class Remembered(Generic[T]):
    """What `make` returns for the entries of directories. Safe for threads."""

    def __init__(
        self,
        make: Callable[[list[str]], T],
        *,
        monotonic: Callable[[], float],
        most: int = MOST,
    ) -> None:
        self._make = make
        self._monotonic = monotonic
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, int], _Known[T]] = OrderedDict()
        self._count = 0

    def of(self, folder: Listed) -> T:
        """Return what is made of the entries of a directory; raises OSError."""
        found = folder.status()
        place = (found.st_dev, found.st_ino)
        times = (found.st_mtime_ns, found.st_ctime_ns)
        now = self._monotonic()
        known = self._recall(place, times)
        if known and known.settled and now - known.read < LONGEST:
            return known.value
        names = folder.names()
        made = _Known(
            times, known.seen if known else now, now, len(names), self._make(names)
        )
        later = self._monotonic()
        if not made.settled and replace(made, read=later).settled:
            # Reading took so long that it counts if it is repeated now.
            again = folder.names()
            value = made.value if again == names else self._make(again)
            made = replace(made, read=later, count=len(again), value=value)
        if known or made.count >= FEW:
            self._keep(place, made)
        return made.value

    def forget(self, folder: Listed) -> None:
        """Read a directory again next time, because this process changed it."""
        found = folder.status()
        self._keep((found.st_dev, found.st_ino), None)

    def _recall(
        self, place: tuple[int, int], times: tuple[int, int]
    ) -> _Known[T] | None:
        with self._lock:
            known = self._known.get(place)
            if known is None or known.times != times:
                return None
            self._known.move_to_end(place)
            return known

    def _keep(self, place: tuple[int, int], made: _Known[T] | None) -> None:
        with self._lock:
            before = self._known.pop(place, None)
            self._count -= before.count if before else 0
            if made and FEW <= made.count <= self._most:
                self._known[place] = made
                self._count += made.count
            while self._count > self._most:
                self._count -= self._known.popitem(last=False)[1].count
