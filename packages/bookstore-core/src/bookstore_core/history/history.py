"""History: list a notebook's versions page by page, find one by any name, read it.

A page costs one listing of versions for each path on it, a HEAD for each row, and one
listing of labels with a request for each labelled row. The requests for rows and labels
are sent in parallel. A version far back is found by listings alone (`skim.py`).
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from bookstore_core.errors import (
    BookstoreError,
    NotFoundError,
    VersionNotFoundError,
)
from bookstore_core.history.activity import Listed, activity_of
from bookstore_core.history.finder import Finder
from bookstore_core.history.label_search import Search
from bookstore_core.history.positions import Position, decode_position
from bookstore_core.history.removals import LINKS, say_removal
from bookstore_core.history.rows import Activity, HistoryPage, HistoryRow
from bookstore_core.history.shelves import PUBLISHED, WORKSPACE, Shelf
from bookstore_core.history.thread import MAX_ROWS, Memo, Thread
from bookstore_core.paths import check_path, printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import OpenVersion

#: The most rows on a page.
MAX_LIMIT = 1000

#: The most listings for one page. If they give few rows, its cursor continues.
MAX_STEPS = 20

#: The most rows that are requested at once to find a version before another.
MOST_LOOKED = 50

_INDEX = re.compile(r"@([0-9]{1,9})")

#: Returns the version of a path with this id, and its content if that is requested.
Look = Callable[[str, str], tuple[HistoryRow, bytes | None]]


class History:
    """The histories of the notebooks on one shelf. Safe to use from several threads.

    `path` in each method is a notebook's path, relative to its server's root. Each
    method raises InvalidRequestError for an invalid path, NotFoundError if the store
    has no version of the notebook, VersionNotFoundError for a version that is not in
    the store, even if it was listed before, and the errors of the store.
    """

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        *,
        shelf: Shelf = WORKSPACE,
        memo: Memo | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._shelf = shelf
        self._thread = Thread(store, settings, shelf, memo=memo)

    def page(
        self,
        path: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        q: str = "",
        look: int = 0,
    ) -> HistoryPage:
        """Return up to `limit` rows, newest first, with their labels.

        With `q`, return only versions whose label contains it in its name or comment,
        ignoring case; such a page may have no rows and a cursor. With `look`, the
        page's listings are of so many versions, and give its activity. A version that
        a lifecycle rule removes meanwhile is left out.
        """
        path = check_path(path)
        self._thread.key(path)
        limit = max(1, min(limit, MAX_LIMIT))
        position = Position(path) if cursor is None else decode_position(path, cursor)
        if q:
            return self._search(path, position, limit=limit, q=q)
        return self._page(path, position, limit=limit, first=cursor is None, look=look)

    def _page(
        self, path: str, start: Position, *, limit: int, first: bool, look: int
    ) -> HistoryPage:
        position: Position | None = start
        rows: list[HistoryRow] = []
        earlier: Position | None = None
        crossed = False
        listed: list[Listed] = []
        for _ in range(MAX_STEPS):
            if position is None or len(rows) == limit:
                break
            step = self._thread.step(position, limit - len(rows), look=look)
            rows += step.rows
            listed += [step.listed] if step.listed else []
            if position.path == path:
                # A thread that comes back to this path shows those versions itself.
                earlier = None if crossed else step.beyond
            position = step.following
            crossed = crossed or (position is not None and position.path != path)
        if first and not rows and position is None:
            raise self._no_versions(path)
        return HistoryPage(
            self._thread.with_labels(rows),
            position.encode(path) if position else None,
            earlier.encode(path) if earlier else None,
            activity_of(path, listed, whole=position is None) if look else Activity(),
        )

    def _search(
        self, path: str, position: Position, *, limit: int, q: str
    ) -> HistoryPage:
        found = Search(self._thread, q).page(position, limit)
        if not found.rows and position == Position(path):
            self._newest_id(path)
        following = found.following
        return HistoryPage(found.rows, following.encode(path) if following else None)

    def find(self, path: str, name: str = "") -> HistoryRow:
        """Return the row that `name` refers to, with its label.

        `name` is a version id, a label, or ``@0`` (or empty) for the newest version,
        ``@1`` for the previous one, and so on; delete markers do not count. But an
        empty name finds nothing of a notebook that was unpublished. Older paths of the
        notebook are searched too.
        """
        row, _ = self._look_up(path, name, self._head)
        return self._completed(row, name)

    def locate(self, path: str, name: str = "") -> HistoryRow:
        """Return the row that `name` refers to, as `read` does, without its content."""
        return self._look_up(path, name, self._head)[0]

    def open(self, path: str, name: str = "") -> tuple[HistoryRow, bytes]:
        """Return the row that `name` refers to, as `find` does, and its content.

        Raises what `find` and `read` raise.
        """
        row, data = self.read(path, name)
        return self._completed(row, name), data

    def read(
        self, path: str, name: str = "", *, unlimited: bool = False
    ) -> tuple[HistoryRow, bytes]:
        """Return the row that `name` refers to, and its content, checked by its sha256.

        A version id takes one request; the row then has no label, and does not record
        whether it is the newest. Raises TooLargeError for a content over the setting
        `max_notebook_size`, unless it is to be `unlimited`.
        """
        fetch = partial(self._fetch, unlimited=unlimited)
        row, data = self._look_up(path, name, fetch)
        if data is None:
            try:
                _, data = fetch(row.path, row.version.version_id)
            except NotFoundError:
                raise gone(path, name or "@0") from None
        return row, data

    def stream(self, path: str, name: str = "") -> tuple[HistoryRow, OpenVersion]:
        """Return the row that `name` refers to, and its content, open for reading.

        The row is as in `read`. There is no limit of size. The caller closes the
        content.
        """
        row, _ = self._look_up(path, name, self._head)
        key, version_id = self._thread.key(row.path), row.version.version_id
        try:
            return row, self._store.open(key, version_id)
        except NotFoundError:
            raise gone(path, name or "@0") from None

    def with_content(
        self, path: str, sha256: str, *, most: int, unlimited: bool = False
    ) -> tuple[HistoryRow, bytes] | None:
        """Return the newest version whose content has this sha256, and the content.

        Of the newest `most` versions, those whose metadata has this sha256 are read.
        One that has another content, or cannot be read, is passed over; its error is
        raised if there is no other. None if no metadata has it.
        """
        failure: BookstoreError | None = None
        for row in self.having(path, sha256, most=most):
            try:
                found = row.version.version_id
                return self.read(row.path, found, unlimited=unlimited)
            except BookstoreError as error:
                if error.retryable:
                    raise
                failure = failure or error
        if failure is not None:
            raise failure
        return None

    def having(self, path: str, sha256: str, *, most: int) -> list[HistoryRow]:
        """Return those of the newest `most` versions whose metadata has this sha256.

        Newest first. Their contents may have another one.
        """
        found = []
        for row in self.page(path, limit=most).rows:
            metadata = row.version.metadata
            if metadata is not None and metadata.sha256 == sha256:
                found.append(row)
        return found

    def at(self, path: str, moment: datetime) -> HistoryRow:
        """Return the version, with its label, that was the newest at a moment."""
        path = check_path(path)
        self._thread.key(path)
        finder = Finder(self._thread, path)
        row = finder.at(moment)
        if row is not None:
            return self._thread.with_labels([row])[0]
        oldest = finder.oldest
        if oldest is None:
            raise self._no_versions(path)
        local = oldest.saved_at.astimezone(moment.tzinfo)
        raise VersionNotFoundError(
            f"{printable(path)} has no version that old. Its oldest version was saved "
            f"on {local:%Y-%m-%d at %H:%M:%S}."
        )

    def before(self, row: HistoryRow, *, differing: bool = False) -> HistoryRow | None:
        """Return the version before this one, without its label, or None.

        Delete markers do not count; if `differing`, neither do versions with the same
        sha256. Raises VersionNotFoundError if the given version is no longer in the
        store, or too many before it do not count.
        """
        position = Finder(self._thread, row.path).after(row)
        if position is None:
            raise gone(row.path, row.version.version_id)
        following: Position | None = position
        look, looked = 1, 0
        while following is not None and looked < MAX_LIMIT:
            step = self._thread.step(following, look)
            for found in step.rows:
                same = differing and found.has_content_of(row)
                if not found.version.deleted and not same:
                    return found
            looked += len(step.rows)
            following, look = step.following, min(look * 2, MOST_LOOKED)
        if following is not None:
            raise VersionNotFoundError(
                f"None of the {looked} versions of {printable(row.path)} before "
                f"{row.version.version_id} is another one."
            )
        return None

    def has_older(self, row: HistoryRow) -> bool:
        """Return whether versions may be before this one; it takes one short listing.

        Those of an earlier notebook at the path count, too: `before` is exact.
        """
        if row.moved_from:
            return True
        key, store = self._thread.key(row.path), self._store
        after = store.cursor_after(row.version.version_id)
        return bool(store.list_versions(key, cursor=after, limit=1).versions)

    def _look_up(
        self, path: str, name: str, look: Look
    ) -> tuple[HistoryRow, bytes | None]:
        path = check_path(path)
        self._thread.key(path)
        index = _INDEX.fullmatch(name or "@0")
        if index:
            on_shelf = not name and self._shelf == PUBLISHED
            return self._at_index(path, int(index[1]), look, on_shelf=on_shelf)
        finder = Finder(self._thread, path)
        for start in finder.starts():
            try:
                return look(start.path, name)
            except NotFoundError:
                row = finder.by_label(start, name)
            if row is not None:
                return row, None
        if not finder.has_versions:
            raise self._no_versions(path)
        raise gone(path, name)

    def _head(self, path: str, version_id: str) -> tuple[HistoryRow, None]:
        version = self._store.head(self._thread.key(path), version_id)
        return HistoryRow(path, version), None

    def _fetch(
        self, path: str, version_id: str, *, unlimited: bool
    ) -> tuple[HistoryRow, bytes]:
        """Return a version by its id, with its content, in one request."""
        limit = None if unlimited else self._settings.max_notebook_size
        with self._store.open(self._thread.key(path), version_id) as opened:
            data = opened.read(limit)
        return HistoryRow(path, opened.version), data

    def _completed(self, row: HistoryRow, name: str) -> HistoryRow:
        """Return a row with its label, and whether it is the newest."""
        row = row if row.label else self._thread.with_labels([row])[0]
        if row.version.version_id != name:
            return row
        # A label may change the time that a HEAD returns, but not the listed one.
        most = MAX_ROWS if row.label else 1
        listed = self._store.list_versions(self._thread.key(row.path), limit=most)
        known = {version.version_id: version for version in listed.versions}
        latest = [version.version_id for version in listed.versions][:1] == [name]
        stored_at = known[name].stored_at if name in known else row.version.stored_at
        version = replace(row.version, is_latest=latest, stored_at=stored_at)
        return replace(row, version=version)

    def _at_index(
        self, path: str, index: int, look: Look, *, on_shelf: bool
    ) -> tuple[HistoryRow, bytes | None]:
        """Return a version by its position; with `on_shelf`, only if it is there."""
        contents: dict[tuple[str, str], bytes | None] = {}

        def look_at(row: HistoryRow) -> HistoryRow | None:
            version = row.version
            try:
                found, data = look(row.path, version.version_id)
            except BookstoreError as error:
                if error.retryable:
                    raise
                return self._thread.look(row.path, version)
            contents[row.path, version.version_id] = data
            known = found.version
            return HistoryRow(
                row.path,
                replace(version, metadata=known.metadata, announces=known.announces),
            )

        finder = Finder(self._thread, path)
        row, count = finder.at_index(index, look_at)
        if on_shelf and (deletion := finder.deletion) is not None:
            raise NotFoundError(f"{say_removal(path, deletion.version)} {LINKS}")
        if row is not None:
            return row, contents.get((row.path, row.version.version_id))
        if not count:
            raise self._no_versions(path)
        known = "one version" if count == 1 else f"{count} versions"
        raise VersionNotFoundError(
            f"{printable(path)} has {known}, so there is no @{index}. The newest is @0."
        )

    def _newest_id(self, path: str) -> str:
        listed = self._store.list_versions(self._thread.key(path), limit=1)
        if not listed.versions:
            raise self._no_versions(path)
        return listed.versions[0].version_id

    def _no_versions(self, path: str) -> NotFoundError:
        return NotFoundError(
            f"There are no versions of {printable(path)} in {self._store.location}. "
            "Give the path relative to the notebook server's root directory. The first "
            "archived save of a notebook makes its first version."
        )


def gone(path: str, name: str) -> VersionNotFoundError:
    """Return the error for a version that is not, or no longer, in the store."""
    return VersionNotFoundError(
        f"The store has no version or label '{printable(name)}' of {printable(path)}. "
        "If there was one, a lifecycle rule or somebody has removed it."
    )
