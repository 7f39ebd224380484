"""The notebook server's root directory, and paths below it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from traitlets.config import Config

from bookstore_core.errors import InvalidRequestError
from bookstore_core.jupyter.extensions import has_classic
from bookstore_core.jupyter.server_list import running_roots

#: The settings of the root directory; the first one that is set counts.
_MANAGERS = ("LargeFileManager", "FileContentsManager", "ContentsManager")
_OF_MANAGERS = tuple(
    (f"{kind}{manager}", "root_dir") for manager in _MANAGERS for kind in ("Async", "")
)
_MODERN = (("ServerApp", "root_dir"), ("ServerApp", "notebook_dir"))
_CLASSIC = (("NotebookApp", "notebook_dir"),)

#: Set by a notebook server in its terminals.
_VARIABLE = "JUPYTER_SERVER_ROOT"

_ADVICE = "Name the notebook server's root directory with --root-dir."


@dataclass(frozen=True)
class ServerRoot:
    """A root directory; `doubt` says why it may be another one, and is empty if not."""

    path: str
    doubt: str = ""

    def sure(self) -> str:
        """Return the directory. Raises InvalidRequestError if there is a doubt."""
        if self.doubt:
            raise InvalidRequestError(f"Nothing was done. {self.doubt} {_ADVICE}")
        return self.path

    @property
    def note(self) -> str:
        """What to print about the doubt; empty without one."""
        if not self.doubt:
            return ""
        return f"{self.doubt} Paths are relative to {self.path}. {_ADVICE}"


def find_root(config: Config, names: Sequence[str] = (), given: str = "") -> ServerRoot:
    """Return the root directory of the notebook server that serves the files `names`.

    That is `given`, else the first of these that contains the files: the one that is
    configured for a contents manager, JUPYTER_SERVER_ROOT, that of a running server,
    the one that is configured for servers. If none does, it is one of them all the
    same, or, with a doubt, the current directory. There is a doubt too if the files are
    below several running servers. A relative one in the configuration does not count.
    """
    if given:
        return ServerRoot(_absolute(given))
    apps = (*_CLASSIC, *_MODERN) if has_classic() else (*_MODERN, *_CLASSIC)
    of_manager, of_app = _configured(config, _OF_MANAGERS), _configured(config, apps)
    of_terminal = _absolute(os.environ.get(_VARIABLE, ""))
    for root in (of_manager, of_terminal):
        if root and _contains(root, names):
            return ServerRoot(root)
    running = [root for root in running_roots() if _contains(root, names)]
    if len(running) > 1 and of_app not in running:
        return ServerRoot(
            max(running, key=len),
            f"Several notebook servers are running, in {' and '.join(running)}.",
        )
    if len(running) == 1:
        return ServerRoot(running[0])
    known = of_app or of_manager or of_terminal
    if known:
        return ServerRoot(known)
    return ServerRoot(
        _current(names),
        "No absolute root directory is configured, and no running notebook server "
        "contains the file.",
    )


def _current(names: Iterable[str]) -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was deleted
        if all(map(os.path.isabs, names)):
            return os.sep
        raise


def _configured(config: Config, traits: Iterable[tuple[str, str]]) -> str:
    for section, trait in traits:
        value = config.get(section, {}).get(trait)
        if isinstance(value, str) and value:
            # A relative one depends on where the server is started.
            return _absolute(value) if os.path.isabs(os.path.expanduser(value)) else ""
    return ""


def _absolute(folder: str) -> str:
    return os.path.abspath(os.path.expanduser(folder)) if folder else ""


def _contains(root: str, names: Iterable[str]) -> bool:
    try:
        for name in names:
            path_on_server(root, name)
    except InvalidRequestError:
        return False
    return True


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
