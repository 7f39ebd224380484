"""Opening: noticing which notebooks a contents manager is asked for."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_inside: ContextVar[bool] = ContextVar("bookstore_inside_get", default=False)


def noticing(get: Callable[..., Any], opened: Callable[[object], None]) -> Any:
    """Return `get`, telling `opened` the path that somebody wants to see.

    Also without its content: that is how a server asks before it sends the page of a
    notebook. What a manager gets by itself, to list a folder, is nothing of the kind.
    """

    @contextmanager
    def notice(args: tuple[Any, ...], options: dict[str, Any]) -> Iterator[None]:
        if not _inside.get():
            opened(args[0] if args else options.get("path"))
        token = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(token)

    if inspect.iscoroutinefunction(get):

        @functools.wraps(get)
        async def get_and_look(*args: Any, **options: Any) -> Any:
            with notice(args, options):
                return await get(*args, **options)

        return get_and_look

    @functools.wraps(get)
    def get_and_look_plainly(*args: Any, **options: Any) -> Any:
        with notice(args, options):
            return get(*args, **options)

    return get_and_look_plainly
