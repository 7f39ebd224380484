"""Keys of a store that must be copied together, in the order in which they were stored.

The history of a renamed notebook continues with what its old path had when the first
version under the new path was stored. So a copy has to store them in that order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bookstore_core.errors import (
    BookstoreError,
    InvalidRequestError,
    NewerVersionError,
    NotFoundError,
)
from bookstore_core.history.shelves import PUBLISHED, WORKSPACE
from bookstore_core.moved_notes import is_note_key
from bookstore_core.parallel import in_parallel, in_parallel_stream
from bookstore_core.paths import DELIMITER, OWN_FOLDER, is_own, notebook_key
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.arrivals import arrivals_key
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version

#: Rows of one listing.
PAGE = 1000


def key_beside(version: Version, path: str, settings: BookstoreSettings) -> str:
    """Return the key of the notebook at `path`, as the metadata of a version names it.

    In a service, the paths of a person are below their folder, as is the version's own.
    Raises InvalidRequestError for an invalid path.
    """
    known = version.metadata.source_path if version.metadata else ""
    folder = version.key.removesuffix(DELIMITER + known)
    if known and folder != version.key:
        return notebook_key(folder, path)
    return WORKSPACE.key(settings, path)


class Source:
    """A store that is copied, and what is where in it."""

    def __init__(self, store: VersionStore, settings: BookstoreSettings) -> None:
        self.store = store
        self.settings = settings

    def keys(self) -> Iterator[str]:
        """Yield the keys of both shelves: of notebooks, and of notes about renames.

        Other records of bookstore are about ids of this store; a copy writes its own.
        """
        for key in self.store.every_key():
            if self._is_on_a_shelf(key) and (not is_own(key) or is_note_key(key)):
                yield key

    def _is_on_a_shelf(self, key: str) -> bool:
        prefixes = (shelf.prefix(self.settings) for shelf in (WORKSPACE, PUBLISHED))
        return any(key.startswith(prefix + DELIMITER) for prefix in prefixes if prefix)

    def rows(self, key: str) -> list[Version]:
        """Return the versions and marks of deletion of a key, oldest first.

        A mark that changes nothing is left out.
        """
        listed, cursor = list[Version](), None
        while True:
            page = self.store.list_versions(key, cursor=cursor, limit=PAGE)
            listed += page.versions
            cursor = page.cursor
            if cursor is None:
                break
        rows: list[Version] = []
        for row in reversed(listed):
            if not row.deleted or (rows and not rows[-1].deleted):
                rows.append(row)
        return rows

    def described(self, rows: Iterable[Version]) -> list[Version]:
        """Return rows with their metadata; without what is gone meanwhile."""

        def look(row: Version) -> Version | None:
            if row.deleted or row.metadata:
                return row
            try:
                known = self.store.head(row.key, row.version_id)
            except NotFoundError:
                return None
            except NewerVersionError:
                return row
            return replace(row, metadata=known.metadata, announces=known.announces)

        found = in_parallel(look, list(rows), threads=self.settings.max_threads)
        return [row for row in found if row is not None]

    def together(self, keys: Iterable[str]) -> list[list[str]]:
        """Return the keys in groups: those of notebooks that were renamed to others.

        The notes at a path belong to its notebook, and so do its runs.
        """
        groups: dict[str, list[str]] = {}
        there = frozenset(keys := list(keys))

        def look(key: str) -> tuple[str, list[str]]:
            return key, list(self._others(key, there))

        threads = self.settings.max_threads
        for key, others in in_parallel_stream(look, keys, threads=threads):
            group = groups.setdefault(key, [key])
            for other in others:
                joined = groups.get(other, [other])
                if joined is not group:
                    group += joined
                    groups |= dict.fromkeys(joined, group)
        distinct = {id(group): group for group in groups.values()}
        return list(distinct.values())

    def _others(self, key: str, there: frozenset[str]) -> Iterator[str]:
        if is_note_key(key):
            folder, _, name = key.rpartition(f"{OWN_FOLDER}{DELIMITER}moved{DELIMITER}")
            yield folder + name
            return
        rows = [row for row in self.rows(key) if not row.deleted]
        for oldest in self.described(rows[:1]):
            run = oldest.metadata.run if oldest.metadata else None
            if run is not None and run.of in there:
                yield run.of
            for path in self._earlier_paths(oldest, rows):
                try:
                    yield key_beside(oldest, path, self.settings)
                except InvalidRequestError:
                    continue  # not written by bookstore

    def _earlier_paths(self, oldest: Version, rows: list[Version]) -> set[str]:
        place = arrivals_key(oldest.key)
        if place is not None and oldest.announces:
            rows = self._arrivals(place)
        found = self.described(rows)
        return {row.metadata.moved_from for row in found if row.metadata} - {""}

    def _arrivals(self, place: str) -> list[Version]:
        try:
            rows = self.rows(place)
        except BookstoreError as error:
            if error.retryable:
                raise
            return []
        return [row for row in rows if row.size == 0 and not row.deleted]
