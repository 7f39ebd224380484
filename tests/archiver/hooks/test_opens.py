"""Opening: which calls of `get` count."""

import asyncio
from typing import Any

from bookstore_archiver.hooks.opens import noticing


class Folder:
    """A manager that calls `get` for the notebooks in a folder to list it."""

    def get(self, path: str, content: bool = True) -> Any:
        if path == "folder":
            return [self.get("folder/a.ipynb", content=False)]
        return path


class AsyncFolder:
    """The same for an event loop."""

    async def get(self, path: str, content: bool = True) -> Any:
        await asyncio.sleep(0)
        if path == "folder":
            return [await self.get("folder/a.ipynb", content=False)]
        return path


def test_requests_are_noticed_and_calls_of_a_listing_are_not() -> None:
    manager, opened = Folder(), list[object]()
    manager.get = noticing(manager.get, opened.append)  # type: ignore[method-assign]
    assert manager.get("folder") == ["folder/a.ipynb"]
    assert manager.get(path="b.ipynb", content=False) == "b.ipynb"
    assert opened == ["folder", "b.ipynb"]


def test_parallel_async_requests_are_all_noticed() -> None:
    manager, opened = AsyncFolder(), list[object]()
    manager.get = noticing(manager.get, opened.append)  # type: ignore[method-assign]

    async def get_both() -> list[Any]:
        return await asyncio.gather(manager.get("folder"), manager.get("b.ipynb"))

    assert asyncio.run(get_both()) == [["folder/a.ipynb"], "b.ipynb"]
    assert opened == ["folder", "b.ipynb"]
