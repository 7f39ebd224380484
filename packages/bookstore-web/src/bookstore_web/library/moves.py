"""Where notebooks are that the caller's server no longer has: what their notes say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bookstore_core.errors import BookstoreError, ForbiddenError, InvalidRequestError
from bookstore_core.history.departures import open_note
from bookstore_core.moved_notes import MAX_NOTE, note_key, read_note
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import DELIMITER
from bookstore_core.stores import KeyPage, Version, VersionStore
from bookstore_web.library.shared import SharedAnswers

#: Notes of a folder that are listed at once: S3 returns at most 1000.
MOST_LISTED = 999
#: Parallel requests to the store.
THREADS = 8


@dataclass(frozen=True)
class Moves:
    """Looks up notes in a store; its answers are shared with others who ask."""

    store: VersionStore
    listings: SharedAnswers[KeyPage] = field(default_factory=lambda: SharedAnswers(0))
    notes: SharedAnswers[str | None] = field(default_factory=lambda: SharedAnswers(0))

    def of(self, gone: Sequence[Version]) -> dict[str, str | None]:
        """Return the new path of each notebook, by its key; empty if it was deleted.

        None if its note may not be read. It takes a listing for each folder with
        several of them, and a request for each note. Raises retryable errors.
        """
        noted = self._noted(gone)
        paths = in_parallel(self._shared, noted, threads=THREADS)
        found: dict[str, str | None] = {version.key: "" for version in gone}
        return found | {v.key: to for v, to in zip(noted, paths, strict=True)}

    def to(self, newest: Version) -> str | None:
        """Return what `of` returns for one notebook."""
        try:
            with open_note(self.store, newest.key) as note:
                if self._is_since(newest, note.version):
                    return ""
                return read_note(note.read(MAX_NOTE))
        except ForbiddenError:
            return None
        except BookstoreError as error:
            if error.retryable:
                raise
            return ""  # there is no note, or none that bookstore wrote

    def _shared(self, newest: Version) -> str | None:
        question = newest.key, newest.stored_at
        return self.notes.get(question, partial(self.to, newest))

    def _noted(self, gone: Sequence[Version]) -> list[Version]:
        """Return those that may have a note."""
        folders: dict[str, list[Version]] = defaultdict(list)
        for version in gone:
            folders[version.key.rpartition(DELIMITER)[0]].append(version)
        return [version for known in folders.values() for version in self._kept(known)]

    def _kept(self, gone: Sequence[Version]) -> Sequence[Version]:
        if len(gone) < 2:
            return gone
        try:
            below = note_key(gone[0].key).rpartition(DELIMITER)[0] + DELIMITER
            ask = partial(self.store.list_keys, below, limit=MOST_LISTED)
            page = self.listings.get((below, None, MOST_LISTED), ask)
            noted = {version.key for version in page.keys}
            last = page.keys[-1].key if page.keys else ""
            return [
                version
                for version in gone
                if (key := note_key(version.key)) in noted
                or (page.cursor is not None and key > last)
            ]
        except (InvalidRequestError, ForbiddenError):
            return gone  # a key too long for a note, or listing is not allowed

    def _is_since(self, newest: Version, note: Version) -> bool:
        """Return whether the newest version was saved after the notebook was moved.

        If so, it belongs to another notebook, which was saved at the old path.
        """
        if newest.stored_at <= note.stored_at:
            return False
        # The note may have been stored before an older save was uploaded.
        known = self.store.head(newest.key)
        return replace(newest, metadata=known.metadata).saved_at > note.saved_at
