"""Copy: all versions of one store into another, each once, in the order of the first.

What the other store has is known by the ids of saves, so a copy that was interrupted
goes on where it ended. Each content is compared with its sha256 while it is read.
"""

import heapq
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast

from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    StorageUnavailableError,
)
from bookstore_core.history.removals import Removals
from bookstore_core.moved_notes import is_note_key
from bookstore_core.parallel import work_in_parallel
from bookstore_core.runs.markers import is_recorded, record_run
from bookstore_core.stores.arrivals import is_arrival
from bookstore_core.stores.versions import Label, Version, VersionMetadata
from bookstore_core.upkeep.notebooks import Source, key_beside
from bookstore_core.upkeep.target import Target

#: Bytes of a content that are kept in memory on the way.
IN_MEMORY = 8 * 1024 * 1024

#: Two versions that are copied one after the other are stored so much apart.
STEP = timedelta(microseconds=2)

#: Before all versions.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

#: How often a version is sent that the other store could not take for the moment.
ATTEMPTS = 4


@dataclass
class Copied:
    """What was done so far, and what could not be: sentences by key."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class _Key:
    """A key with its rows, oldest first, of which the first `there` are copied.

    The other store has had those since `until`.
    """

    rows: list[Version]
    there: int
    labels: dict[str, Label]
    is_note: bool
    until: datetime


def _listed(row: Version) -> tuple[int, bool]:
    """Return what a listing says of a version that is the same in both stores."""
    return row.size, row.deleted


class Copier:
    """Copies one store into another."""

    def __init__(
        self,
        source: Source,
        target: Target,
        *,
        verify: bool = False,
        pause: Callable[[float], None] = time.sleep,
        progress: Callable[[Copied], None] = lambda _: None,
    ) -> None:
        self._source = source
        self._target = target
        self._there = Source(target.store, target.settings)
        self._verify = verify
        self._pause = pause
        self._progress = progress
        self.copied = Copied()
        self._lock = threading.Lock()

    def _count(self, what: str, number: int) -> None:
        with self._lock:
            self.copied.counts[what] += number

    def copy(self) -> Copied:
        """Copy everything; return what was done.

        Raises ConfigurationError if the other store does not take versions.
        """
        with self._target.worded():
            self._check_target()
        groups = self._source.together(self._source.keys())
        threads = self._source.settings.max_threads
        work_in_parallel(self._copy_group, groups, threads=threads)
        return self.copied

    def _check_target(self) -> None:
        check = self._target.store.check()
        if not check.ok:
            kind = StorageUnavailableError if check.retryable else ConfigurationError
            bad = [known for known in check.findings if not known.ok]
            raise kind(" ".join(f"{one.sentence} {one.remedy}".strip() for one in bad))

    def _copy_group(self, keys: Sequence[str]) -> None:
        ids: dict[tuple[str, str], str] = {}
        ready: dict[str, _Key] = {}
        for key in keys:
            try:
                ready[key] = self._ready(key, ids)
            except BookstoreError as error:
                self._list(key, error)
        ways = [known.rows[known.there :] for known in ready.values()]
        if len(ways) > 1:
            ways = [self._source.described(way) for way in ways]
        moment = max((known.until for known in ready.values()), default=NEVER)
        for row in heapq.merge(*ways, key=lambda row: (row.stored_at, row.saved_at)):
            # In this order over there too, if here it is known to the second only.
            moment = max(row.stored_at, moment + STEP)
            self._target.stored_at(moment)
            self._copy_row(row, ids)
            self._progress(self.copied)
        for key, known in ready.items():
            self._copy_labels(key, known.labels, ids)
            self._count("notebooks", not known.is_note)
        self._progress(self.copied)

    def _ready(self, key: str, ids: dict[tuple[str, str], str]) -> _Key:
        """Return a key, with the ids in the other store of what is there already."""
        is_note = is_note_key(key)
        rows = self._source.rows(key)
        with self._target.worded():
            there = self._there.rows(self._target.key(key))
        if is_note:
            # Arrivals are written with the versions that they announce.
            rows = [row for row in rows if not is_arrival(row)]
            there = [row for row in there if not is_arrival(row)]
        newest = self._newest(there)
        count = self._count_of(key, rows, there, newest) if newest else 0
        if [*map(_listed, rows[:count])] == [*map(_listed, there)]:
            pairs = zip(rows, there, strict=False)
            found = {(key, old.version_id): new.version_id for old, new in pairs}
            absent = 0
        else:
            found, absent = self._matched(key, rows[:count], there)
        ids |= found
        if newest and count:
            self._complete(rows[count - 1], there[-1], newest)
        self._count("absent", absent)
        self._count("skipped", sum(not row.deleted for row in rows[:count]) - absent)
        labels = {} if is_note else self._source.store.labels(key)
        until = max((row.stored_at for row in there), default=NEVER)
        return _Key(rows, count, labels, is_note, until)

    def _newest(self, there: Sequence[Version]) -> Version | None:
        """Return the newest version over there, with its metadata; None without any."""
        if not there:
            return None
        newest = next((row for row in reversed(there) if not row.deleted), there[-1])
        return next(iter(self._there.described([newest])), newest)

    def _complete(self, row: Version, last: Version, newest: Version) -> None:
        """Write the record of the last row over there, if a copy was killed before."""
        store, settings = self._target.store, self._target.settings
        if not last.deleted:
            if not is_recorded(store, settings, newest):
                record_run(store, settings, newest)
        elif row.deleted and Removals(store, settings).described(last).metadata is None:
            self._record_removal(row, last)

    def _count_of(
        self,
        key: str,
        rows: Sequence[Version],
        there: Sequence[Version],
        newest: Version,
    ) -> int:
        """Return how many rows are copied: all until the newest in the other store."""
        save_id = newest.metadata.save_id if newest.metadata else ""
        guess = len(there) - 1 - (there[-1].version_id != newest.version_id)
        order = sorted(range(len(rows)), key=lambda at: (at != guess, -at))
        for at in order:
            found = [] if rows[at].deleted else self._source.described([rows[at]])
            if found and found[0].metadata and found[0].metadata.save_id == save_id:
                after = rows[at + 1 : at + 2] if there[-1].deleted else []
                return at + 1 + sum(row.deleted for row in after)
        raise ConflictError(
            "It has other versions in the store that is copied to. Copy to another "
            "prefix."
        )

    def _matched(
        self, key: str, rows: Sequence[Version], there: Sequence[Version]
    ) -> tuple[dict[tuple[str, str], str], int]:
        """Return the ids over there by those of rows, and how many rows have none."""
        new = {
            row.metadata.save_id: row.version_id
            for row in self._there.described(there)
            if row.metadata
        }
        known = [row for row in self._source.described(rows) if row.metadata]
        found = {
            (key, row.version_id): new[row.metadata.save_id]
            for row in known
            if row.metadata and row.metadata.save_id in new
        }
        return found, len(known) - len(found)

    def _copy_row(self, row: Version, ids: dict[tuple[str, str], str]) -> None:
        try:
            if row.deleted:
                self._mark_deleted(row)
            else:
                self._copy_version(row, ids)
        except NotFoundError:
            return  # removed meanwhile
        except BookstoreError as error:
            self._list(f"{row.key}, version {row.version_id}", error)

    def _list(self, where: str, error: BookstoreError) -> None:
        """List what cannot be copied; raise what would stop everything else, too."""
        if error.retryable or error.wide:
            raise error
        with self._lock:
            self.copied.problems[where] = str(error)

    def _mark_deleted(self, row: Version) -> None:
        with self._target.worded():
            marker = self._target.store.mark_deleted(self._target.key(row.key))
        self._record_removal(row, marker)
        self._count("deleted", 1)

    def _record_removal(self, row: Version, marker: Version) -> None:
        known = Removals(self._source.store, self._source.settings).described(row)
        if known.metadata is not None:
            removals = Removals(self._target.store, self._target.settings)
            removals.record(marker, known.metadata)

    def _copy_version(self, row: Version, ids: dict[tuple[str, str], str]) -> None:
        with self._source.store.open(row.key, row.version_id) as opened:
            known = opened.version
            if known.metadata is None:
                self._count("foreign", 1)
                return
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
                for piece in opened.pieces():
                    file.write(piece)
                file.seek(0)
                metadata = self._translated(known, known.metadata, ids)
                with self._target.worded():
                    made = self._put(
                        row.key, cast(BinaryIO, file), known.size, metadata
                    )
        ids[row.key, row.version_id] = made.version_id
        record_run(self._target.store, self._target.settings, made)
        if self._verify and not self._target.store.holds(made, metadata.sha256):
            raise StorageError("What was written is not what was read.")
        self._count("versions", 1)
        self._count("bytes", known.size)

    def _put(
        self, key: str, file: BinaryIO, size: int, metadata: VersionMetadata
    ) -> Version:
        place, store = self._target.key(key), self._target.store
        for attempt in range(1, ATTEMPTS):
            try:
                return store.put(place, file, size=size, metadata=metadata)
            except BookstoreError as error:
                if not error.retryable:
                    raise
            self._pause(0.5 * 2**attempt)
            found = store.find_save(place, metadata.save_id, size=size)
            if found is not None:
                return found
            file.seek(0)
        return store.put(place, file, size=size, metadata=metadata)

    def _translated(
        self, row: Version, known: VersionMetadata, ids: dict[tuple[str, str], str]
    ) -> VersionMetadata:
        """Return metadata in which another version is named by its id over there.

        One that is not there yet is named by the id of its save.
        """
        if known.run is not None and known.run.of:
            of, version = self._target.key(known.run.of), known.run.version
            version = self._name_there(known.run.of, version, ids)
            known = replace(known, run=replace(known.run, of=of, version=version))
        if not known.restored_from:
            return known
        key = row.key
        if known.restored_path:
            try:
                key = key_beside(row, known.restored_path, self._source.settings)
            except InvalidRequestError:
                return known  # not written by bookstore
        new = self._name_there(key, known.restored_from, ids)
        return replace(known, restored_from=new)

    def _name_there(
        self, key: str, version_id: str, ids: dict[tuple[str, str], str]
    ) -> str:
        new = ids.get((key, version_id))
        if new is not None:
            return new
        try:
            other = self._source.store.head(key, version_id)
        except BookstoreError as error:
            if error.retryable:
                raise
            return version_id  # it is not there any more, or was named by its save
        return other.metadata.save_id if other.metadata else version_id

    def _copy_labels(
        self, key: str, labels: dict[str, Label], ids: dict[tuple[str, str], str]
    ) -> None:
        if not labels:
            return
        place, store = self._target.key(key), self._target.store
        try:
            present = store.labels(place)
        except BookstoreError as error:
            self._list(f"{key}, labels", error)
            return
        ours = {new for (of, _), new in ids.items() if of == key}
        for version_id, label in labels.items():
            new = ids.get((key, version_id))
            if new is None or present.get(new) == label:
                continue
            # Here another version had the name before.
            had = [o for o in ours & {*present} if present[o].name == label.name]
            try:
                for other in had:
                    if other != new:
                        store.set_label(place, other, None)
                        del present[other]
                store.set_label(place, new, label)
                present[new] = label
            except BookstoreError as error:
                self._list(f"{key}, label {label.name}", error)
                continue
            self._count("labels", 1)
