"""Thread: the versions of a notebook in order, under all its paths.

A seam is the first version after a notebook was renamed or moved; it records the
previous path. The versions of the previous path that were stored before the seam belong
to the thread: the uploader sends them first.
"""

import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import Protocol

from bookstore_core.errors import (
    BookstoreError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
)
from bookstore_core.history.activity import Listed
from bookstore_core.history.departures import Notes
from bookstore_core.history.positions import Position
from bookstore_core.history.removals import Removals
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.shelves import PUBLISHED, Shelf
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.s3.listings import OVERWRITABLE
from bookstore_core.stores.versions import Label, Version

#: The most rows that a store lists at once.
MAX_ROWS = 1000

#: The most renames within one second, the precision of S3, that are followed.
MAX_LEFT = 20

#: The most versions of the next notebook at a path that are skipped.
MAX_SKIPPED = 50

#: Rows that a search requests first; each further request doubles, up to MAX_LOOK.
FIRST_LOOK = 50
MAX_LOOK = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """Rows of one listing of one path, and where the thread continues.

    At a seam, `beyond` is the position of the older versions of this path, which belong
    to an earlier notebook. `listed` are the rows and what was listed after them, as far
    as it belongs to the notebook.
    """

    rows: tuple[HistoryRow, ...]
    following: Position | None
    beyond: Position | None = None
    listed: Listed | None = None


class Memo(Protocol):
    """Where versions with their metadata are kept, by bucket, key and id."""

    def get(self, key: Hashable) -> Version | None: ...

    def put(self, key: Hashable, value: Version) -> None: ...


class Thread:
    """Follows notebooks on one shelf of a store. Safe to use from several threads.

    With a `memo`, listed versions that were described before cost no request: their
    metadata does not change.
    """

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        shelf: Shelf,
        *,
        memo: Memo | None = None,
    ) -> None:
        self.store = store
        self.threads = settings.max_threads
        self._settings = settings
        self._shelf = shelf
        self._memo = memo

    def key(self, path: str) -> str:
        """Return the key of a path; raises InvalidRequestError for an invalid one."""
        return self._shelf.key(self._settings, path)

    def step(
        self,
        position: Position,
        limit: int,
        *,
        look: int = 0,
    ) -> Step:
        """Return up to `limit` rows at a position, without labels.

        It sends one listing, of at least `look` versions, then a HEAD for each row, in
        parallel. The step may have no rows even if more follow.
        """
        newer_first = position.cursor is None and bool(position.upto or position.at)
        listed = self.store.list_versions(
            self.key(position.path),
            cursor=position.cursor,
            limit=MAX_ROWS if newer_first else min(max(limit, look), MAX_ROWS),
        )
        kept = position.select(listed.versions)
        chosen = kept[:limit]
        following = None
        if len(chosen) < len(kept):
            following = position.after(chosen[-1])
        elif listed.cursor:
            at = "" if kept else position.at
            following = replace(position, cursor=listed.cursor, at=at)
        described = self.describe(position.path, chosen)
        rows = tuple(row for row in described if position.includes(row.version))
        if rows and position.seam_at and rows[0].saved_at > position.seam_at:
            skipped = self._skip_next_notebook(position, kept)
            if skipped is not None:
                return self.step(skipped, limit, look=look)
        position = self._judged(position, rows)
        following = following and replace(
            following, since=position.since, newest_at=position.newest_at
        )
        return self._cut(position, rows, kept, following)

    def _cut(
        self,
        position: Position,
        rows: tuple[HistoryRow, ...],
        kept: Sequence[Version],
        following: Position | None,
    ) -> Step:
        """Return the step of those rows that belong to the notebook on this path."""
        own = tuple(takewhile(lambda row: self._is_own(position, row), rows))
        for index, row in enumerate(own):
            if self.is_seam(row):
                older = kept[-1].version_id != row.version.version_id
                beyond: Position | None = position.beyond(row.version)
                if not older and not self._has_rows(following):
                    beyond = None
                until_seam = own[: index + 1]
                listed = Listed(position, until_seam)
                return Step(until_seam, self.cross(position, row), beyond, listed)
        if len(own) < len(rows):
            last = own[-1].version if own else None
            return Step(own, None, position.beyond(last), Listed(position, own))
        since = position.since
        known = {row.version.version_id for row in rows}
        older_ones = tuple(
            version
            for version in kept
            if version.version_id not in known
            and (since is None or version.stored_at > since)
        )
        return Step(own, following, listed=Listed(position, own, older_ones))

    def _skip_next_notebook(
        self, position: Position, kept: Sequence[Version]
    ) -> Position | None:
        """Return the position after versions that were saved after the seam.

        They belong to the next notebook at the path, whose first saves may be stored
        before the seam. None if no version was saved before it: then the clock of the
        server was changed, and saying more is not possible.
        """
        for row in self.describe(position.path, kept[:MAX_SKIPPED]):
            if position.seam_at and row.saved_at <= position.seam_at:
                index = [v.version_id for v in kept].index(row.version.version_id)
                if index == 0:
                    return None
                after = position.after(kept[index - 1])
                return replace(after, seam_at=position.seam_at)
        return None

    def _judged(self, position: Position, rows: Sequence[HistoryRow]) -> Position:
        """Return a position that knows since when its notebook has had its path.

        That is asked for only if there are rows to judge: the first one on a path that
        was not reached by a rename belongs to the notebook.
        """
        if position.since is not None or not rows:
            return position
        first = position.newest_at is None and position.seam_at is None
        newest_at = position.newest_at or rows[0].saved_at
        position = replace(position, newest_at=newest_at)
        if first and len(rows) == 1:
            return position
        moment = position.seam_at or newest_at
        key = self.key(position.path)
        notes = Notes(self.store, key)
        return replace(position, since=notes.last_departure(lambda: moment))

    def _is_own(self, position: Position, row: HistoryRow) -> bool:
        return position.since is None or row.saved_at > position.since

    def describe(
        self, path: str, versions: Sequence[Version]
    ) -> tuple[HistoryRow, ...]:
        """Return the rows of these versions, with their metadata from the store.

        A version that is gone is left out. One that may not be read has no metadata.
        Raises StorageError if none is there although the store lists them.
        """

        look = partial(self.look, path)
        key = self.key(path)
        asked = [each for each in versions if self._known(key, each) is None]
        # Threads are for requests: what is known takes none.
        answers = iter(in_parallel(look, asked, threads=self.threads))
        waits = {id(version) for version in asked}
        found = [
            next(answers) if id(each) in waits else look(each) for each in versions
        ]
        rows = tuple(row for row in found if row is not None)
        if versions and not rows:
            self._refuse_listed(self.key(path), versions)
        return rows

    def _removal(self, marker: Version) -> Version:
        """Return a deletion; on the published shelf with who did it, if recorded."""
        if self._shelf != PUBLISHED:
            return marker
        return Removals(self.store, self._settings).described(marker)

    def look(self, path: str, version: Version) -> HistoryRow | None:
        """Return the row of a listed version, with its metadata; None if it is gone.

        One that may not be read has no metadata.
        """
        if version.deleted:
            return HistoryRow(path, self._removal(version))
        try:
            found = self._head(self.key(path), version)
        except NotFoundError:
            return None  # a lifecycle rule has removed it since it was listed
        except BookstoreError as error:
            if error.retryable:
                raise
            return HistoryRow(path, version)
        described = replace(version, metadata=found.metadata, announces=found.announces)
        return HistoryRow(path, described)

    def _head(self, key: str, version: Version) -> Version:
        if (known := self._known(key, version)) is not None:
            return known
        found = self.store.head(key, version.version_id)
        if self._memo is not None and version.version_id != OVERWRITABLE:
            self._memo.put((version.bucket, key, version.version_id), found)
        return found

    def _known(self, key: str, version: Version) -> Version | None:
        """Return a version with its metadata if that was read before, or None."""
        if self._memo is None or version.version_id == OVERWRITABLE:
            return None
        return self._memo.get((version.bucket, key, version.version_id))

    def _refuse_listed(self, key: str, gone: Sequence[Version]) -> None:
        """Raise StorageError if the store still lists versions that are not there."""
        ids = {version.version_id for version in gone}
        listed = self.store.list_versions(key, limit=1).versions
        if listed and listed[0].version_id in ids:
            raise StorageError(
                f"The store lists versions of {printable(key)} but answers that there "
                "are none when they are read. Ask who runs the store; a copy of the "
                "notebook under another name can be archived."
            )

    def with_labels(self, rows: Sequence[HistoryRow]) -> tuple[HistoryRow, ...]:
        """Return the rows with their labels, or without if the store denies access."""
        wanted: dict[str, list[str]] = {}
        for row in rows:
            wanted.setdefault(row.path, []).append(row.version.version_id)
        found = {path: self._labels(path, wanted[path]) for path in wanted}
        return tuple(
            replace(row, label=found[row.path].get(row.version.version_id))
            for row in rows
        )

    def _labels(self, path: str, only: Sequence[str]) -> dict[str, Label]:
        try:
            return self.store.labels(self.key(path), only=only)
        except BookstoreError as error:
            if error.retryable:
                raise
            log.warning("The labels of %s cannot be read: %s", path, error)
            return {}

    def is_seam(self, row: HistoryRow) -> bool:
        """Return whether a row is the first one after its notebook was renamed."""
        try:
            return bool(row.moved_from) and self.key(row.moved_from) != self.key(
                row.path
            )
        except InvalidRequestError:
            return False  # not written by bookstore

    def cross(self, position: Position, seam: HistoryRow) -> Position | None:
        """Return the position of a notebook under its old path, before a seam."""
        path = seam.moved_from.strip("/")
        found = position.across(path, seam.version)
        return found if len(found.left) <= MAX_LEFT else None

    def _has_rows(self, position: Position | None) -> bool:
        if position is None:
            return False
        listed = self.store.list_versions(
            self.key(position.path), cursor=position.cursor, limit=2
        )
        return bool(position.select(listed.versions))
