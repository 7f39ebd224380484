"""Opening: noticing which notebooks a contents manager is asked for."""

import functools
import inspect
from collections.abc import Callable
from typing import Any


def noticing(get: Callable[..., Any], opened: Callable[[object], None]) -> Any:
    """Return `get`, noticing what is got with its content: it is opened."""

    def notice(args: tuple[Any, ...], options: dict[str, Any]) -> None:
        content = args[1] if len(args) > 1 else options.get("content", True)
        if content:
            opened(args[0] if args else options.get("path"))

    if inspect.iscoroutinefunction(get):

        @functools.wraps(get)
        async def get_and_look(*args: Any, **options: Any) -> Any:
            notice(args, options)
            return await get(*args, **options)

        return get_and_look

    @functools.wraps(get)
    def get_and_look_plainly(*args: Any, **options: Any) -> Any:
        notice(args, options)
        return get(*args, **options)

    return get_and_look_plainly
