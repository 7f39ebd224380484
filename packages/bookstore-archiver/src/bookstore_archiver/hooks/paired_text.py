"""Notebooks that jupytext pairs with a text file, which people edit elsewhere.

Jupyter shows the cells of the text with the outputs of the notebook's file. A restore
overwrites both, so what Jupyter shows is kept first if it is not in the file.
"""

import inspect
import logging
from collections.abc import Awaitable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from bookstore_archiver.hooks.manager_content import Present, os_path_of, source_in
from bookstore_core.jupyter.streamed_saves import is_streamed
from bookstore_core.jupyter.text_pairs import pairs
from bookstore_core.notebooks import SUFFIX, cells_of, read_as_jupyter

_log = logging.getLogger(__name__)


def text_source(manager: Any, model: Any, path: str) -> Present | Awaitable[Present]:
    """Return what Jupyter shows of a notebook, if its text was edited; else None.

    `model` is about to be saved. If the notebook's file was deleted, its text is what
    Jupyter shows. For asynchronous managers the result must be awaited. Never raises: a
    pair that jupytext cannot read has no cells to keep besides those of the file. Only
    what is not paired is streamed over what is not.
    """
    if not (pairs(manager) and path.endswith(SUFFIX)) or is_streamed(model):
        return None
    try:
        os_path = os_path_of(manager, path)
        shown = path if os_path else _text_of(manager, model, path)
        if shown is None:
            return None
        found = manager.get(shown, content=True)
        if inspect.isawaitable(found):
            return _await(found, os_path)
        return _edited(found, os_path)
    except Exception as error:  # noqa: BLE001  # another project's code
        _log.info("%s is restored without a look at its text: %s", path, error)
        return None


def _text_of(manager: Any, model: Any, path: str) -> str | None:
    """Return the path of the text that saving `model` would overwrite, if any."""
    formats = model["content"].get("metadata", {}).get("jupytext", {}).get("formats")
    if not formats:
        return None
    forms = import_module("jupytext.formats").long_form_multiple_formats(formats)
    pairs = import_module("jupytext.paired_paths")
    _, form = pairs.find_base_path_and_format(path, forms)
    others = (other for other, _ in pairs.paired_paths(path, form, forms))
    return next((other for other in others if os_path_of(manager, other)), None)


async def _await(model: Awaitable[Any], os_path: str | None) -> Present:
    try:
        return _edited(await model, os_path)
    except Exception as error:  # noqa: BLE001  # another project's code
        _log.info("%s is restored without a look at its text: %s", os_path, error)
        return None


def _edited(model: Mapping[str, Any], os_path: str | None) -> Present:
    if os_path is None:
        return source_in(model)
    in_file = read_as_jupyter(Path(os_path).read_bytes())
    return None if _cells(model["content"]) == _cells(in_file) else source_in(model)


def _cells(notebook: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(cell.get("cell_type"), cell.get("source")) for cell in cells_of(notebook)]
