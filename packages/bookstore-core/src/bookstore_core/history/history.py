"""History: a notebook's versions page by page, found by any of their names, and read.

A page costs one listing of versions for each path on it, a HEAD for each row, and one
listing of labels with a request for each labelled row; these go out side by side.
"""

import re
from dataclasses import replace
from datetime import datetime

from bookstore_core.errors import NotFoundError, VersionNotFoundError
from bookstore_core.history.label_search import Search
from bookstore_core.history.positions import Position, decode_place
from bookstore_core.history.rows import HistoryPage, HistoryRow
from bookstore_core.history.shelves import WORKSPACE, Shelf
from bookstore_core.history.thread import Thread
from bookstore_core.paths import check_path, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore

#: The most rows of a page.
MAX_LIMIT = 1000

#: The most listings for one page; where they give few rows, its cursor goes on.
MAX_STEPS = 20

#: How many of the newest versions are looked at for older paths of a notebook, when a
#: name is not found among the versions of the path that was asked for.
FAR = 2000

_INDEX = re.compile(r"@([0-9]{1,9})")


class History:
    """The histories of the notebooks on one shelf. Safe to use from several threads.

    `path` in each method is that of a notebook, relative to its server's root. Errors:
    InvalidRequestError for what cannot be a path, NotFoundError where the store has no
    version of it, VersionNotFoundError for a version that is not there, also when it
    was listed before; and those of the store.
    """

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        *,
        shelf: Shelf = WORKSPACE,
    ) -> None:
        self._store = store
        self._settings = settings
        self._thread = Thread(store, settings, shelf)

    def page(
        self, path: str, *, cursor: str | None = None, limit: int = 50, q: str = ""
    ) -> HistoryPage:
        """Return up to `limit` rows, newest first, with their labels.

        With `q` only versions whose label has it in its name or comment, whatever the
        case; such a page may have no rows and a cursor. A version that a lifecycle rule
        removes meanwhile is left out.
        """
        path = check_path(path)
        self._thread.key(path)
        limit = max(1, min(limit, MAX_LIMIT))
        place = Position(path) if cursor is None else decode_place(path, cursor)
        if q:
            return self._search(path, place, limit=limit, q=q)
        return self._page(path, place, limit=limit, first=cursor is None)

    def _page(
        self, path: str, start: Position, *, limit: int, first: bool
    ) -> HistoryPage:
        place: Position | None = start
        rows: list[HistoryRow] = []
        earlier: Position | None = None
        crossed = False
        for _ in range(MAX_STEPS):
            if place is None or len(rows) == limit:
                break
            step = self._thread.step(place, limit - len(rows))
            rows += step.rows
            if place.path == path:
                # Coming back to it, the thread goes through those versions itself.
                earlier = None if crossed else step.beyond
            place = step.following
            crossed = crossed or (place is not None and place.path != path)
        if first and not rows and place is None:
            raise self._no_versions(path)
        return HistoryPage(
            self._thread.with_labels(rows),
            place.encode(path) if place else None,
            earlier.encode(path) if earlier else None,
        )

    def _search(self, path: str, place: Position, *, limit: int, q: str) -> HistoryPage:
        found = Search(self._thread, q).page(place, limit)
        if not found.rows and place == Position(path):
            self._newest_id(path)
        following = found.following
        return HistoryPage(found.rows, following.encode(path) if following else None)

    def find(self, path: str, name: str = "") -> HistoryRow:
        """Return the row that `name` means, with its label.

        It is the id of a version; a label; ``@0`` or nothing for the newest, ``@1`` for
        the one before, and so on, where delete markers do not count. Older paths of a
        notebook are gone through too.
        """
        path = check_path(path)
        self._thread.key(path)
        index = _INDEX.fullmatch(name or "@0")
        row = self._at_index(path, int(index[1])) if index else self._named(path, name)
        return self._thread.with_labels([row])[0]

    def at(self, path: str, moment: datetime) -> HistoryRow:
        """Return the version, with its label, that was the newest at a moment."""
        path = check_path(path)
        self._thread.key(path)
        oldest: HistoryRow | None = None
        for row in self._thread.rows(path):
            if row.version.deleted:
                continue
            if row.saved_at <= moment:
                return self._thread.with_labels([row])[0]
            oldest = row
        if oldest is None:
            raise self._no_versions(path)
        local = oldest.saved_at.astimezone(moment.tzinfo)
        raise VersionNotFoundError(
            f"{printable(path)} has no version that is so old. The oldest one was "
            f"saved on {local:%Y-%m-%d at %H:%M:%S}."
        )

    def read(self, path: str, version_id: str) -> tuple[HistoryRow, bytes]:
        """Return a version's row and its content, checked against its sha256.

        Raises TooLargeError over the setting `max_notebook_size`.
        """
        path = check_path(path)
        key = self._thread.key(path)
        try:
            with self._store.open(key, version_id) as opened:
                data = opened.read(self._settings.max_notebook_size)
        except VersionNotFoundError:
            raise gone(path, version_id) from None
        row = HistoryRow(path, opened.version)
        return self._thread.with_labels([row])[0], data

    def _at_index(self, path: str, index: int) -> HistoryRow:
        count = 0
        for row in self._thread.rows(path, look=min(index + 1, MAX_LIMIT)):
            if row.version.deleted:
                continue
            if count == index:
                return row
            count += 1
        if not count:
            raise self._no_versions(path)
        there = "one version" if count == 1 else f"{count} versions"
        raise VersionNotFoundError(
            f"{printable(path)} has {there}, so that there is no @{index}. The newest "
            "is @0."
        )

    def _named(self, path: str, name: str) -> HistoryRow:
        for older in self._thread.paths(path, most=FAR):
            row = self._by_id(older, name) or self._by_label(older, name)
            if row is not None:
                return row
        self._newest_id(path)
        raise gone(path, name)

    def _by_id(self, path: str, version_id: str) -> HistoryRow | None:
        key = self._thread.key(path)
        try:
            version = self._store.head(key, version_id)
        except NotFoundError:
            return None
        latest = self._newest_id(path) == version_id
        return HistoryRow(path, replace(version, is_latest=latest))

    def _by_label(self, path: str, name: str) -> HistoryRow | None:
        rows = self._thread.labelled(path, lambda label: label.name == name.strip(" "))
        return rows[0] if rows else None

    def _newest_id(self, path: str) -> str:
        listed = self._store.list_versions(self._thread.key(path), limit=1)
        if not listed.versions:
            raise self._no_versions(path)
        return listed.versions[0].version_id

    def _no_versions(self, path: str) -> NotFoundError:
        return NotFoundError(
            f"There are no versions of {printable(path)} in {self._store.location}. "
            "The path is relative to the notebook server's root directory, and a "
            "notebook has versions from the first save that is archived."
        )


def gone(path: str, name: str) -> VersionNotFoundError:
    """Return the error for a version that is not in the store, or no longer."""
    return VersionNotFoundError(
        f"The store has no version or label '{printable(name)}' of {printable(path)}. "
        "If there was one, a lifecycle rule or somebody has removed it."
    )


def read_version(history: History, path: str, name: str) -> tuple[HistoryRow, bytes]:
    """Return the version that a name means, with its label, and its content.

    Raises what `History.find` and `History.read` raise.
    """
    row = history.find(path, name)
    _, data = history.read(row.path, row.version.version_id)
    return row, data
