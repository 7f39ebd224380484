"""The notebooks below a notebook server's root: where it is, and what is in it."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from traitlets.config import Config

from bookstore_core.errors import InvalidRequestError, NotFoundError
from bookstore_core.extensions import is_classic
from bookstore_core.notebooks import SUFFIX

#: Where a root directory is configured, by the server that runs; the first one counts.
_MANAGERS = ("LargeFileManager", "FileContentsManager", "ContentsManager")
_OF_MANAGERS = tuple(
    (f"{kind}{manager}", "root_dir") for manager in _MANAGERS for kind in ("Async", "")
)
_MODERN = (("ServerApp", "root_dir"), ("ServerApp", "notebook_dir"))
_CLASSIC = (("NotebookApp", "notebook_dir"),)


@dataclass(frozen=True)
class NotebookFile:
    """A notebook: its file, and its path on the server."""

    os_path: str
    path: str


def server_root(config: Config, given: str = "") -> str:
    """Return the root directory that is given, or that the config gives its server."""
    if given:
        return os.path.abspath(os.path.expanduser(given))
    apps = (*_CLASSIC, *_MODERN) if is_classic() else (*_MODERN, *_CLASSIC)
    for section, trait in (*_OF_MANAGERS, *apps):
        value = config.get(section, {}).get(trait)
        if isinstance(value, str) and value:
            return os.path.abspath(os.path.expanduser(value))
    return os.getcwd()


def find_notebooks(root: str, starts: Iterable[str]) -> Iterator[NotebookFile]:
    """Yield the notebooks at and below `starts`, each once; `root` if there are none.

    Hidden files and folders are left out, and with them checkpoints; links to folders
    are not followed. What cannot be listed is left out, as a server leaves it out.
    Raises InvalidRequestError for a start outside of the root or that is no notebook,
    and NotFoundError for one that is not there, before anything is yielded.
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
            if os.path.isfile(os_path):
                path = os.path.relpath(os_path, root).replace(os.sep, "/")
                yield NotebookFile(os_path, path)


def _path_of(root: str, start: str) -> str:
    """Return the path of a start on the server, empty for the root itself."""
    os_path = os.path.abspath(start)
    if not os.path.exists(os_path):
        raise NotFoundError(f"There is no {start}.")
    if not os.path.isdir(os_path) and not os_path.endswith(SUFFIX):
        raise InvalidRequestError(
            f"{start} is no notebook: it does not end in {SUFFIX}."
        )
    # A shell tells the working directory with its links resolved.
    for base, inside in ((root, os_path), *_resolved(root, os_path)):
        relative = os.path.relpath(inside, base)
        if relative == os.curdir:
            return ""
        if relative != os.pardir and not relative.startswith(os.pardir + os.sep):
            return relative.replace(os.sep, "/")
    raise InvalidRequestError(
        f"{start} is outside of the notebook server's root directory {root}, so that "
        "it has no path on the server. Give another root with --root-dir."
    )


def _resolved(root: str, os_path: str) -> Iterator[tuple[str, str]]:
    folder, name = os.path.split(os_path)
    yield os.path.realpath(root), os.path.join(os.path.realpath(folder), name)
    yield os.path.realpath(root), os.path.realpath(os_path)


def _is_within_another(path: str, others: list[str]) -> bool:
    """Whether walking one of the others finds this one too."""
    for other in others:
        start = f"{other}/" if other else ""
        if path == other or not path.startswith(start):
            continue
        if not any(p.startswith(".") for p in path[len(start) :].split("/")):
            return True
    return False
