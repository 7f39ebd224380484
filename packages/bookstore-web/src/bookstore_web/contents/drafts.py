"""Drafts: copies that are saved on the caller's notebook server, at a free name."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from bookstore_core.errors import InvalidNotebookError
from bookstore_core.notebooks import SUFFIX, parse_notebook
from bookstore_core.origins import Origin, file_model_of, model_of
from bookstore_core.stores.streams import CHUNK
from bookstore_web.contents.answers import Model, NotStreamedError
from bookstore_web.contents.client import Body, Caller, ContentsServer
from bookstore_web.contents.free_names import check_target, find_place

#: The URL path in each front end for notebooks, other texts, and other files.
OPENERS = {
    "lab": ("lab/tree/", "lab/tree/", "lab/tree/"),
    "notebook": ("notebooks/", "edit/", "files/"),
    "nbclassic": ("nbclassic/notebooks/", "nbclassic/edit/", "files/"),
}

#: Bytes of a content that is streamed, if the server takes streams.
LARGE = 8 * 1024 * 1024

#: Paths that were chosen for files that are being saved, for each server.
_chosen: set[tuple[ContentsServer, str]] = set()
_naming = threading.Lock()


@dataclass(frozen=True)
class Draft:
    """A file to be saved: its own name, and the body of the request that saves it.

    `format` is that of the contents API: json for notebooks, text or base64 for files.
    `is_paired`: jupytext writes files of the same name with other suffixes, too. A body
    that is `streamed` is the content itself.
    """

    name: str
    format: str
    body: Body = field(repr=False)
    is_paired: bool = False
    streamed: bool = False


@dataclass(frozen=True)
class Saved:
    """A saved file: the model that the server returned, and the file's format."""

    model: Model
    format: str

    @property
    def path(self) -> str:
        """The file's path on the server."""
        return str(self.model.get("path", ""))


def draft_of(name: str, data: bytes, *, origin: Origin | None = None) -> Draft:
    """Return the draft of a notebook if `name` ends in .ipynb, else that of a file.

    With an `origin`, the version that the save makes records that it was restored; use
    it only with servers that archive.

    A notebook has the form that front ends send, and its cells are no longer marked as
    trusted. Raises InvalidNotebookError for a notebook that Jupyter cannot open.
    """
    try:
        return _draft(name, model_of(name, data, origin))
    except UnicodeEncodeError:
        raise InvalidNotebookError(
            f"{name} contains text that is not valid UTF-8."
        ) from None
    except RecursionError:
        raise InvalidNotebookError(f"{name} is nested too deeply.") from None


def draft_of_valid(
    name: str, data: bytes, *, server: ContentsServer, caller: Caller
) -> Draft:
    """Return what `draft_of` does; a notebook that is not valid is refused, too.

    A large one is streamed, if the server takes streams.
    """
    if name.endswith(SUFFIX):
        parse_notebook(data)
    if len(data) < LARGE or not server.takes_streams(caller=caller):
        return draft_of(name, data)
    form = "json" if name.endswith(SUFFIX) else "text" if _is_text(data) else "base64"
    return Draft(name, form, data, streamed=True)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def draft_file(name: str, data: bytes, *, origin: Origin | None = None) -> Draft:
    """Return the draft of a file, byte for byte, even if it has a notebook's name."""
    return _draft(name, file_model_of(data, origin))


def _draft(name: str, model: Model) -> Draft:
    body = tuple(piece.encode("utf-8") for piece in _pieces(model))
    return Draft(name, model["format"], body, is_paired=_is_paired(model["content"]))


def _pieces(model: Model) -> Iterator[str]:
    """Yield a model as JSON, each cell in a piece of its own.

    One text of all of it would take up to four bytes of memory for each character. Each
    cell is removed from the model, so that its memory is free again.
    """
    content = model["content"]
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        yield _dump(model)
        return
    rest = _dump({name: content[name] for name in content if name != "cells"})
    others = _dump({name: model[name] for name in model if name != "content"})
    yield f'{others[:-1]}, "content": {rest[:-1]}{", " if len(rest) > 2 else ""}'
    yield '"cells": ['
    for number in range(len(cells)):
        cell, cells[number] = cells[number], None
        yield f"{', ' if number else ''}{_dump(cell)}"
    yield "]}}"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_paired(content: object) -> bool:
    """Return whether a notebook names formats in which jupytext keeps it."""
    for name in ("metadata", "jupytext", "formats"):
        content = content.get(name) if isinstance(content, dict) else None
    return bool(content)


def save(
    draft: Draft, target_path: str, *, server: ContentsServer, caller: Caller
) -> Saved:
    """Save the draft at a free name.

    Raises the errors of `find_place` and `ContentsServer.save`.
    """
    if draft.streamed and isinstance(draft.body, bytes):
        name, data = draft.name, draft.body
        with suppress(NotStreamedError):
            chosen = free_place(name, target_path, server=server, caller=caller)
            with chosen as path:
                pieces = _in_pieces(data)
                model = server.stream(
                    path, pieces, size=len(data), is_new=True, caller=caller
                )
            return Saved(model, draft.format)
        draft = draft_of(name, data)
    where, is_paired = (draft.name, check_target(target_path)), draft.is_paired
    copy = server.copy(*where, draft.body, with_siblings=is_paired, caller=caller)
    if copy is None:
        chosen = free_place(
            *where, server=server, caller=caller, with_siblings=is_paired
        )
        with chosen as path:
            copy = server.save(path, draft.body, caller=caller)
    return Saved(copy, draft.format)


def _in_pieces(data: bytes) -> Iterator[bytes]:
    for begin in range(0, len(data), CHUNK):
        yield data[begin : begin + CHUNK]


@contextmanager
def free_place(
    name: str,
    target_path: str,
    *,
    server: ContentsServer,
    caller: Caller,
    with_siblings: bool = False,
) -> Iterator[str]:
    """Give a free path, which is nobody else's while the block saves there.

    Raises the errors of `find_place`.
    """
    with _naming:
        place = find_place(
            name,
            target_path,
            server=server,
            caller=caller,
            taken=[path for known, path in _chosen if known is server],
            with_siblings=with_siblings,
        )
        _chosen.add((server, place.path))
    try:
        yield place.path
    finally:
        with _naming:
            _chosen.discard((server, place.path))


def opening_url(saved: Saved, *, base_url: str, ui: str) -> str:
    """Return the URL below `base_url` at which the front end `ui` opens the file."""
    notebooks, texts, others = OPENERS.get(ui, OPENERS["notebook"])
    if saved.path.endswith(SUFFIX):
        opener = notebooks
    else:
        opener = texts if saved.format == "text" else others
    return f"{base_url}{opener}{quote(saved.path)}"
