"""The library: which notebooks a shelf keeps, and which of them the caller has now.

A folder costs one listing of the store and one of the caller's server; notes on moved
notebooks are looked for where some are not there any more. A search, and what was saved
of late, scan a bounded number of keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bookstore_core.cursors import encode_cursor, read_cursor
from bookstore_core.errors import BookstoreError, NotFoundError
from bookstore_core.moved_notes import MAX_NOTE, note_key, read_note
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import DELIMITER, check_path, s3_key
from bookstore_core.stores import Version, VersionStore
from bookstore_web.library.latest import LatestScans, is_folder
from bookstore_web.library.presence import Presence

#: Keys asked for at once: with one more, which stores ask for, what S3 gives at most.
PAGE = 999
#: Keys that one request of a search looks at.
SCAN = 5 * PAGE
#: Requests to the store that go out side by side.
THREADS = 8


@dataclass(frozen=True)
class KeptNotebook:
    """A notebook of which a shelf has versions.

    `size` (bytes) and `saved_at` are those of the newest. `here` says whether the
    caller's server has a file at `path`; None where that is not known. One that is not
    there may have been renamed: then `moved_to` is its new path.
    """

    path: str
    size: int
    saved_at: datetime
    here: bool | None = None
    moved_to: str = ""


@dataclass(frozen=True)
class LibraryPage:
    """Notebooks, and the paths of the folders beside them; `cursor` goes on.

    It is `truncated` where there are more notebooks than are looked at.
    """

    notebooks: tuple[KeptNotebook, ...]
    folders: tuple[str, ...] = ()
    cursor: str | None = None
    truncated: bool = False


class Library:
    """The notebooks of one shelf: those below `prefix` in the store.

    With a `presence`, each is looked for on the caller's server.
    """

    def __init__(
        self, store: VersionStore, prefix: str, *, presence: Presence | None = None
    ) -> None:
        self._store = store
        self._prefix = prefix.strip(DELIMITER)
        self._presence = presence

    def folder(
        self, path: str = "", *, cursor: str | None = None, limit: int = 200
    ) -> LibraryPage:
        """Return the notebooks and folders in one folder, in order of the alphabet.

        Raises NotFoundError for a folder, other than the top one, that has nothing.
        """
        folder = _folder(path)
        below = self._key(folder)
        page = self._store.list_keys(below, cursor=cursor, limit=limit)
        if folder and not cursor and not (page.keys or page.folders):
            raise NotFoundError(
                f"There is no notebook in {folder!r} on this shelf. Look at the folder "
                "above it, or search for its name."
            )
        return LibraryPage(
            self._look(page.keys),
            tuple(self._path(found.rstrip(DELIMITER)) for found in page.folders),
            page.cursor,
        )

    def search(
        self, q: str, path: str = "", *, cursor: str | None = None, limit: int = 50
    ) -> LibraryPage:
        """Return notebooks below a folder whose path contains `q`, in any case.

        A page may hold few or none while there is more: one looks at some 5,000 keys.
        """
        wanted = q.casefold()
        place = _SearchPosition()
        if cursor:
            place = read_cursor("search", cursor, _SearchPosition.of)
        below = self._key(_folder(path))
        found: list[Version] = []
        for _ in range(SCAN // PAGE):
            page = self._store.walk_keys(below, cursor=place.page, limit=PAGE)
            for version in page.keys:
                if version.key <= place.after or is_folder(version.key):
                    continue
                if wanted not in self._path(version.key).casefold():
                    continue
                if len(found) == limit:
                    here = _SearchPosition(place.page, found[-1].key)
                    return LibraryPage(self._look(found), cursor=here.cursor)
                found.append(version)
            if page.cursor is None:
                return LibraryPage(self._look(found))
            place = _SearchPosition(page.cursor)
        return LibraryPage(self._look(found), cursor=place.cursor)

    def recent(self, scans: LatestScans, *, limit: int = 20) -> LibraryPage:
        """Return the notebooks saved last, newest first, as of some seconds ago."""
        known = scans.below(self._prefix, store=self._store)
        return LibraryPage(
            self._look(known.versions[:limit]), truncated=known.truncated
        )

    def _key(self, path: str) -> str:
        return s3_key(self._prefix, path)

    def _path(self, key: str) -> str:
        return key.removeprefix(f"{self._prefix}/") if self._prefix else key

    def _look(self, versions: Sequence[Version]) -> tuple[KeptNotebook, ...]:
        kept = [
            KeptNotebook(self._path(known.key), known.size, known.stored_at)
            for known in versions
        ]
        if self._presence is None or not kept:
            return tuple(kept)
        here = self._presence.find([notebook.path for notebook in kept])
        gone = [found for found in versions if here[self._path(found.key)] is False]
        new_paths = in_parallel(self._moved_to, gone, threads=THREADS)
        moved = {self._path(v.key): to for v, to in zip(gone, new_paths, strict=True)}
        return tuple(
            replace(known, here=here[known.path], moved_to=moved.get(known.path, ""))
            for known in kept
        )

    def _moved_to(self, newest: Version) -> str:
        try:
            with self._store.open(note_key(newest.key)) as note:
                if self._is_since(newest, note.version):
                    return ""
                return read_note(note.read(MAX_NOTE))
        except BookstoreError:
            return ""  # no note, or one that cannot be read, shows nothing

    def _is_since(self, newest: Version, note: Version) -> bool:
        """Say whether a notebook's newest version was saved since it was moved away.

        Then it is that of another one, which came to the path.
        """
        if newest.stored_at <= note.stored_at:
            return False
        # The note may have overtaken the last save on its way to the store.
        return _saved_at(self._store.head(newest.key)) > _saved_at(note)


def _saved_at(version: Version) -> datetime:
    return version.metadata.saved_at if version.metadata else version.stored_at


def _folder(path: str) -> str:
    return check_path(path, what="prefix") if path.strip(DELIMITER) else ""


@dataclass(frozen=True)
class _SearchPosition:
    """Where a search goes on: at a page of the store's, behind a key of it."""

    page: str | None = None
    after: str = ""

    @classmethod
    def of(cls, place: Any) -> "_SearchPosition":
        page, after = place
        if not isinstance(page, str | None) or not isinstance(after, str):
            raise TypeError
        return cls(page, after)

    @property
    def cursor(self) -> str:
        return encode_cursor("search", [self.page, self.after])
