"""The library: the notebooks of a shelf, and which of them the caller has now.

A folder takes one listing of the store and one of the caller's server, and if notebooks
are gone from the server, one of the notes about moves and what `Results` takes; on the
published shelf, a request for each notebook that is neither in memory nor in a
catalogue, for its title.
A search, and the list of the latest notebooks, scan a limited number of keys; a search
of the published shelf looks at titles, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from bookstore_core.cells import shown
from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.paths import DELIMITER, check_path
from bookstore_core.stores import KeyPage, Version, VersionStore
from bookstore_web.library.latest import LatestScans, is_folder
from bookstore_web.library.moves import Moves
from bookstore_web.library.presence import Presence
from bookstore_web.library.publications import Describe, Publications
from bookstore_web.library.results import Results
from bookstore_web.library.shared import SharedAnswers

#: Keys per request: S3 returns at most 1000, and stores request one more.
PAGE = 999
#: The number of keys that one page of a search scans.
SCAN = 5 * PAGE
#: The number of titles that a search looks at, until it has enough notebooks.
TITLES = 100
#: Parallel requests to the store.
THREADS = 8


@dataclass(frozen=True)
class KeptNotebook:
    """A notebook with versions on a shelf.

    `size`, in bytes, and `saved_at` are those of the newest version. `here` is whether
    the caller's server has a file at `path`; None if that is not known. If the notebook
    was renamed, `moved_to` is its new path. If it is the result of a run, `is_result`,
    nobody moved or deleted its file: there was none. Of a published notebook, `author`,
    `title`, `note` and `version_id` are those of its newest version, and `clones` says
    how often it was cloned, if that is counted.
    """

    path: str
    size: int
    saved_at: datetime
    here: bool | None = None
    moved_to: str = ""
    is_result: bool = False
    author: str = ""
    title: str = ""
    note: str = ""
    version_id: str = ""
    clones: int = 0


@dataclass(frozen=True)
class LibraryPage:
    """Notebooks, and the paths of folders; `cursor` is for the next page, if any.

    It is `truncated` if there are more notebooks than were scanned.
    """

    notebooks: tuple[KeptNotebook, ...]
    folders: tuple[str, ...] = ()
    cursor: str | None = None
    truncated: bool = False


class Library:
    """The notebooks of one shelf: those below `prefix` in the store.

    With a `presence`, each one is looked up on the caller's server; with
    `publications`, it has the author, the title and the note of its newest version,
    which `describe` may know.
    Listings of folders are shared through `folders`.
    """

    def __init__(
        self,
        store: VersionStore,
        prefix: str,
        *,
        presence: Presence | None = None,
        publications: Publications | None = None,
        describe: Describe = lambda listed: {},
        folders: SharedAnswers[KeyPage] | None = None,
        moves: Moves | None = None,
        results: Results | None = None,
    ) -> None:
        self._store = store
        self._folder = f"{prefix}/" if prefix else ""
        self._presence = presence
        self._publications = publications
        self._describe = describe
        self._folders = folders or SharedAnswers(0)
        self._moves = moves or Moves(store)
        self._results = results

    def folder(
        self, path: str = "", *, cursor: str | None = None, limit: int = 200
    ) -> LibraryPage:
        """Return the notebooks and folders in one folder, in alphabetical order.

        Raises NotFoundError if the folder is empty, unless it is the top one.
        """
        folder = _folder(path)
        below = self._key(folder)
        ask = partial(self._store.list_keys, below, cursor=cursor, limit=limit)
        page = self._folders.get((below, cursor, limit), ask)
        if folder and not cursor and not (page.keys or page.folders):
            raise NotFoundError(
                f"There are no notebooks in {folder!r} on this shelf. Open the folder "
                "above it, or search for the name."
            )
        return LibraryPage(
            self._look(page.keys),
            tuple(self._path(found.rstrip(DELIMITER)) for found in page.folders),
            page.cursor,
        )

    def search(
        self, q: str, path: str = "", *, cursor: str | None = None, limit: int = 50
    ) -> LibraryPage:
        """Return the notebooks below a folder whose path contains `q`, ignoring case.

        Published notebooks are also found by their title. A page scans a limited number
        of keys (about 5,000 in S3; 1,000 published ones), so it may have few or no
        notebooks although there are more.
        """
        text = q.casefold()

        def is_wanted(key: str) -> bool:
            return text in self._path(key).casefold() and not is_folder(key)

        position = _SearchPosition()
        if cursor:
            position = read_cursor("search", cursor, _SearchPosition.of)
        below = self._key(_folder(path))
        if self._publications is not None:
            return self._search_published(text, below, position, limit)
        found: list[Version] = []
        for _ in range(SCAN // PAGE):
            page = self._store.walk_keys(
                below, cursor=position.page, limit=PAGE, wanted=is_wanted
            )
            for version in page.keys:
                if version.key <= position.after:
                    continue
                if len(found) == limit:
                    last = _SearchPosition(position.page, found[-1].key)
                    return LibraryPage(self._look(found), cursor=last.cursor)
                found.append(version)
            if page.cursor is None:
                return LibraryPage(self._look(found))
            position = _SearchPosition(page.cursor)
        return LibraryPage(self._look(found), cursor=position.cursor)

    def _search_published(
        self, text: str, below: str, position: "_SearchPosition", limit: int
    ) -> LibraryPage:
        page = self._store.walk_keys(
            below, cursor=position.page, limit=PAGE, wanted=lambda k: not is_folder(k)
        )
        left = [version for version in page.keys if version.key > position.after]
        found: list[KeptNotebook] = []
        for begin in range(0, len(left), TITLES):
            for known in self._look(left[begin : begin + TITLES]):
                if text not in f"{known.path}\n{known.title}".casefold():
                    continue
                if len(found) == limit:
                    last = _SearchPosition(position.page, self._key(found[-1].path))
                    return LibraryPage(tuple(found), cursor=last.cursor)
                found.append(known)
        following = _SearchPosition(page.cursor).cursor if page.cursor else None
        return LibraryPage(tuple(found), cursor=following)

    def whereabouts(self, newest: Version) -> KeptNotebook:
        """Return where a notebook is, by the newest version at its path.

        One request to the server, and if the file is gone, one or two to the store. It
        never raises: `here` is None if it is not known where the notebook is.
        """
        path = self._path(newest.key)
        here = self._presence.has(path) if self._presence else None
        moved_to: str | None = ""
        if here is False:
            try:
                moved_to = self._moves.to(newest)
            except BookstoreError:
                moved_to = None
        if moved_to is None:
            here, moved_to = None, ""
        return KeptNotebook(path, newest.size, newest.saved_at, here, moved_to)

    def look_up(self, versions: Sequence[Version]) -> tuple[KeptNotebook, ...]:
        """Return what is known of the notebooks with these newest versions."""
        return self._look(versions)

    def recent(
        self, scans: LatestScans, *, limit: int = 20, most: int | None = None
    ) -> LibraryPage:
        """Return the notebooks saved last, newest first, as of at most 10 s ago.

        At most `most` keys are scanned for them.
        """
        known = scans.below(self._folder, store=self._store, most=most)
        return LibraryPage(
            self._look(known.versions[:limit]), truncated=known.truncated
        )

    def _key(self, path: str) -> str:
        return self._folder + path

    def _path(self, key: str) -> str:
        return key.removeprefix(self._folder)

    def _look(self, versions: Sequence[Version]) -> tuple[KeptNotebook, ...]:
        if self._publications is not None:
            found = self._publications.look_up(
                versions, store=self._store, describe=self._describe
            )
            return tuple(self._published(version) for version in found)
        kept = [
            KeptNotebook(self._path(known.key), known.size, known.stored_at)
            for known in versions
        ]
        if self._presence is None or not kept:
            return tuple(kept)
        here = self._presence.find([notebook.path for notebook in kept])
        gone = [found for found in versions if here[self._path(found.key)] is False]
        moved = {self._path(key): to for key, to in self._moves.of(gone).items()}
        here |= dict.fromkeys(path for path, to in moved.items() if to is None)
        left = [found for found in gone if moved[self._path(found.key)] == ""]
        results = self._results.among(left) if self._results else frozenset()
        return tuple(
            replace(
                known,
                here=here[known.path],
                moved_to=moved.get(known.path) or "",
                is_result=self._key(known.path) in results,
            )
            for known in kept
        )

    def _published(self, version: Version) -> KeptNotebook:
        known = version.metadata
        return KeptNotebook(
            self._path(version.key),
            version.size,
            version.stored_at,
            author=shown(known.author) if known else "",
            title=shown(known.title) if known else "",
            note=shown(known.note) if known else "",
            version_id=version.version_id,
        )


def _folder(path: str) -> str:
    return check_path(path, what="prefix") if path.strip(DELIMITER) else ""


@dataclass(frozen=True)
class _SearchPosition:
    """A position in a search: a cursor of the store, and a key after it."""

    page: str | None = None
    after: str = ""

    @classmethod
    def of(cls, position: Any) -> "_SearchPosition":
        page, after = position
        if not isinstance(page, str | None) or not isinstance(after, str):
            raise TypeError
        return cls(page, after)

    @property
    def cursor(self) -> str:
        return encode_cursor("search", [self.page, self.after])
