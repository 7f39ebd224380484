"""Attaching: the `save` of a live contents manager also archives what it saved.

The instance's own attribute is set, so that every caller and every subclass is met
once, whatever class the manager has and whatever other extensions made of it.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from bookstore_archiver.locks import PathLocks
from bookstore_core.notebooks import SUFFIX
from bookstore_core.restoring import MARK, archives

#: The `chunk` of a large upload's last part.
LAST_CHUNK = -1


class Keeper(Protocol):
    """What is done with a save; neither method ever raises."""

    locks: PathLocks

    def keep(self, manager: Any, model: Mapping[str, Any], path: str) -> None:
        """Keep what `manager` has just saved at `path`."""

    async def keep_aside(
        self, manager: Any, model: Mapping[str, Any], path: str
    ) -> None:
        """Do the same while the event loop goes on."""


def attach(manager: Any, keeper: Keeper) -> bool:
    """Wrap the manager's `save`; return False when that had been done before."""
    if archives(manager):
        return False
    setattr(manager, MARK, keeper)
    save = manager.save
    wrap = _wrap_async if inspect.iscoroutinefunction(save) else _wrap_sync
    manager.save = wrap(save, manager, keeper)
    return True


def counts(model: object, path: object) -> bool:
    """Say whether a save makes a version.

    Notebooks do, and uploads of notebook files, which come as type "file"; large ones
    come in chunks and count once, with the last.
    """
    if not isinstance(model, Mapping) or not isinstance(path, str):
        return False
    if model.get("chunk") not in (None, LAST_CHUNK):
        return False
    kind = model.get("type")
    return kind == "notebook" or (kind == "file" and path.endswith(SUFFIX))


Save = Callable[..., Any]


def _wrap_async(save: Save, manager: Any, keeper: Keeper) -> Save:
    @functools.wraps(save)
    async def save_and_archive(
        model: Any, path: str = "", *args: Any, **kwargs: Any
    ) -> Any:
        start = functools.partial(save, model, path, *args, **kwargs)
        if not counts(model, path):
            return await start()
        return await _follow(start, manager, keeper, model, path)

    return save_and_archive


def _wrap_sync(save: Save, manager: Any, keeper: Keeper) -> Save:
    @functools.wraps(save)
    def save_and_archive(model: Any, path: str = "", *args: Any, **kwargs: Any) -> Any:
        answer = save(model, path, *args, **kwargs)
        if not counts(model, path):
            return answer
        if inspect.isawaitable(answer):
            return _follow(lambda: answer, manager, keeper, model, path)
        keeper.keep(manager, model, path)
        return answer

    return save_and_archive


async def _follow(
    start: Callable[[], Awaitable[Any]],
    manager: Any,
    keeper: Keeper,
    model: Any,
    path: str,
) -> Any:
    async with keeper.locks.hold(path.strip("/")):
        answer = await start()
        await keeper.keep_aside(manager, model, path)
        return answer
