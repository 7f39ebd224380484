"""Renaming: wraps `rename_file` of a live contents manager."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from bookstore_archiver.hooks.event_loop import in_thread
from bookstore_archiver.hooks.keeper import Keeper
from bookstore_archiver.hooks.manager_content import Present, try_present_source
from bookstore_core.notebooks import SUFFIX


def follow_renames(manager: Any, keeper: Keeper) -> None:
    """Wrap the manager's `rename_file`, if it has one."""
    rename = getattr(manager, "rename_file", None)
    if rename is None:
        return
    wrap = _wrap_async if inspect.iscoroutinefunction(rename) else _wrap_sync
    manager.rename_file = wrap(rename, manager, keeper)


Rename = Callable[..., Any]


def _wrap_async(rename: Rename, manager: Any, keeper: Keeper) -> Rename:
    @functools.wraps(rename)
    async def rename_and_follow(old_path: Any, new_path: Any, *args: Any) -> Any:
        start = functools.partial(rename, old_path, new_path, *args)
        if not _changes_path(old_path, new_path):
            return await start()
        return await _follow(start, manager, keeper, old_path, new_path)

    return rename_and_follow


def _wrap_sync(rename: Rename, manager: Any, keeper: Keeper) -> Rename:
    @functools.wraps(rename)
    def rename_and_follow(old_path: Any, new_path: Any, *args: Any) -> Any:
        answer = rename(old_path, new_path, *args)
        if not _changes_path(old_path, new_path):
            return answer
        if inspect.isawaitable(answer):
            return _follow(lambda: answer, manager, keeper, old_path, new_path)
        source = _look(manager, new_path)
        known = None if isinstance(source, Awaitable) else source
        keeper.keep_moved(manager, old_path, new_path, known)
        return answer

    return rename_and_follow


def _changes_path(old: object, new: object) -> bool:
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    return old.strip("/") != new.strip("/")


async def _follow(
    start: Callable[[], Awaitable[Any]],
    manager: Any,
    keeper: Keeper,
    old: str,
    new: str,
) -> Any:
    # The rename comes before saves under the new path: the first version records it.
    async with keeper.locks.hold(new.strip("/")):
        answer = await start()
        source = _look(manager, new)
        if inspect.isawaitable(source):
            source = await source
        await in_thread(keeper.keep_moved, manager, old, new, source)
        return answer


def _look(manager: Any, path: str) -> Present | Awaitable[Present]:
    return try_present_source(manager, path) if path.endswith(SUFFIX) else None
