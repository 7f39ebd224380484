"""KeyFolder: the versions of one key of the local store, read from their files."""

from dataclasses import replace
from typing import BinaryIO

from bookstore_core.errors import NotFoundError, StorageError
from bookstore_core.stores.checks import check_form, check_version_id, no_such_version
from bookstore_core.stores.local.folders import list_ids, newest_in
from bookstore_core.stores.local.names import content_name, is_version_id, time_of
from bookstore_core.stores.local.sidecars import (
    Sidecar,
    announces_in,
    form_in,
    metadata_in,
    read_deletion,
    read_sidecar,
    size_in,
)
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Version, VersionMetadata


class KeyFolder:
    """A key, and the open directory of its versions; None if there is none."""

    def __init__(self, bucket: str, key: str, folder: Folder | None) -> None:
        self.bucket = bucket
        self.key = key
        self.folder = folder

    def ids(self) -> dict[str, bool]:
        """Return the ids of the versions, newest first.

        Each comes with whether it is a deletion.
        """
        ids = list_ids(self.folder)
        if not ids or self.owner(next(iter(ids))) == self.key:
            return ids
        # A file system that ignores case also finds Mine.ipynb as mine.ipynb. If only
        # some are those of another key, somebody has put them there.
        return {known: ids[known] for known in ids if self.owner(known) == self.key}

    def owner(self, version_id: str) -> str:
        """Return the key of the notebook whose version, or deletion, it is."""
        described = self._sidecar(version_id) or self._deletion(version_id)
        owner = described.get("key", self.key)
        return owner if isinstance(owner, str) else self.key

    def has(self, version_id: str) -> bool:
        """Return whether there is such a version."""
        found = self._sidecar(version_id) is not None
        return found and self.owner(version_id) == self.key

    def _sidecar(self, version_id: str) -> Sidecar | None:
        try:
            return read_sidecar(self.folder, version_id) if self.folder else None
        except MISSING:
            return None

    def _deletion(self, version_id: str) -> Sidecar:
        try:
            return read_deletion(self.folder, version_id) if self.folder else {}
        except MISSING:
            return {}

    def listed(
        self, version_id: str, *, is_latest: bool, deleted: bool = False
    ) -> Version:
        """Return a version or a deletion that is listed, without its metadata."""
        size = 0 if deleted else self._size(version_id)
        return self.version(version_id, size, is_latest=is_latest, deleted=deleted)

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

    def _size(self, version_id: str) -> int:
        """Return the size, from the sidecar if the content is missing."""
        try:
            if self.folder is not None:
                return self.folder.size(content_name(self.key, version_id))
        except MISSING:
            pass
        return size_in(self._sidecar(version_id) or {})

    def find(self, version_id: str | None) -> Version:
        """Return a version with its metadata; the newest if no id is given."""
        check_version_id(self.key, version_id)
        found = version_id
        if found is None:
            found = newest_in(self.ids())
            if found is None:
                raise NotFoundError(f"There is no {self.key} in {self.bucket}.")
        described = self._sidecar(found) if is_version_id(found) else None
        if described is None or self.owner(found) != self.key:
            raise no_such_version(self.key, found)
        check_form(form_in(described), self.key, found)
        version = self.version(
            found,
            self._size(found),
            is_latest=version_id is None,
            metadata=metadata_in(described),
        )
        return replace(version, announces=announces_in(described))

    def open(self, version_id: str) -> BinaryIO:
        """Open the content of a version; raises StorageError if it is missing."""
        name = content_name(self.key, version_id)
        try:
            if self.folder is not None:
                return self.folder.open(name)
        except MISSING:
            pass
        raise StorageError(
            f"The file {name} with the content of {self.key} is missing, but its "
            "sidecar exists."
        )
