"""Thread: the versions of a notebook in order, under all its paths.

A seam is the first version after a notebook was renamed or moved; it records the
previous path. The versions of the previous path that were stored before the seam belong
to the thread: the uploader sends them first.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bookstore_core.errors import BookstoreError, InvalidRequestError, NotFoundError
from bookstore_core.history.positions import Position
from bookstore_core.history.rows import HistoryRow
from bookstore_core.history.shelves import Shelf
from bookstore_core.parallel import in_parallel
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Label, Version

#: The most rows that a store lists at once.
MAX_ROWS = 1000

#: The most renames within one second, the precision of S3, that are followed.
MAX_LEFT = 20

#: Rows that a search requests first; each further request doubles, up to MAX_LOOK.
FIRST_LOOK = 50
MAX_LOOK = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """Rows of one listing of one path, and where the thread continues.

    At a seam, `beyond` is the position of the older versions of this path, which belong
    to an earlier notebook.
    """

    rows: tuple[HistoryRow, ...]
    following: Position | None
    beyond: Position | None = None


class Thread:
    """Follows notebooks on one shelf of a store. Safe to use from several threads."""

    def __init__(
        self, store: VersionStore, settings: BookstoreSettings, shelf: Shelf
    ) -> None:
        self.store = store
        self._settings = settings
        self._shelf = shelf

    def key(self, path: str) -> str:
        """Return the key of a path; raises InvalidRequestError for an invalid one."""
        return self._shelf.key(self._settings, path)

    def step(
        self, position: Position, limit: int, *, known: HistoryRow | None = None
    ) -> Step:
        """Return up to `limit` rows at a position, without labels.

        It sends one listing, then a HEAD for each row except `known`, in parallel. The
        step may have no rows even if more follow.
        """
        newer_first = position.cursor is None and bool(position.upto or position.at)
        listed = self.store.list_versions(
            self.key(position.path),
            cursor=position.cursor,
            limit=MAX_ROWS if newer_first else min(limit, MAX_ROWS),
        )
        kept = position.select(listed.versions)
        chosen = kept[:limit]
        following = None
        if len(chosen) < len(kept):
            following = position.after(chosen[-1])
        elif listed.cursor:
            at = "" if kept else position.at
            following = replace(position, cursor=listed.cursor, at=at)
        described = self.describe(position.path, chosen, known=known)
        rows = tuple(row for row in described if position.includes(row.version))
        for index, row in enumerate(rows):
            if self._is_seam(row):
                beyond = position.after(row.version)
                older = kept[-1].version_id != row.version.version_id
                if not older and not self._has_rows(following):
                    return Step(rows[: index + 1], self._cross(position, row))
                return Step(rows[: index + 1], self._cross(position, row), beyond)
        return Step(rows, following)

    def rows(
        self, path: str, *, most: int | None = None, look: int = FIRST_LOOK
    ) -> Iterator[HistoryRow]:
        """Yield up to `most` rows of a notebook, newest first, without labels.

        The first listing requests `look` rows, and each further one twice as many.
        """
        position: Position | None = Position(path)
        left = most
        while position is not None and left != 0:
            step = self.step(position, look if left is None else min(look, left))
            yield from step.rows
            left = None if left is None else max(0, left - max(len(step.rows), 1))
            position, look = step.following, min(look * 2, MAX_LOOK)

    def paths(self, path: str, *, most: int) -> Iterator[str]:
        """Yield this path and the older ones of a notebook, newest first, each once.

        The older paths are those recorded in its newest `most` versions.
        """
        yield path
        seen = {path}
        for row in self.rows(path, most=most):
            if row.path not in seen:
                seen.add(row.path)
                yield row.path

    def describe(
        self,
        path: str,
        versions: Sequence[Version],
        *,
        known: HistoryRow | None = None,
    ) -> tuple[HistoryRow, ...]:
        """Return the rows of these versions, with their metadata from the store.

        A version that is gone is left out. One that may not be read has no metadata.
        """
        key = self.key(path)

        def look(version: Version) -> HistoryRow | None:
            if version.deleted:
                return HistoryRow(path, version)
            if known is not None and known.version.version_id == version.version_id:
                return HistoryRow(
                    path, replace(version, metadata=known.version.metadata)
                )
            try:
                found = self.store.head(key, version.version_id)
            except NotFoundError:
                return None  # a lifecycle rule has removed it since it was listed
            except BookstoreError as error:
                if error.retryable:
                    raise
                return HistoryRow(path, version)
            return HistoryRow(path, replace(version, metadata=found.metadata))

        threads = self._settings.max_threads
        rows = in_parallel(look, versions, threads=threads)
        return tuple(row for row in rows if row is not None)

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

    def labelled(self, path: str, matches: Callable[[Label], bool]) -> list[HistoryRow]:
        """Return the versions of a path whose labels match, newest first."""
        key = self.key(path)
        labels = self.store.labels(key)
        chosen = [known for known, label in labels.items() if matches(label)]
        if not chosen:
            return []
        newest = self.store.list_versions(key, limit=1).versions

        def look(version_id: str) -> HistoryRow | None:
            try:
                version = self.store.head(key, version_id)
            except NotFoundError:
                return None
            latest = bool(newest) and newest[0].version_id == version_id
            known = replace(version, is_latest=latest)
            return HistoryRow(path, known, labels[version_id])

        found = in_parallel(look, chosen, threads=self._settings.max_threads)
        rows = [row for row in found if row is not None]
        return sorted(rows, key=lambda row: row.version.stored_at, reverse=True)

    def _labels(self, path: str, only: Sequence[str]) -> dict[str, Label]:
        try:
            return self.store.labels(self.key(path), only=only)
        except BookstoreError as error:
            if error.retryable:
                raise
            log.warning("The labels of %s cannot be read: %s", path, error)
            return {}

    def _is_seam(self, row: HistoryRow) -> bool:
        try:
            return bool(row.moved_from) and self.key(row.moved_from) != self.key(
                row.path
            )
        except InvalidRequestError:
            return False  # not written by bookstore

    def _cross(self, position: Position, seam: HistoryRow) -> Position | None:
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
