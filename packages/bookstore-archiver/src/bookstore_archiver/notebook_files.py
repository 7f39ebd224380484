"""The notebooks below a notebook server's root directory."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from bookstore_core.errors import InvalidRequestError, NotFoundError
from bookstore_core.jupyter.server_root import path_on_server
from bookstore_core.notebooks import SUFFIX

#: Jupyter's folders of checkpoints.
CHECKPOINTS = ".ipynb_checkpoints"

#: How many folders are searched for a notebook.
MAX_LOOK = 1000


@dataclass(frozen=True)
class NotebookFile:
    """A notebook: its file, and its path on the server."""

    os_path: str
    path: str


def find_notebooks(root: str, starts: Iterable[str]) -> Iterator[NotebookFile]:
    """Yield the notebooks at and below `starts`, each once; `root` if there are none.

    Hidden files and folders (so also checkpoints) and folders that cannot be listed
    are left out; links to folders are not followed, nor links to files that are no
    notebooks: others may have made them, in order to have a secret archived. Before
    anything is yielded, raises InvalidRequestError if a start is outside of the root or
    is not a notebook, and NotFoundError if it does not exist.
    """
    if not os.path.isdir(root):
        raise NotFoundError(f"There is no directory {root}.")
    paths = [_path_of(root, start) for start in starts] or [""]
    chosen = [p for p in dict.fromkeys(paths) if not _is_within_another(p, paths)]
    return _walk_all(root, chosen)


def _walk_all(root: str, paths: list[str]) -> Iterator[NotebookFile]:
    for path in paths:
        os_path = os.path.join(root, path) if path else root
        if os.path.isdir(os_path):
            yield from _walk(root, os_path)
        else:
            yield NotebookFile(os_path, path)


def _walk(root: str, start: str) -> Iterator[NotebookFile]:
    for folder, folders, names in os.walk(start):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            os_path = os.path.join(folder, name)
            if name.startswith(".") or not name.endswith(SUFFIX):
                continue
            if os.path.isfile(os_path) and os.path.realpath(os_path).endswith(SUFFIX):
                path = os.path.relpath(os_path, root).replace(os.sep, "/")
                yield NotebookFile(os_path, path)


def find_unvisited(root: str) -> Iterator[str]:
    """Yield the folders below `root` that `find_notebooks` leaves out.

    Those are hidden folders and links to folders, as paths from the root, if they have
    notebooks.
    """
    for folder, folders, _ in os.walk(root):
        for name in sorted(folders):
            os_path = os.path.join(folder, name)
            if name == CHECKPOINTS or not (
                name.startswith(".") or os.path.islink(os_path)
            ):
                continue
            if _has_notebooks(os_path):
                yield os.path.relpath(os_path, root).replace(os.sep, "/")
        folders[:] = [name for name in folders if not name.startswith(".")]


def _has_notebooks(start: str) -> bool:
    for _, folders, names in islice(os.walk(start), MAX_LOOK):
        if any(name.endswith(SUFFIX) for name in names):
            return True
        folders[:] = [name for name in folders if name != CHECKPOINTS]
    return False


def _path_of(root: str, start: str) -> str:
    """Return the path of a start on the server; the root is the empty string."""
    os_path = os.path.abspath(start)
    if not os.path.exists(os_path):
        raise NotFoundError(f"There is no file or directory {start}.")
    if not os.path.isdir(os_path) and not os_path.endswith(SUFFIX):
        raise InvalidRequestError(
            f"{start} is not a notebook: it does not end in {SUFFIX}."
        )
    return path_on_server(root, start)


def _is_within_another(path: str, others: list[str]) -> bool:
    """Return whether walking one of the others also finds this one."""
    for other in others:
        start = f"{other}/" if other else ""
        if path == other or not path.startswith(start):
            continue
        if not any(p.startswith(".") for p in path[len(start) :].split("/")):
            return True
    return False
