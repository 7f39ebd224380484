"""Attaching to a contents manager: which saves are kept, when, and how often."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from bookstore_archiver.hooks.event_loop import PathLocks
from bookstore_archiver.hooks.saves import attach, makes_version
from bookstore_archiver.roots import Roots
from bookstore_archiver.spool.sources import Source
from bookstore_core.origins import Origin

NOTEBOOK = {"type": "notebook", "content": {"cells": []}}


class Keeper:
    """Records what it is asked to keep, with the content that the manager then has."""

    def __init__(self) -> None:
        self.locks = PathLocks()
        self.roots = Roots()
        self.kept: list[tuple[str, Any]] = []

    def keep(
        self,
        manager: Any,
        model: Mapping[str, Any],
        path: str,
        origin: Origin | None = None,
    ) -> None:
        self.kept.append((path, manager.files.get(path)))

    def keep_present(self, source: Source, path: str) -> None:
        raise AssertionError("no save here restores anything")


class SyncManager:
    """Saves into a dict, as a contents manager of classic does."""

    def __init__(self) -> None:
        self.files: dict[str, Any] = {}

    def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        if model.get("fail"):
            raise OSError("disk")
        self.files[path] = model["content"]
        return {"path": path}


class AsyncManager(SyncManager):
    """Does the same slowly, and may save again from a hook."""

    hook: Any = None

    async def save(  # type: ignore[override]
        self, model: dict[str, Any], path: str = ""
    ) -> dict[str, Any]:
        hook, self.hook = self.hook, None
        if hook is not None:
            await hook(self)
        self.files[path] = None
        for _ in range(3):
            await asyncio.sleep(0)
        return super().save(model, path)


class AwaitableManager(AsyncManager):
    """Has a plain `save` that returns an awaitable."""

    def save(self, model: dict[str, Any], path: str = "") -> Any:
        return super().save(model, path)


def notebook(content: Any) -> dict[str, Any]:
    return {"type": "notebook", "content": content}


def test_sync_save_is_kept_after_it_was_made() -> None:
    manager, keeper = SyncManager(), Keeper()
    attach(manager, keeper)
    assert manager.save(notebook("1"), "a.ipynb") == {"path": "a.ipynb"}
    assert keeper.kept == [("a.ipynb", "1")]


@pytest.mark.parametrize("kind", [AsyncManager, AwaitableManager])
def test_async_save_is_kept_after_it_was_made(kind: Any) -> None:
    manager, keeper = kind(), Keeper()
    attach(manager, keeper)
    answer = asyncio.run(_awaited(manager.save(notebook("1"), path="a.ipynb")))
    assert answer == {"path": "a.ipynb"}
    assert keeper.kept == [("a.ipynb", "1")]


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def test_wrapper_of_a_coroutine_function_is_one() -> None:
    manager = AsyncManager()
    attach(manager, Keeper())
    assert asyncio.iscoroutinefunction(manager.save)


def test_attaching_twice_keeps_once() -> None:
    manager, keeper = SyncManager(), Keeper()
    assert attach(manager, keeper)
    assert not attach(manager, keeper)
    manager.save(notebook("1"), "a.ipynb")
    assert len(keeper.kept) == 1


def test_failed_save_is_not_kept() -> None:
    manager, keeper = SyncManager(), Keeper()
    attach(manager, keeper)
    with pytest.raises(OSError, match="disk"):
        manager.save({**NOTEBOOK, "fail": True}, "a.ipynb")
    assert keeper.kept == []


def test_failed_async_save_is_not_kept_and_leaves_no_lock() -> None:
    manager, keeper = AsyncManager(), Keeper()
    attach(manager, keeper)
    with pytest.raises(OSError, match="disk"):
        asyncio.run(manager.save({**NOTEBOOK, "fail": True}, "a.ipynb"))
    assert keeper.kept == []
    assert keeper.locks.locks == {}


@pytest.mark.parametrize(
    ("model", "path", "expected"),
    [
        ({"type": "notebook"}, "a.ipynb", True),
        ({"type": "notebook"}, "script.py", True),
        ({"type": "file"}, "uploaded.ipynb", True),
        ({"type": "file", "chunk": 1}, "large.ipynb", False),
        ({"type": "file", "chunk": 2}, "large.ipynb", False),
        ({"type": "file", "chunk": -1}, "large.ipynb", True),
        ({"type": "file", "chunk": -1}, "large.csv", False),
        ({"type": "file"}, "readme.txt", False),
        ({"type": "directory"}, "folder.ipynb", False),
        ({}, "a.ipynb", False),
        (None, "a.ipynb", False),
        ({"type": "notebook"}, None, False),
    ],
)
def test_saves_that_make_a_version(model: Any, path: Any, expected: bool) -> None:
    assert makes_version(model, path) is expected


def test_concurrent_saves_of_one_path_are_kept_each_with_its_own_content() -> None:
    manager, keeper = AsyncManager(), Keeper()
    attach(manager, keeper)

    async def save_all() -> None:
        saves = [manager.save(notebook(n), "/a.ipynb/"[n % 2 :]) for n in range(6)]
        await asyncio.gather(*saves)

    asyncio.run(save_all())
    assert [content for _, content in keeper.kept] == list(range(6))
    assert keeper.locks.locks == {}


def test_saves_of_different_paths_run_in_parallel() -> None:
    manager, keeper = AsyncManager(), Keeper()
    attach(manager, keeper)
    running: list[int] = []

    async def look(_: Any) -> None:
        await asyncio.sleep(0)
        running.append(len(keeper.locks.locks))

    async def save_both() -> None:
        manager.hook = look
        await asyncio.gather(
            manager.save(notebook(1), "a.ipynb"), manager.save(notebook(2), "b.ipynb")
        )

    asyncio.run(save_both())
    assert running == [2]


@pytest.mark.parametrize("other", ["a.ipynb", "b.ipynb"])
def test_hook_that_saves_again_does_not_wait_for_itself(other: str) -> None:
    manager, keeper = AsyncManager(), Keeper()
    attach(manager, keeper)

    async def save_again(manager: Any) -> None:
        await asyncio.create_task(manager.save(notebook("inner"), other))

    manager.hook = save_again
    asyncio.run(asyncio.wait_for(manager.save(notebook("outer"), "a.ipynb"), 10))
    assert keeper.kept == [(other, "inner"), ("a.ipynb", "outer")]
    assert keeper.locks.locks == {}


def test_hooks_that_save_each_others_notebook_do_not_wait_for_each_other() -> None:
    manager, keeper = AsyncManager(), Keeper()
    attach(manager, keeper)

    async def save_crosswise() -> None:
        async def save_b(manager: Any) -> None:
            manager.hook = save_a
            await manager.save(notebook("inner b"), "b.ipynb")

        async def save_a(manager: Any) -> None:
            await manager.save(notebook("inner a"), "a.ipynb")

        manager.hook = save_b
        await asyncio.gather(
            manager.save(notebook("a"), "a.ipynb"),
            manager.save(notebook("b"), "b.ipynb"),
        )

    asyncio.run(asyncio.wait_for(save_crosswise(), 10))
    assert len(keeper.kept) == 4


def test_save_goes_ahead_when_another_one_of_the_path_hangs() -> None:
    manager, keeper = AsyncManager(), Keeper()
    keeper.locks = PathLocks(patience=0.01)
    attach(manager, keeper)

    async def save_while_one_hangs() -> None:
        async def hang(_: Any) -> None:
            await asyncio.Event().wait()

        manager.hook = hang
        hanging = asyncio.create_task(manager.save(notebook("1"), "a.ipynb"))
        await asyncio.sleep(0)
        await manager.save(notebook("2"), "a.ipynb")
        hanging.cancel()

    asyncio.run(save_while_one_hangs())
    assert keeper.kept == [("a.ipynb", "2")]
    assert keeper.locks.locks == {}
