"""Removals: who took a notebook off the published shelf, and when.

The store marks its key as deleted, which records neither. So there is also an empty
object for each such marker, whose metadata has the author and the time::

    PUBLISHED-PREFIX/.bookstore/unpublished/DIGEST-OF-KEY-AND-MARKER

In a store where everybody writes below a folder of their own, it is in that folder.
Without it, as when another program deleted the key, only the time is known.
"""

import hashlib
import io
from dataclasses import replace

from bookstore_core.clock import utc_now
from bookstore_core.errors import BookstoreError
from bookstore_core.history.shelves import PUBLISHED
from bookstore_core.paths import OWN_FOLDER, printable, s3_key
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version, VersionMetadata, new_save_id

#: What holds for an unpublished notebook, after the sentence of `say_removal`.
LINKS = "Links to one of its versions still open."


class Removals:
    """The removals from the published shelf of a store."""

    def __init__(self, store: VersionStore, settings: BookstoreSettings) -> None:
        self._store = store
        self._prefix = PUBLISHED.prefix(settings)
        self._in_folders = settings.has_people

    def remove(self, key: str, *, author: str) -> Version:
        """Take a key off the lists of its shelf; return the marker that does so.

        Raises NotFoundError if it is not on the shelf. It is off the shelf also if who
        did it cannot be recorded; then the marker has no metadata.
        """
        marker = self._store.mark_deleted(key)
        metadata = VersionMetadata(
            save_id=new_save_id(), saved_at=utc_now(), author=author
        )
        try:
            self.record(marker, metadata)
        except BookstoreError:
            return marker
        return replace(marker, metadata=metadata)

    def record(self, marker: Version, metadata: VersionMetadata) -> None:
        """Record who made a marker, and when."""
        place = self._record_key(marker)
        self._store.put(place, io.BytesIO(), size=0, metadata=metadata)

    def described(self, marker: Version) -> Version:
        """Return a marker with the metadata of its record, if there is one.

        Raises retryable errors.
        """
        try:
            record = self._store.head(self._record_key(marker), bucket=marker.bucket)
        except BookstoreError as error:
            if error.retryable:
                raise
            return marker
        return replace(marker, metadata=record.metadata)

    def of(self, key: str, *, bucket: str | None = None) -> Version | None:
        """Return the marker that took a key off the shelf; None if it is on it.

        Also None if the store does not say. Raises retryable errors.
        """
        try:
            newest = self._store.list_versions(key, limit=1, bucket=bucket).versions
        except BookstoreError as error:
            if error.retryable:
                raise
            return None  # permission to read a bucket may not include listing it
        if not newest or not newest[0].deleted:
            return None
        return self.described(newest[0])

    def _record_key(self, marker: Version) -> str:
        # Not beside the notebook: a folder with nothing but records would be listed.
        digest = hashlib.sha256(f"{marker.key}\n{marker.version_id}".encode())
        place = self._prefix
        if self._in_folders:
            folder = marker.key.removeprefix(f"{place}/").partition("/")[0]
            place = s3_key(place, folder)
        return s3_key(place, f"{OWN_FOLDER}/unpublished/{digest.hexdigest()[:32]}")


def say_removal(path: str, marker: Version) -> str:
    """Return the sentence that says who unpublished a notebook, and when."""
    author = marker.metadata.author if marker.metadata else ""
    by = f" by {printable(author)}" if author else ""
    when = f"{marker.saved_at:%d %b %Y at %H:%M UTC}"
    return f"{printable(path)} was unpublished{by} on {when}."
