"""Small contents managers: with files or without, for a thread or an event loop."""

import asyncio
import inspect
from pathlib import Path
from typing import Any


class Files:
    """A manager that keeps notebooks as files below a directory.

    `seen` are the models that it saved. A save of a model with `fail` raises, "before"
    or "after" it writes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: list[Any] = []

    def _get_os_path(self, path: str) -> str:
        return str(self.root / path)

    def file_exists(self, path: str) -> Any:
        return (self.root / path).is_file()

    def get(self, path: str, content: bool = True) -> Any:
        return {"type": "file", "content": (self.root / path).read_text()}

    def save(self, model: Any, path: str = "") -> Any:
        if model.get("fail") == "before":
            raise OSError("the disk is full")
        self.seen.append(model)
        (self.root / path).write_text(str(model["content"]))
        if model.get("fail") == "after":
            raise RuntimeError("the hook fails")
        return {"path": path}

    def rename_file(self, old_path: str, new_path: str) -> Any:
        (self.root / old_path.strip("/")).rename(self.root / new_path)


class Elsewhere(Files):
    """A manager that has no files on this machine."""

    _get_os_path = None  # type: ignore[assignment]


class AsyncFiles(Files):
    """The same for an event loop."""

    async def file_exists(self, path: str) -> Any:
        await asyncio.sleep(0)
        return super().file_exists(path)

    async def get(self, path: str, content: bool = True) -> Any:
        await asyncio.sleep(0)
        return super().get(path, content)

    async def save(self, model: Any, path: str = "") -> Any:
        await asyncio.sleep(0)
        return super().save(model, path)

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        await asyncio.sleep(0)
        super().rename_file(old_path, new_path)


class AsyncElsewhere(AsyncFiles, Elsewhere):
    """An asynchronous manager without files."""


class PlainAsyncElsewhere(AsyncElsewhere):
    """One whose `save` is a plain function that returns an awaitable."""

    def save(self, model: Any, path: str = "") -> Any:
        return super().save(model, path)


MANAGERS = [Files, Elsewhere, AsyncFiles, AsyncElsewhere, PlainAsyncElsewhere]


def do(answer: Any) -> Any:
    """Return an answer, awaited if it must be."""

    async def settle() -> Any:
        return await answer if inspect.isawaitable(answer) else answer

    return asyncio.run(settle())


def save(manager: Any, content: str, path: str = "a.ipynb", **members: Any) -> Any:
    """Save a notebook with this content, on an event loop."""

    async def settle() -> Any:
        model = {"type": "notebook", "content": content, **members}
        answer = manager.save(model, path)
        return await answer if inspect.isawaitable(answer) else answer

    return asyncio.run(settle())
