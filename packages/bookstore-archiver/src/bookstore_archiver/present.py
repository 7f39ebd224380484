"""What is at a path now: a restore will write over it, or a rename brought it there."""

import inspect
from collections.abc import Awaitable
from typing import Any

from bookstore_archiver.snapshots import FileSource, Source, os_path_of, source_in
from bookstore_core.errors import SpoolError

Present = Source | None


def present_source(manager: Any, path: str) -> Present | Awaitable[Present]:
    """Return where the bytes are that `manager` has at `path`; None where it has none.

    Something to await for managers that have to be awaited. Raises, or has awaiting
    raise, what the manager raises, and SpoolError where it gives no content.
    """
    os_path = os_path_of(manager, path)
    if os_path is not None:
        return FileSource(os_path)
    exists = manager.file_exists(path)
    if inspect.isawaitable(exists):
        return _ask(manager, path, exists)
    return _source(manager.get(path, content=True), path) if exists else None


async def _ask(manager: Any, path: str, exists: Awaitable[bool]) -> Present:
    if not await exists:
        return None
    return _source(await manager.get(path, content=True), path)


def _source(model: Any, path: str) -> Source:
    source = source_in(model)
    if source is None:
        raise SpoolError(f"The content of {path} cannot be read back.")
    return source
