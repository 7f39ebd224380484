"""Doing in a thread what an event loop should not wait for."""

import asyncio
import functools
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(do: Callable[..., T], *args: object) -> T:
    """Return what `do` returns, while the event loop goes on."""
    try:
        loop = asyncio.get_running_loop()
        thread = loop.run_in_executor(None, functools.partial(do, *args))
    except RuntimeError:  # the loop is closing, and takes no more work
        return do(*args)
    return await thread
