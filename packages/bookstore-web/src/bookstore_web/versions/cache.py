"""Remembered: what cannot change, kept in a process up to a size."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SizedCache(Generic[T]):
    """Values by key; those used longest ago make room. Safe for several threads."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return the value for a key, if it is still remembered."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: T, *, size: int = 1) -> None:
        """Remember a value; one over a quarter of the room is not worth it."""
        if size > self._room // 4:
            return
        with self._lock:
            if key in self._values:
                self._used -= self._values.pop(key)[1]
            self._values[key] = (value, size)
            self._used += size
            while self._used > self._room:
                _, (_, freed) = self._values.popitem(last=False)
                self._used -= freed
