"""Free names for copies on the caller's notebook server."""

from collections.abc import Iterator
from dataclasses import dataclass

from bookstore_core.errors import ConflictError, InvalidRequestError, NotFoundError
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import check_path
from bookstore_web.contents.client import Caller, ContentsServer

#: The maximum length of a file name, in bytes.
MAX_NAME_BYTES = 255
#: The number of names (name, name-1, name-2, ...) that are tried.
MAX_TRIES = 1000


@dataclass(frozen=True)
class FreeName:
    """A folder on the server, the wanted name, and the names that are taken."""

    folder: str
    name: str
    taken: frozenset[str]

    @property
    def path(self) -> str:
        """The first free path, according to the folder's listing."""
        return next(self.paths())

    @property
    def is_renamed(self) -> bool:
        """Whether the wanted name is taken."""
        return self.name in self.taken

    def paths(self, *, with_siblings: bool = False) -> Iterator[str]:
        """Yield paths that may be free; raise ConflictError after the last one.

        Names that are taken with another suffix are left out if `with_siblings`.
        """
        stem, suffix = _split(self.name)
        stems = {_split(name)[0] for name in self.taken} if with_siblings else set()
        for number in range(MAX_TRIES):
            name = f"{stem}-{number}{suffix}" if number else self.name
            if name not in self.taken and _split(name)[0] not in stems:
                yield f"{self.folder}/{name}" if self.folder else name
        raise ConflictError(
            f"{self.name} and {MAX_TRIES - 1} numbered names are taken. Choose another."
        )


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix; the suffix includes its dot, and may be empty."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem.strip(".") else (name, "")


def find_place(
    name: str, target_path: str, *, server: ContentsServer, caller: Caller
) -> FreeName:
    """Return the folder and name for a copy of the file `name` at `target_path`.

    If `target_path` is empty, the folder is the server's root; if it is the path of a
    folder, it is that one. Otherwise it is the path of the copy, to which the suffix of
    a notebook is added if it is missing.

    Raises InvalidRequestError for an invalid path, and NotFoundError if the folder does
    not exist.
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
            f"There is no folder {folder!r} on your server. Create it first, or choose "
            "another one."
        ) from None


def _like(name: str, wanted: str) -> str:
    """Return `wanted`, with the suffix of a notebook if `name` has it; check it."""
    if name.endswith(SUFFIX) and not wanted.endswith(SUFFIX):
        wanted += SUFFIX
    if wanted.endswith(SUFFIX) and not name.endswith(SUFFIX):
        raise InvalidRequestError(
            f"{name} is not a notebook, so its copy cannot be called {wanted}. Choose "
            f"a name that does not end in {SUFFIX}."
        )
    check_names(check_path(wanted, what="name"))
    return wanted


def check_names(path: str) -> None:
    """Raise InvalidRequestError if a name in the path is over 255 bytes long."""
    if any(len(name.encode()) > MAX_NAME_BYTES for name in path.split("/")):
        raise InvalidRequestError(
            f"The name is over {MAX_NAME_BYTES} bytes long. Choose a shorter one."
        )
