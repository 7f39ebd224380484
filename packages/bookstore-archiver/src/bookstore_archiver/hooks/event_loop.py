"""Helpers for the event loop: locks for paths, and blocking calls in a thread."""

import asyncio
import functools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

#: Seconds after which a save goes ahead although another one holds the lock.
HANG_AFTER = 30.0


class _Save:
    """A running save; saves that it starts are part of it."""

    def __init__(self) -> None:
        self.running = True


_current: ContextVar[_Save | None] = ContextVar("bookstore_current_save", default=None)


class PathLocks:
    """A lock for each path that is being saved, so that its saves do not overlap."""

    def __init__(self, *, patience: float = HANG_AFTER) -> None:
        self.locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()
        self._patience = patience

    @asynccontextmanager
    async def hold(self, path: str) -> AsyncIterator[None]:
        """Hold the path's lock, except within a save that already holds one.

        A save hook may save again: the same notebook, or another one whose hook saves
        the first. To wait for the lock there would be a deadlock.
        """
        outer = _current.get()
        if outer is not None and outer.running:
            yield
            return
        lock = self.locks.setdefault(path, asyncio.Lock())
        self._users[path] += 1
        save, token, locked = _Save(), None, False
        try:
            locked = await self._acquire(lock)
            token = _current.set(save)
            yield
        finally:
            save.running = False
            if token is not None:
                _current.reset(token)
            if locked:
                lock.release()
            self._users[path] -= 1
            if not self._users[path]:
                del self._users[path], self.locks[path]

    async def _acquire(self, lock: asyncio.Lock) -> bool:
        if not lock.locked():
            return await lock.acquire()
        try:
            async with asyncio.timeout(self._patience):
                return await lock.acquire()
        except TimeoutError:
            return False


async def in_thread(do: Callable[..., T], *args: object) -> T:
    """Run `do` in a thread and return its result; the event loop is not blocked."""
    try:
        loop = asyncio.get_running_loop()
        thread = loop.run_in_executor(None, functools.partial(do, *args))
    except RuntimeError:  # the loop is closing and accepts no more work
        return do(*args)
    return await thread
