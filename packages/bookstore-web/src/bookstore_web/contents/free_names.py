"""Free names for copies on the caller's notebook server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bookstore_core.errors import ConflictError, InvalidRequestError, NotFoundError
from bookstore_core.jupyter.file_kinds import DIRECTORY, HIDDEN, NOTHING, OTHER, UNKNOWN
from bookstore_core.notebooks import SUFFIX
from bookstore_core.paths import check_path

if TYPE_CHECKING:
    # The notebook server finds names with this module, and needs no client of itself.
    from bookstore_web.contents.client import Caller, ContentsServer

#: The maximum length of a file name, in bytes.
MAX_NAME_BYTES = 255
#: The number of names (name, name-1, name-2, ...) that are tried.
MAX_TRIES = 1000
#: How many names are asked for at once, if that takes one request.
AT_ONCE = 16


@dataclass(frozen=True)
class FreeName:
    """A free `path` on the server, and whether the wanted `name` was taken."""

    path: str
    name: str
    is_renamed: bool


class Files(Protocol):
    """The files among which a name is chosen, in the words of `file_kinds`."""

    def kinds(self, paths: Sequence[str]) -> list[str] | None:
        """Return what is at each path; None if that takes a call of `type_of` each."""

    def type_of(self, path: str) -> str:
        """Return what is at a path."""

    def names_in(self, folder: str) -> Iterable[str]:
        """Return the names in a folder."""


@dataclass(frozen=True)
class _ServersFiles:
    server: "ContentsServer"
    caller: "Caller"

    def kinds(self, paths: Sequence[str]) -> list[str] | None:
        return self.server.kinds(paths, caller=self.caller)

    def type_of(self, path: str) -> str:
        return self.server.type_of(path, caller=self.caller)

    def names_in(self, folder: str) -> Iterable[str]:
        return self.server.list_folder(folder, caller=self.caller)


class _Places:
    """What is at paths among files; asked for once. Those in `taken` are files."""

    def __init__(self, files: Files, taken: Iterable[str]) -> None:
        self._files = files
        self._kinds = dict.fromkeys(taken, OTHER) | {"": DIRECTORY}
        self._together = True

    def look(self, paths: Iterable[str]) -> None:
        """Ask for all of them now, if that takes one request."""
        missing = [p for p in dict.fromkeys(paths) if p not in self._kinds]
        if missing and self._together:
            kinds = self._files.kinds(missing)
            self._together = kinds is not None
            self._kinds.update(zip(missing, kinds or (), strict=False))

    def kind(self, path: str) -> str:
        self.look([path])
        if path not in self._kinds:
            self._kinds[path] = self._files.type_of(path)
        return self._kinds[path]

    def is_taken(self, path: str) -> bool:
        # Where it cannot be known, saving fails, and says why.
        return self.kind(path) not in (NOTHING, UNKNOWN)

    def check_folder(self, path: str) -> None:
        """Raise InvalidRequestError for a file, NotFoundError if nothing is there."""
        kind = self.kind(path)
        if kind in (NOTHING, HIDDEN):
            raise NotFoundError(
                f"There is no folder {path!r} on your server. Create it first, or "
                "choose another one."
            )
        if kind not in (DIRECTORY, UNKNOWN):
            raise InvalidRequestError(
                f"{path!r} is a file on your server, not a folder."
            )

    def siblings(self, folder: str) -> set[str]:
        """Return the names in a folder, without their suffixes."""
        return {_split(name)[0] for name in self._files.names_in(folder)}


@dataclass(frozen=True)
class _Numbered:
    """The names of copies: name, name-1, name-2, and so on.

    A name without its suffix that is in `stems` is taken.
    """

    folder: str
    name: str
    places: _Places
    stems: frozenset[str] = frozenset()

    def path(self, number: int) -> str:
        stem, suffix = _split(self.name)
        name = f"{stem}-{number}{suffix}" if number else self.name
        return f"{self.folder}/{name}" if self.folder else name

    def _is_taken(self, number: int) -> bool:
        path = self.path(number)
        stem = _split(path.rpartition("/")[2])[0]
        return stem in self.stems or self.places.is_taken(path)

    def first_free(self) -> int:
        """Return a free number; the first one, unless there are gaps between them.

        It takes a few requests, however many names are taken. Raises ConflictError if
        the last one is taken.
        """
        if not self._is_taken(0):
            return 0
        last = MAX_TRIES - 1
        steps = [*(2**power for power in range(last.bit_length())), last]
        taken, free = 0, 0
        self.places.look(map(self.path, steps))
        for free in steps:
            if not self._is_taken(free):
                break
            taken = free
        else:
            raise ConflictError(
                f"{self.name} and {last} numbered names are taken. Choose another."
            )
        return self._between(taken, free)

    def _between(self, taken: int, free: int) -> int:
        while free - taken > 1:
            if free - taken <= AT_ONCE:
                self.places.look(map(self.path, range(taken + 1, free)))
            middle = (taken + free) // 2
            if self._is_taken(middle):
                taken = middle
            else:
                free = middle
        return free


def _split(name: str) -> tuple[str, str]:
    """Return stem and suffix; the suffix includes its dot, and may be empty."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem.strip(".") else (name, "")


def find_place(
    name: str,
    target_path: str,
    *,
    server: "ContentsServer",
    caller: "Caller",
    taken: Iterable[str] = (),
    with_siblings: bool = False,
) -> FreeName:
    """Return a free name on the caller's server, as `place_among` does."""
    files = _ServersFiles(server, caller)
    return place_among(
        files, name, target_path, taken=taken, with_siblings=with_siblings
    )


def place_among(
    files: Files,
    name: str,
    target_path: str,
    *,
    taken: Iterable[str] = (),
    with_siblings: bool = False,
) -> FreeName:
    """Return a free name for a copy of the file `name` at `target_path`.

    If `target_path` is empty, the folder is the server's root; if it is the path of a
    folder, it is that one. Otherwise it is the path of the copy, to which the suffix of
    a notebook is added if it is missing. Empty and ``.`` parts are dropped. Paths in
    `taken` are not free; nor are, if `with_siblings`, names that are taken with another
    suffix.

    Raises InvalidRequestError for an invalid path, NotFoundError if the folder does
    not exist, and ConflictError if too many names are taken.
    """
    target = check_target(target_path)
    wanted = target.removesuffix("/")
    places = _Places(files, taken)
    folder, _, last = wanted.rpartition("/")
    places.look(_likely(wanted, folder, name))
    if not wanted or target.endswith("/") or places.kind(wanted) == DIRECTORY:
        folder, last = wanted, name
    places.check_folder(folder)
    last = _like(name, last)
    stems = places.siblings(folder) if with_siblings else ()
    numbered = _Numbered(folder, last, places, frozenset(stems))
    number = numbered.first_free()
    return FreeName(numbered.path(number), last, is_renamed=number > 0)


def check_target(target_path: str) -> str:
    """Return a target without empty and ``.`` parts; that of a folder ends in a slash.

    Raises InvalidRequestError for an invalid path.
    """
    parts = [part for part in target_path.split("/") if part not in ("", ".")]
    if not parts:
        return ""
    wanted = check_path("/".join(parts), what="target_path")
    return f"{wanted}/" if target_path.endswith(("/", "/.")) else wanted


def _likely(wanted: str, folder: str, name: str) -> Iterator[str]:
    """Yield the paths that `find_place` may need to know of."""
    if wanted:
        yield from (wanted, f"{wanted}{SUFFIX}", folder, f"{wanted}/{name}")
    else:
        yield name


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
