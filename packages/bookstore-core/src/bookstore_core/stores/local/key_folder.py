"""KeyFolder: the versions of one key of the local store, read from their files."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from bookstore_core.errors import NotFoundError, StorageError
from bookstore_core.stores.checks import check_form, check_version_id, no_such_version
from bookstore_core.stores.local.names import content_name, is_version_id, time_of
from bookstore_core.stores.local.places import Found, Places
from bookstore_core.stores.local.sidecars import (
    Sidecar,
    announces_in,
    form_in,
    metadata_in,
    read_deletion,
    read_sidecar,
    size_in,
)
from bookstore_core.stores.local.tree import MISSING
from bookstore_core.stores.versions import Version, VersionMetadata


class KeyFolder:
    """A key, and the places of its versions."""

    def __init__(self, bucket: str, key: str, places: Places) -> None:
        self.bucket = bucket
        self.key = key
        self.places = places

    def newest_first(self, before: str | None = None) -> Iterator[Found]:
        """Yield the versions and deletions, newest first; of `before`, older ones."""
        newest, found = self.places.newest(), self.places.newest_first(before)
        if newest is None or self._is_own(newest):
            return found
        # A file system that ignores case also finds Mine.ipynb as mine.ipynb. If only
        # some are those of another key, somebody has put them there.
        return filter(self._is_own, found)

    def newest(self) -> Found | None:
        """Return the newest version or deletion."""
        return next(self.newest_first(), None)

    def owner(self, found: Found) -> str:
        """Return the key of the notebook whose version, or deletion, it is."""
        described = self._sidecar(found.version_id, found.place)
        return self._owner_in(described or self._deletion(found))

    def _owner_in(self, described: Sidecar) -> str:
        owner = described.get("key", self.key)
        return owner if isinstance(owner, str) else self.key

    def _is_own(self, found: Found) -> bool:
        return self.owner(found) == self.key

    def has(self, version_id: str) -> bool:
        """Return whether there is such a version."""
        place = self.places.place_of(version_id)
        described = None if place is None else self._sidecar(version_id, place)
        return described is not None and self._owner_in(described) == self.key

    def _sidecar(self, version_id: str, place: str) -> Sidecar | None:
        try:
            return read_sidecar(self.places.folder(place), version_id)
        except MISSING:
            return None

    def _deletion(self, found: Found) -> Sidecar:
        try:
            return read_deletion(self.places.folder(found.place), found.version_id)
        except MISSING:
            return {}

    def listed(self, found: Found, *, is_latest: bool) -> Version:
        """Return a version or a deletion that is listed, without its metadata."""
        size = 0 if found.deleted else self._size(found.version_id, found.place)
        return self.version(
            found.version_id, size, is_latest=is_latest, deleted=found.deleted
        )

    def version(
        self,
        version_id: str,
        size: int,
        *,
        is_latest: bool,
        deleted: bool = False,
        metadata: VersionMetadata | None = None,
    ) -> Version:
        """Return the record of a version."""
        return Version(
            bucket=self.bucket,
            key=self.key,
            version_id=version_id,
            size=size,
            stored_at=time_of(version_id),
            is_latest=is_latest,
            deleted=deleted,
            metadata=metadata,
        )

    def _size(self, version_id: str, place: str) -> int:
        """Return the size, from the sidecar if the content is missing."""
        try:
            return self.places.folder(place).size(content_name(self.key, version_id))
        except MISSING:
            return size_in(self._sidecar(version_id, place) or {})

    def find(self, version_id: str | None) -> tuple[Version, str]:
        """Return a version with its metadata, and its place; the newest for None."""
        check_version_id(self.key, version_id)
        known, place = self._known(version_id)
        described = None if place is None else self._sidecar(known, place)
        if place is None or described is None or self._owner_in(described) != self.key:
            raise no_such_version(self.key, known)
        check_form(form_in(described), self.key, known)
        version = self.version(
            known,
            self._size(known, place),
            is_latest=version_id is None,
            metadata=metadata_in(described),
        )
        return replace(version, announces=announces_in(described)), place

    def _known(self, version_id: str | None) -> tuple[str, str | None]:
        if version_id is not None:
            is_one = is_version_id(version_id)
            return version_id, self.places.place_of(version_id) if is_one else None
        newest = self.newest()
        if newest is None or newest.deleted:
            raise NotFoundError(f"There is no {self.key} in {self.bucket}.")
        return newest.version_id, newest.place

    def open(self, version: Version, place: str) -> BinaryIO:
        """Open the content of a version; raises StorageError if it is missing."""
        name = content_name(self.key, version.version_id)
        try:
            return self.places.folder(place).open(name)
        except MISSING:
            raise StorageError(
                f"The file {name} with the content of {self.key} is missing, but its "
                "sidecar exists."
            ) from None
