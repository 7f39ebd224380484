"""The notebook server's root directory, and paths below it."""

import os
from collections.abc import Iterator

from traitlets.config import Config

from bookstore_core.errors import InvalidRequestError
from bookstore_core.jupyter.extensions import has_classic

#: The settings of the root directory; the first one that is set counts.
_MANAGERS = ("LargeFileManager", "FileContentsManager", "ContentsManager")
_OF_MANAGERS = tuple(
    (f"{kind}{manager}", "root_dir") for manager in _MANAGERS for kind in ("Async", "")
)
_MODERN = (("ServerApp", "root_dir"), ("ServerApp", "notebook_dir"))
_CLASSIC = (("NotebookApp", "notebook_dir"),)


def server_root(config: Config, given: str = "") -> str:
    """Return the root directory: `given`, or that in the config, or the current one."""
    if given:
        return os.path.abspath(os.path.expanduser(given))
    apps = (*_CLASSIC, *_MODERN) if has_classic() else (*_MODERN, *_CLASSIC)
    for section, trait in (*_OF_MANAGERS, *apps):
        value = config.get(section, {}).get(trait)
        if isinstance(value, str) and value:
            return os.path.abspath(os.path.expanduser(value))
    return os.getcwd()


def path_on_server(root: str, name: str) -> str:
    """Return the path on the server of a file or folder; empty for the root itself.

    `name` is absolute or relative to the current directory, and need not exist. Raises
    InvalidRequestError if it is outside of the root.
    """
    if not name or "\0" in name:
        raise InvalidRequestError("The path is empty. Name a file or a folder.")
    os_path = os.path.abspath(name)
    # The working directory has its links resolved, but the root may not.
    for base, inside in ((root, os_path), *_resolved(root, os_path)):
        relative = os.path.relpath(inside, base)
        if relative == os.curdir:
            return ""
        if relative != os.pardir and not relative.startswith(os.pardir + os.sep):
            return relative.replace(os.sep, "/")
    raise InvalidRequestError(
        f"{name} is outside of the notebook server's root directory {root}. Choose "
        "another root with --root-dir."
    )


def _resolved(root: str, os_path: str) -> Iterator[tuple[str, str]]:
    folder, name = os.path.split(os_path)
    yield os.path.realpath(root), os.path.join(os.path.realpath(folder), name)
    yield os.path.realpath(root), os.path.realpath(os_path)
