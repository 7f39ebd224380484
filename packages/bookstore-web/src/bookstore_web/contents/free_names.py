"""Where a copy goes on the caller's notebook server: the folder, and a free name."""

from collections.abc import Iterator
from dataclasses import dataclass

from bookstore_core.errors import ConflictError, InvalidRequestError, NotFoundError
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import check_path
from bookstore_web.contents.client import Caller, ContentsServer

#: Bytes that a file system takes for one name.
MAX_NAME_BYTES = 255
#: How many names (name-1, name-2, ...) are tried.
MAX_TRIES = 1000


@dataclass(frozen=True)
class FreeName:
    """A folder of the server, the name wanted in it, and the names that are taken."""

    folder: str
    name: str
    taken: frozenset[str]

    @property
    def path(self) -> str:
        """The first path that is free, as far as the folder's listing tells."""
        return next(self.paths())

    @property
    def is_renamed(self) -> bool:
        """Whether the name wanted is taken."""
        return self.name in self.taken

    def paths(self) -> Iterator[str]:
        """Yield the paths that may be free; raise ConflictError after the last."""
        stem, suffix = _split(self.name)
        for number in range(MAX_TRIES):
            name = f"{stem}-{number}{suffix}" if number else self.name
            if name not in self.taken:
                yield f"{self.folder}/{name}" if self.folder else name
        raise ConflictError(
            f"{self.name} and {MAX_TRIES - 1} names like it are taken. Choose another."
        )


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix; the suffix has its dot, and a name of dots has none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem.strip(".") else (name, "")


def find_place(
    name: str, target_path: str, *, server: ContentsServer, caller: Caller
) -> FreeName:
    """Return where a file called `name` goes when `target_path` is asked for.

    Empty, it is the server's top folder; the path of a folder is that folder; else it
    is the file's own path, to which a notebook's suffix is added if it lacks it.

    Raises InvalidRequestError for a path that cannot be, and NotFoundError where the
    folder is not there.
    """
    wanted = target_path.strip("/")
    folder, _, last = wanted.rpartition("/")
    if wanted:
        check_path(wanted, what="target_path")
    else:
        last = name
    entries = _list(folder, server=server, caller=caller)
    if wanted and (target_path.endswith("/") or entries.get(last) == "directory"):
        folder, last = wanted, name
        entries = _list(folder, server=server, caller=caller)
    return FreeName(folder, _like(name, last), frozenset(entries))


def _list(folder: str, *, server: ContentsServer, caller: Caller) -> dict[str, str]:
    try:
        return server.list_folder(folder, caller=caller)
    except NotFoundError:
        raise NotFoundError(
            f"There is no folder {folder!r} on your server. Make it first, or choose "
            "another."
        ) from None


def _like(name: str, wanted: str) -> str:
    """Return the name `wanted` for what is called `name`: the same type of file."""
    if name.endswith(SUFFIX) and not wanted.endswith(SUFFIX):
        wanted += SUFFIX
    if wanted.endswith(SUFFIX) and not name.endswith(SUFFIX):
        raise InvalidRequestError(
            f"{name} is no notebook, and its copy cannot be called {wanted}. Choose a "
            f"name that does not end in {SUFFIX}."
        )
    check_names(check_path(wanted, what="name"))
    return wanted


def check_names(path: str) -> None:
    """Raise InvalidRequestError for a path with a name that no file system takes."""
    if any(len(name.encode()) > MAX_NAME_BYTES for name in path.split("/")):
        raise InvalidRequestError(
            f"The name is over {MAX_NAME_BYTES} bytes long. Choose a shorter one."
        )
