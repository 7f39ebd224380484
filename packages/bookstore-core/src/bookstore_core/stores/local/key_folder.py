"""KeyFolder: the versions of one key of the local store, read from their files."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from io import BytesIO
from typing import BinaryIO

from bookstore_core.errors import NotFoundError, StorageError
from bookstore_core.stores.checks import (
    STORED_FORM,
    check_form,
    check_version_id,
    no_such_version,
)
from bookstore_core.stores.local.names import content_name, is_version_id, time_of
from bookstore_core.stores.local.patches import (
    LARGEST,
    PATCH,
    RUN,
    SMALLEST,
    Base,
    read_patched,
)
from bookstore_core.stores.local.places import Found, Places
from bookstore_core.stores.local.sidecars import (
    PATCH_FORM,
    Sidecar,
    announces_in,
    base_in,
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
        found = self.places.newest_first(before)
        if self._all_own:
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

    def holds(self, version_id: str, place: str) -> bool:
        """Return whether there is such a version at a place, by its listing."""
        known = self.places.listing(place)
        if version_id in known.deleted or not known.lists(version_id):
            return False
        return self._all_own or self._is_own(Found(version_id, False, place))

    @cached_property
    def _all_own(self) -> bool:
        newest = self.places.newest()
        return newest is None or self._is_own(newest)

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

    def _size(
        self, version_id: str, place: str, described: Sidecar | None = None
    ) -> int:
        """Return the size, from the sidecar if there is no file with the content."""
        try:
            return self.places.folder(place).size(content_name(self.key, version_id))
        except MISSING:
            return size_in(described or self._sidecar(version_id, place) or {})

    def find(self, version_id: str | None) -> tuple[Version, str]:
        """Return a version with its metadata, and its place; the newest for None."""
        check_version_id(self.key, version_id)
        known, place = self._known(version_id)
        described = None if place is None else self._sidecar(known, place)
        if place is None or described is None or self._owner_in(described) != self.key:
            raise no_such_version(self.key, known)
        newest = PATCH_FORM if base_in(described) else STORED_FORM
        check_form(form_in(described), self.key, known, newest=newest)
        version = self.version(
            known,
            self._size(known, place, described),
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
        known = version.version_id
        base = base_in(self._sidecar(known, place) or {})
        if base:
            return BytesIO(self._patched(version, place, base))
        name = content_name(self.key, known)
        try:
            return self.places.folder(place).open(name)
        except MISSING:
            raise StorageError(
                f"The file {name} with the content of {self.key} is missing, but its "
                "sidecar exists."
            ) from None

    def _patched(self, version: Version, place: str, base_id: str) -> bytes:
        base = self._as_base(base_id)
        name = content_name(self.key, version.version_id) + PATCH
        expected = version.metadata.sha256 if version.metadata else ""
        try:
            folder = self.places.folder(place)
            data = read_patched(folder, name, base, size=version.size)
            if expected in ("", hashlib.sha256(data).hexdigest()):
                return data
            reason = "one of them is damaged"
        except MISSING:
            reason = "one of them is missing"
        except ValueError as error:
            reason = f"one of them is damaged ({str(error).rstrip('.')})"
        raise StorageError(
            f"Version {version.version_id} of {self.key} cannot be read. It is what "
            f"differs from version {base_id}, and of the files {name} and {base.name} "
            f"{reason}. Take them from a backup."
        )

    def _as_base(self, version_id: str, sha256: str = "") -> Base:
        return Base(version_id, content_name(self.key, version_id), sha256)

    def base_for(self, place: str, size: int) -> Base | None:
        """Return the version whose patch a new version there may be; None for none."""
        if not SMALLEST <= size <= LARGEST:
            return None
        listing = self.places.listing(place)
        recent = [known for known in listing.ids[-RUN:] if known not in listing.deleted]
        newest = recent[-1] if recent else ""
        described = self._sidecar(newest, place) or {}
        base = base_in(described)
        if base:
            described = self._sidecar(base, place) or {}
        base = base or newest
        metadata = metadata_in(described)
        if (
            base not in listing.ids[1 - RUN :]
            or metadata is None
            or form_in(described) != STORED_FORM
            or self._owner_in(described) != self.key
            or not SMALLEST <= size_in(described) <= LARGEST
        ):
            return None
        return self._as_base(base, metadata.sha256)
