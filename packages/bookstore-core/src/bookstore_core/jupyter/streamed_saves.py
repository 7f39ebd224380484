"""Saves of a content that is in a file, by the contents managers of Jupyter's servers.

They write a file's text as the bytes that its `encode` returns. So a content that is
mapped from a file is written without being in memory as a text, as JSON and as bytes.
"""

import mmap
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from bookstore_core.jupyter.file_kinds import OWN, has_plain_files
from bookstore_core.jupyter.text_pairs import pairs
from bookstore_core.origins import Origin

#: The ends of the modules that write a file's text as said above.
_WRITING = (*OWN, "services.contents.fileio")


class FileText:
    """The text in a file, open for reading; only its bytes are ever asked for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def encode(self, *_: Any, **__: Any) -> bytes | mmap.mmap:
        """Return the bytes of the text."""
        if not os.fstat(self._file.fileno()).st_size:
            return b""
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)


def saves_streams(manager: Any) -> bool:
    """Return whether a manager can save the model that `streamed_model` returns.

    It must write files as Jupyter's own do, and no hook may ask for the content first.
    jupytext's must not pair the notebook with a text (`text_pairs.may_be_paired`).
    """
    hooks = getattr(manager, "pre_save_hook", None), *_registered(manager)
    return (
        has_plain_files(manager)
        and not any(hooks)
        and (_is_of(getattr(manager, "save", None), OWN) or _is_jupytexts(manager))
        and _is_of(getattr(type(manager), "_save_file", None), _WRITING)
    )


def _registered(manager: Any) -> tuple[Any, ...]:
    return tuple(getattr(manager, "_pre_save_hooks", ()))


def _is_jupytexts(manager: Any) -> bool:
    """Return whether it is jupytext's, which leaves files to what it extends."""
    module = getattr(getattr(manager, "save", None), "__module__", "") or ""
    return pairs(manager) and module.startswith("jupytext.")


def _is_of(method: Any, modules: tuple[str, ...]) -> bool:
    # What an archiver has wrapped has the module of what it wrapped.
    return (getattr(method, "__module__", "") or "").endswith(modules)


def is_streamed(model: Mapping[str, Any]) -> bool:
    """Return whether a contents model is one that `streamed_model` has returned."""
    return isinstance(model.get("content"), FileText)


def streamed_model(file: BinaryIO, origin: Origin | None = None) -> dict[str, Any]:
    """Return the contents model that saves the content of a file, byte for byte."""
    model = {"type": "file", "format": "text", "content": FileText(file)}
    return model | (origin.member if origin else {})
