"""Opening: notices which notebooks people open."""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_inside: ContextVar[bool] = ContextVar("bookstore_inside_get", default=False)


def noticing(get: Callable[..., Any], opened: Callable[[object], None]) -> Any:
    """Wrap `get`: call `opened` with each path that is requested.

    Requests without content count: servers make one before they send the page of a
    notebook. Calls by the manager itself, such as to list a folder, do not count.
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
