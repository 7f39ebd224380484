"""Reads content from a contents manager or its models, as a `Source`."""

import base64
import inspect
import logging
import os
from collections.abc import Awaitable, Mapping
from typing import Any

from bookstore_archiver.spool.sources import (
    BytesSource,
    FileSource,
    ModelSource,
    Source,
)
from bookstore_core.errors import SpoolError

Present = Source | None

_log = logging.getLogger(__name__)


def present_source(manager: Any, path: str) -> Present | Awaitable[Present]:
    """Return the present content of `path`; None if there is no such file.

    For asynchronous managers the result must be awaited. Raises the manager's errors,
    and SpoolError if it returns no content.
    """
    os_path = os_path_of(manager, path)
    if os_path is not None:
        return FileSource(os_path)
    exists = manager.file_exists(path)
    if inspect.isawaitable(exists):
        return _ask(manager, path, exists)
    return _source(manager.get(path, content=True), path) if exists else None


def try_present_source(manager: Any, path: str) -> Present | Awaitable[Present]:
    """Return what `present_source` does, but None if it fails; the log says why."""
    try:
        source = present_source(manager, path)
    except Exception as error:  # noqa: BLE001  # the edge of the user's save or rename
        _log_unread(path, error)
        return None
    return _try(source, path) if inspect.isawaitable(source) else source


async def _try(source: Awaitable[Present], path: str) -> Present:
    try:
        return await source
    except Exception as error:  # noqa: BLE001  # the edge of the user's save or rename
        _log_unread(path, error)
        return None


def _log_unread(path: str, error: Exception) -> None:
    _log.info("%s cannot be read; its next save becomes a version: %s", path, error)


async def _ask(manager: Any, path: str, exists: Awaitable[bool]) -> Present:
    if not await exists:
        return None
    return _source(await manager.get(path, content=True), path)


def _source(model: Any, path: str) -> Source:
    source = source_in(model)
    if source is None:
        raise SpoolError(f"The content of {path} cannot be read back.")
    return source


def source_of(manager: Any, model: Mapping[str, Any], path: str) -> Source:
    """Return the content that `manager` has just saved from `model`.

    Raises SpoolError if it cannot be read: after a chunked upload to a manager without
    files on this machine.
    """
    given = source_in(model)
    os_path = os_path_of(manager, path)
    if os_path is not None:
        return FileSource(os_path, given, hurried=True)
    if given is None:
        raise SpoolError(f"The content of {path} cannot be read back.")
    return given


def os_path_of(manager: Any, path: str) -> str | None:
    """Return the file of a notebook, or None if it is not on this machine."""
    found = _located(manager, path)
    return found if found is not None and os.path.isfile(found) else None


def os_folder_of(manager: Any, path: str) -> str | None:
    """Return the directory at a path, or None if there is none on this machine."""
    found = _located(manager, path)
    return found if found is not None and os.path.isdir(found) else None


def has_files(manager: Any) -> bool:
    """Return whether a manager's notebooks are files on this machine."""
    return getattr(manager, "_get_os_path", None) is not None


def _located(manager: Any, path: str) -> str | None:
    locate = getattr(manager, "_get_os_path", None)
    if locate is None:
        return None
    try:
        found = os.fspath(locate(path))
    except Exception:  # noqa: BLE001  # another project's code
        return None
    return found if isinstance(found, str) else None


def source_in(model: Mapping[str, Any]) -> Source | None:
    """Return the content of a contents model, or None if it has none."""
    content = model.get("content")
    if content is None or model.get("chunk") is not None:
        return None
    if model.get("type") == "notebook":
        return ModelSource(content)
    if not isinstance(content, str):
        return None
    if model.get("format") == "base64":
        return BytesSource(base64.b64decode(content))
    return BytesSource(content.encode("utf-8"))
