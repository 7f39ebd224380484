"""Prune: which versions of the workspace go, by rules, and their removal.

Whatever the rules say, these are kept: the newest version; those with a label; those
that a kept version was restored from, or that a kept run ran; the seams of renames, and
what a notebook had at the path that it left; versions of other programs or of a newer
release; and what was saved or stored a short time ago. The published shelf is never
pruned: somebody chose each of its versions, and links may name them.

The rules count at each path on its own: a notebook that was renamed keeps versions at
its old path as well.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import takewhile
from typing import TypeVar

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    InvalidRequestError,
    NewerVersionError,
    NotFoundError,
)
from bookstore_core.history.shelves import PUBLISHED, WORKSPACE
from bookstore_core.moved_notes import note_key
from bookstore_core.parallel import in_parallel, in_parallel_stream
from bookstore_core.paths import DELIMITER
from bookstore_core.retention.durations import Duration
from bookstore_core.retention.rules import Keep, reasons_to_keep
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.arrivals import is_arrival
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Removal, Version
from bookstore_core.upkeep.names import Lately, names_of
from bookstore_core.upkeep.plans import Name, Naming, Plan, Plans, own
from bookstore_core.upkeep.run_markers import marker_of, remove_markers

T = TypeVar("T")

#: Rows of one listing.
PAGE = 1000

#: How far the store's clock may be behind.
SKEW = timedelta(minutes=10)

#: How far clocks may differ by which it is told what was stored before something.
APART = timedelta(days=7)

#: So many versions of one key are looked at in parallel.
MANY = 200


def is_published(settings: BookstoreSettings, key: str) -> bool:
    """Return whether a key of the workspace is on the published shelf within it."""
    shelves = (WORKSPACE.prefix(settings), PUBLISHED.prefix(settings))
    workspace, published = (shelf.rstrip(DELIMITER) + DELIMITER for shelf in shelves)
    return (
        published != DELIMITER
        and published.startswith(workspace)
        and key.startswith(published)
    )


def _existed_at(version: Version) -> datetime:
    """Return a moment at which the version existed, or that is before that.

    In a store that was copied to, versions have the times of the copy, and may be in
    another order; when they were saved is what it was.
    """
    return min(version.saved_at, version.stored_at)


def _was_before(row: Version, moment: datetime) -> bool:
    """Return whether a row was stored before; never of one whose time is unknown."""
    return row.stored_at < moment and row.stored_at.timestamp() > 0


class Pruner:
    """Prunes the workspace of a store by rules."""

    def __init__(
        self,
        store: VersionStore,
        settings: BookstoreSettings,
        keep: Keep,
        *,
        min_age: Duration,
        now: datetime,
        zone: tzinfo | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._keep = keep
        self._old = min_age.before(now)
        self._now = now
        self._zone = zone
        self._threads = settings.max_threads
        self._lately = Lately(store, settings, self._newest, now - SKEW)

    def keys(self) -> Iterator[str]:
        """Yield the keys of the workspace; the published shelf may be within it."""
        yield from (version.key for version in self._newest())

    def _newest(self) -> Iterator[Version]:
        cursor = None
        while True:
            page = self._store.walk_keys(
                WORKSPACE.prefix(self._settings), cursor=cursor
            )
            for version in page.keys:
                if not is_published(self._settings, version.key):
                    yield version
            cursor = page.cursor
            if cursor is None:
                return

    def plans(self, only: Collection[str] = ()) -> Iterator[Plan]:
        """Yield what goes of each key of the workspace, or of `only` these.

        Any version of the workspace may name one of these, if it was stored later.
        """
        oldest: list[datetime] = []
        with Plans() as plans:
            for plan, naming in self._all(self._plan, only or self.keys()):
                oldest = sorted([*oldest, *map(_existed_at, plan.going)])[:1]
                plans.add(plan, naming)
            if only and oldest:
                since = oldest[0] - APART
                named_at = partial(self._named_at, since=since)
                for named in self._all(named_at, self._others(only, since)):
                    plans.keep(named)
            yield from plans.read()

    def _all(self, look: Callable[[str], T], keys: Iterable[str]) -> Iterator[T]:
        return in_parallel_stream(look, keys, threads=self._threads)

    def _others(self, only: Collection[str], since: datetime) -> Iterator[str]:
        for newest in self._newest():
            if newest.key not in only and not _was_before(newest, since):
                yield newest.key

    def _named_at(self, key: str, *, since: datetime) -> list[Name]:
        rows = takewhile(lambda row: not _was_before(row, since), self._listed(key))
        found = self._described(rows)
        return [n for version in found for n in names_of(version, self._settings)]

    def prune(
        self, only: Collection[str] = (), *, dry_run: bool
    ) -> Iterator[tuple[Plan, Removal]]:
        """Remove what goes, as `plans` says; yield what was done, key by key."""

        def remove(plan: Plan) -> tuple[Plan, Removal]:
            return plan, self.carry_out(plan, dry_run=dry_run)

        plans = self.plans(only)
        yield from in_parallel_stream(remove, plans, threads=self._threads)

    def carry_out(self, plan: Plan, *, dry_run: bool) -> Removal:
        """Remove what goes of a key, but not what was labelled or restored meanwhile.

        What another prune has removed meanwhile is `gone` in the answer.

        Nothing goes if its newest version was removed meanwhile.
        """
        going, gone = plan.going, tuple[str, ...]()
        if going and not dry_run:
            ids = [version.version_id for version in going]
            labelled = self._store.labels(plan.key, only=ids)
            named = {*self._lately.names(), *self._lately.at(plan.key)}
            going = tuple(
                known
                for known in going
                if known.version_id not in labelled and named.isdisjoint(own(known))
            )
            there = {version.version_id for version in self._listed(plan.key)}
            gone = tuple(v.version_id for v in going if v.version_id not in there)
            going = tuple(known for known in going if known.version_id in there)
        try:
            done = self._store.remove_versions(plan.key, going, dry_run=dry_run)
        except ConflictError:
            done = Removal()  # somebody has removed the newest: the next run looks
        if not dry_run:
            removed = [known for known in done.removed if known in plan.markers]
            remove_markers(self._store, map(plan.markers.__getitem__, removed))
        return replace(done, gone=gone)

    def _plan(self, key: str) -> tuple[Plan, list[Naming]]:
        versions = self._described(self._listed(key))
        newest_first = sorted(versions, key=lambda v: v.saved_at, reverse=True)
        times = [version.saved_at for version in newest_first]
        reasons = reasons_to_keep(times, self._keep, now=self._now, zone=self._zone)
        going = [
            version
            for version, why in zip(newest_first, reasons, strict=True)
            if not why and self._may_go(version)
        ]
        if going:
            spared = {*self._store.labels(key), *self._left_behind(key, newest_first)}
            going = [known for known in going if known.version_id not in spared]
        named = [(v, tuple(names_of(v, self._settings))) for v in versions]
        marked = ((v.version_id, marker_of(v, self._settings)) for v in going)
        markers = {version_id: marker for version_id, marker in marked if marker}
        plan = Plan(key, len(versions), tuple(going), markers)
        return plan, [one for one in named if one[1]]

    def _may_go(self, version: Version) -> bool:
        known = version.metadata
        return (
            known is not None
            and not version.is_latest
            and not known.moved_from
            and max(known.saved_at, version.stored_at) <= self._old
        )

    def _described(self, rows: Iterable[Version]) -> list[Version]:
        """Return the versions among rows, newest first, with their metadata."""
        listed = [version for version in rows if not version.deleted]
        # Keys are looked at in parallel, too.
        threads = self._threads if len(listed) > MANY else 1
        found = in_parallel(self._look, listed, threads=threads)
        known = [version for version in found if version is not None]
        if known:
            # The newest may be a mark of a deletion, which has no content.
            known[0] = replace(known[0], is_latest=True)
        return known

    def _listed(self, key: str) -> Iterator[Version]:
        cursor = None
        while True:
            page = self._store.list_versions(key, cursor=cursor, limit=PAGE)
            yield from page.versions
            cursor = page.cursor
            if cursor is None:
                return

    def _look(self, version: Version) -> Version | None:
        try:
            known = self._store.head(version.key, version.version_id)
        except NotFoundError:
            return None
        except NewerVersionError:
            return version
        return replace(version, metadata=known.metadata, locked=known.locked)

    def _left_behind(self, key: str, newest_first: Sequence[Version]) -> Iterator[str]:
        """Yield what notebooks had here when they were renamed or moved."""
        for departed_at in self._departures(key):
            for version in newest_first:
                if version.saved_at <= departed_at:
                    yield version.version_id
                    break

    def _departures(self, key: str) -> Iterator[datetime]:
        cursor = None
        while True:
            try:
                place = note_key(key)
            except InvalidRequestError:
                return  # too long for notes
            page = self._store.list_versions(place, cursor=cursor, limit=PAGE)
            for note in page.versions:
                if note.deleted or is_arrival(note):
                    continue
                try:
                    yield self._store.head(place, note.version_id).saved_at
                except BookstoreError as error:
                    if error.retryable:
                        raise
                    yield note.stored_at
            cursor = page.cursor
            if cursor is None:
                return
