"""Text files that jupytext keeps in step with a notebook, for commands.

In a server, jupytext's contents manager writes them. Jupyter does not open a notebook
whose file is newer than its text and differs from it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from bookstore_core.errors import BookstoreError, ConflictError, InvalidNotebookError
from bookstore_core.jupyter import text_pairs
from bookstore_core.notebooks import Notebook, cells_of, read_as_jupyter
from bookstore_core.paths import printable

#: How to restore a notebook whose text files this command cannot write.
OTHERWISE = "Restore it on its history page in Jupyter, or restore a copy with --to."


@dataclass(frozen=True)
class Pair:
    """The text files of the notebook `os_path`: their paths and formats."""

    os_path: str
    texts: tuple[tuple[str, Mapping[str, Any]], ...]
    config: Any

    def edited(self) -> bytes | None:
        """Return what Jupyter shows, if the text has other cells than the notebook.

        That is the cells of the newest text, with the outputs of the notebook. None if
        they are the same, or there is no text.
        """
        there = [text for text in self.texts if os.path.isfile(text[0])]
        if not there:
            return None
        path, form = max(there, key=lambda text: os.stat(text[0]).st_mtime)
        tools = _tools()
        with _explaining(self.os_path):
            shown = tools.jupytext.read(path, fmt=dict(form), config=self.config)
            present = _read(self.os_path)
            if present is not None:
                if _cells(shown) == _cells(present):
                    return None
                shown = tools.combine.combine_inputs_with_outputs(
                    shown, present, dict(form)
                )
            text: str = tools.jupytext.writes(shown, fmt="ipynb")
        return text.encode()

    def written(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the path and the new content of each text of the notebook `data`."""
        notebook = read_as_jupyter(data)
        with _explaining(self.os_path):
            for path, form in self.texts:
                text: str = _tools().jupytext.writes(
                    notebook, fmt=dict(form), config=self.config
                )
                yield path, text.encode()


def find_pair(os_path: str, data: bytes) -> Pair | None:
    """Return the text files of the notebook `data` at `os_path`; None without any.

    Raises ConflictError if it has some, but jupytext cannot be used.
    """
    try:
        notebook = read_as_jupyter(data)
    except InvalidNotebookError:
        return None
    if (tools := _tools()) is None:
        if not is_paired(notebook):
            return None
        raise ConflictError(
            f"jupytext pairs {printable(os_path)} with a text file, and is not "
            f"installed beside this command. {OTHERWISE}"
        )
    with _explaining(os_path):
        config = _config(os_path)
        formats = tools.config.notebook_formats(
            notebook, config, os_path, fallback_on_current_fmt=False
        )
        if not formats:
            return None
        try:
            _, form = tools.paths.find_base_path_and_format(os_path, formats)
            paths = tools.paths.paired_paths(os_path, form, formats)
        except tools.paths.InconsistentPath:
            return None  # jupytext does not take it for a pair at this path
    texts = tuple(known for known in paths if not known[0].endswith(".ipynb"))
    return Pair(os_path, texts, config) if texts else None


def is_paired(notebook: Notebook) -> bool:
    """Return whether a notebook itself says that jupytext pairs it with a text."""
    found: object = notebook
    for name in ("metadata", "jupytext", "formats"):
        found = found.get(name) if isinstance(found, dict) else None
    return bool(found)


def may_be_configured(os_path: str) -> bool:
    """Return whether jupytext's configuration pairs notebooks at this path."""
    # First without jupytext, whose import takes seconds.
    if not text_pairs.may_be_configured(os_path) or _tools() is None:
        return False
    with _explaining(os_path):
        config = _config(os_path)
    return bool(config is not None and config.formats)


def _config(os_path: str) -> Any:
    """Return jupytext's configuration, without running any code of the folder."""
    config = _tools().config
    file = config.find_jupytext_configuration_file(os.path.dirname(os_path))
    if not file or file.endswith(".py"):
        return None
    return config.load_jupytext_configuration_file(file)


def _tools() -> Any:
    """Return jupytext's modules; None if it is not installed."""
    try:
        return SimpleNamespace(
            jupytext=import_module("jupytext"),
            combine=import_module("jupytext.combine"),
            config=import_module("jupytext.config"),
            paths=import_module("jupytext.paired_paths"),
        )
    except ImportError:
        return None


@contextmanager
def _explaining(os_path: str) -> Iterator[None]:
    """Convert jupytext's own errors."""
    try:
        yield
    except BookstoreError:
        raise
    except Exception as error:  # another project's code
        raise ConflictError(
            f"Nothing was restored: jupytext cannot handle {printable(os_path)} "
            f"({printable(str(error)) or type(error).__name__}). {OTHERWISE}"
        ) from error


def _read(os_path: str) -> Notebook | None:
    try:
        with open(os_path, "rb") as file:
            return read_as_jupyter(file.read())
    except (OSError, InvalidNotebookError):
        return None


def _cells(notebook: Notebook) -> list[tuple[Any, Any]]:
    return [(cell.get("cell_type"), cell.get("source")) for cell in cells_of(notebook)]
