"""Renaming and copying: wraps methods of a live contents manager.

Jupyter calls `rename`, which calls `rename_file`. Some managers override one of them,
some the other; a rename that passes through both is followed once.
"""

import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bookstore_archiver.hooks.event_loop import in_thread
from bookstore_archiver.hooks.keeper import Keeper
from bookstore_archiver.hooks.manager_content import (
    Present,
    os_path_of,
    try_present_source,
)
from bookstore_core.notebooks import SUFFIX

#: The methods that rename, of which a manager may have only one.
RENAMING = ("rename_file", "rename")


def follow_renames(manager: Any, keeper: Keeper) -> None:
    """Wrap the methods of the manager that rename and copy, if it has them."""
    for name in RENAMING:
        rename = getattr(manager, name, None)
        if rename is not None:
            wrap = _wrap_async if inspect.iscoroutinefunction(rename) else _wrap_sync
            setattr(manager, name, wrap(rename, manager, keeper))
    copy = getattr(manager, "copy", None)
    if copy is not None:
        manager.copy = _wrap_copy(copy, manager, keeper)


Rename = Callable[..., Any]


class _Running:
    """A rename that is running; `told` when the keeper knows of it."""

    def __init__(self, old: str, new: str) -> None:
        self.paths = (old.strip("/"), new.strip("/"))
        self.told = False


_running: ContextVar[_Running | None] = ContextVar("bookstore_renaming", default=None)


@contextmanager
def _renaming(old: str, new: str) -> Iterator[_Running]:
    """Yield the rename that is running, if it is this one, else a new one."""
    rename, outer = _Running(old, new), _running.get()
    if outer is not None and outer.paths == rename.paths:
        yield outer
        return
    token = _running.set(rename)
    try:
        yield rename
    finally:
        _running.reset(token)


def _wrap_async(rename: Rename, manager: Any, keeper: Keeper) -> Rename:
    @functools.wraps(rename)
    async def rename_and_follow(*args: Any, **options: Any) -> Any:
        start = functools.partial(rename, *args, **options)
        paths = _changed_paths(args, options)
        if paths is None:
            return await start()
        return await _follow(start, manager, keeper, *paths)

    return rename_and_follow


def _wrap_sync(rename: Rename, manager: Any, keeper: Keeper) -> Rename:
    @functools.wraps(rename)
    def rename_and_follow(*args: Any, **options: Any) -> Any:
        start = functools.partial(rename, *args, **options)
        paths = _changed_paths(args, options)
        if paths is None:
            return start()
        old, new = paths
        with _renaming(old, new) as running:
            pair = _Pair(manager, old, new)
            answer = start()
            if inspect.isawaitable(answer):
                return _follow(lambda: answer, manager, keeper, old, new)
            if not running.told:
                running.told = True
                source = _look(manager, new)
                known = None if isinstance(source, Awaitable) else source
                keeper.keep_moved(manager, old, new, known)
                if pair.has_moved:
                    keeper.keep_moved(manager, pair.old, pair.new)
        return answer

    return rename_and_follow


def _changed_paths(
    args: tuple[Any, ...], options: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return the old and the new path of a call; None if they are the same."""
    old, new = (*args, *options.values(), None, None)[:2]
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    return (old, new) if old.strip("/") != new.strip("/") else None


async def _follow(
    start: Callable[[], Awaitable[Any]],
    manager: Any,
    keeper: Keeper,
    old: str,
    new: str,
) -> Any:
    # The rename comes before saves under the new path: the first version records it.
    async with keeper.locks.hold(new.strip("/")):
        with _renaming(old, new) as running:
            pair = _Pair(manager, old, new)
            answer = await start()
            if not running.told:
                running.told = True
                source = _look(manager, new)
                if inspect.isawaitable(source):
                    source = await source
                await in_thread(keeper.keep_moved, manager, old, new, source)
                if pair.has_moved:
                    await in_thread(keeper.keep_moved, manager, pair.old, pair.new)
        return answer


class _Pair:
    """The notebook that jupytext may rename together with its text file."""

    def __init__(self, manager: Any, old: str, new: str) -> None:
        self._manager = manager
        self.old, self.new = (os.path.splitext(path)[0] + SUFFIX for path in (old, new))
        is_text = not old.endswith(SUFFIX) and bool(os.path.splitext(old)[1])
        self._may_move = is_text and self._are(True, False)

    def _are(self, *expected: bool) -> bool:
        found = (os_path_of(self._manager, path) for path in (self.old, self.new))
        return tuple(path is not None for path in found) == expected

    @property
    def has_moved(self) -> bool:
        """Whether it is at its new path now, and was at its old one before."""
        return self._may_move and self._are(False, True)


def _look(manager: Any, path: str) -> Present | Awaitable[Present]:
    return try_present_source(manager, path) if path.endswith(SUFFIX) else None


def _wrap_copy(copy: Callable[..., Any], manager: Any, keeper: Keeper) -> Any:
    """Wrap `copy`: copies of folders are kept. Copies of files are saves."""

    async def keep_later(answer: Awaitable[Any]) -> Any:
        model = await answer
        path = _copied_folder(model)
        if path is not None:
            await in_thread(keeper.keep_copied, manager, path)
        return model

    if inspect.iscoroutinefunction(copy):

        @functools.wraps(copy)
        async def copy_and_keep(*args: Any, **options: Any) -> Any:
            return await keep_later(copy(*args, **options))

        return copy_and_keep

    @functools.wraps(copy)
    def copy_and_keep_plainly(*args: Any, **options: Any) -> Any:
        answer = copy(*args, **options)
        if inspect.isawaitable(answer):
            return keep_later(answer)
        path = _copied_folder(answer)
        if path is not None:
            keeper.keep_copied(manager, path)
        return answer

    return copy_and_keep_plainly


def _copied_folder(model: Any) -> str | None:
    """Return the path of the folder in the model that `copy` returned, if it is one."""
    if not isinstance(model, Mapping) or model.get("type") != "directory":
        return None
    path = model.get("path")
    return path if isinstance(path, str) and path.strip("/") else None
