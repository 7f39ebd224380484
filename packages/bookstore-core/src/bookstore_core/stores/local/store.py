"""LocalStore: versions as files in a directory, for one person or a shared drive.

The layout can be read with `ls`; `_local_names` describes it. A version is two files:
its content, and beside it a sidecar with its metadata. The sidecar is written last, so
a version is there when its sidecar is, and whatever a crash leaves is no version.
Nothing is locked: an id is new by its time and a random part, and a file that exists is
never written again, so processes and machines may share a store.
"""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from bookstore_core.clock import utc_now
from bookstore_core.cursors import decode_cursor, encode_cursor
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    NotFoundError,
    StorageError,
)
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import Finding, StoreCheck, VersionStore
from bookstore_core.stores.checks import (
    FORM,
    check_form,
    check_key,
    check_prefix,
    check_version_id,
    no_such_version,
)
from bookstore_core.stores.local.files import (
    MISSING,
    make_directory,
    publish,
    translate_os_error,
    translated,
    write_new,
)
from bookstore_core.stores.local.folders import (
    KeyFolder,
    list_folder,
    list_ids,
    walk_folder,
)
from bookstore_core.stores.local.labels import read_labels, write_label
from bookstore_core.stores.local.names import (
    SIDECAR,
    content_name,
    folder_directory,
    is_version_id,
    key_directory,
    new_version_id,
    time_of,
)
from bookstore_core.stores.streams import GuardedBody, Window
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
    VersionPage,
)

#: The first member of a sidecar, and the number of its form.
_FORM = "bookstore_store"


@dataclass(frozen=True)
class _KeyFolder:
    """Where a key's versions are."""

    bucket: str
    key: str
    directory: Path

    def content(self, version_id: str) -> Path:
        return self.directory / content_name(self.key, version_id)

    def sidecar(self, version_id: str) -> Path:
        return self.directory / (version_id + SIDECAR)


class LocalStore(VersionStore):
    """A directory below `local_root` for each bucket. Needs no preparation."""

    def __init__(
        self, settings: BookstoreSettings, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.bucket = settings.bucket
        self._root = Path(settings.local_root)
        self._directory = folder_directory(self._root, [self.bucket])
        self._now = now

    @property
    def location(self) -> str:
        return str(self._directory)

    def check(self) -> StoreCheck:
        directory = self._directory
        probe = directory / f".bookstore-check-{os.urandom(4).hex()}"
        try:
            with translated(self.location):
                make_directory(directory)
                publish(probe, b"")
                probe.unlink()
                os.listdir(directory)
        except BookstoreError as error:
            remedy = "Make room or rights there, or set BookstoreSettings.local_root."
            finding = Finding(False, str(error), remedy)
            return StoreCheck((finding,), retryable=error.retryable)
        sentence = f"The directory {directory} can be read and written."
        return StoreCheck((Finding(True, sentence),))

    def prepare(self) -> list[str]:
        with translated(self.location):
            made = make_directory(self._directory)
        return [f"Made the directory {self.location}."] if made else []

    def put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str = "application/x-ipynb+json",
    ) -> Version:
        place = self._place(key, None)
        content = Window(body, size)
        with translated(self.location):
            make_directory(place.directory)
            version_id = new_version_id(self._newest_for_put(place), self._now())
            # The content takes its own name at once: that it must not exist yet makes
            # the id ours alone, and nobody sees it before its sidecar is there.
            write_new(place.content(version_id), content)
            described = _describe(key, metadata, size=size, content_type=content_type)
            publish(place.sidecar(version_id), described)
        return _version(place, version_id, size, is_latest=True, metadata=metadata)

    def _newest_for_put(self, place: _KeyFolder) -> str | None:
        ids = list_ids(place.directory)
        if not ids:
            return None
        owner = _read_sidecar(place, ids[0]).get("key", place.key)
        if owner != place.key:
            raise ConflictError(
                f"The directory {self.location} does not tell {place.key!r} from "
                f"{owner!r}, which it keeps already. Choose another name."
            )
        return ids[0]

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        with translated(self.location):
            return self._find(self._place(key, bucket), version_id)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        place = self._place(key, bucket)
        with translated(self.location):
            version = self._find(place, version_id)
            file = place.content(version.version_id).open("rb")
        body = GuardedBody(
            file,
            failures=(OSError,),
            translate=lambda error: translate_os_error(error, self.location),
        )
        return OpenVersion(version, cast(BinaryIO, body))

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        after = decode_cursor("versions", cursor)
        place = self._place(key, bucket)
        with translated(self.location):
            ids = self._ids(place)
            newest = ids[0] if ids else None
            rest = [known for known in ids if after is None or known < after]
            shown = rest[: max(limit, 1)]
            versions = tuple(
                _version(
                    place, known, _listed_size(place, known), is_latest=known == newest
                )
                for known in shown
            )
        more = len(rest) > len(shown)
        return VersionPage(
            versions, encode_cursor("versions", shown[-1]) if more else None
        )

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        prefix, after = check_prefix(prefix), decode_cursor("keys", cursor)
        shown: list[KeyFolder] = []
        more = None
        with translated(self.location):
            for entry in list_folder(self._folder(prefix), after=after):
                if len(shown) == max(limit, 1):
                    more = encode_cursor("keys", shown[-1].name)
                    break
                shown.append(entry)
            keys = tuple(
                self._newest(prefix + entry.part, entry)
                for entry in shown
                if entry.is_key
            )
        below = tuple(prefix + entry.name for entry in shown if not entry.is_key)
        return KeyPage(keys, below, more)

    def walk_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        prefix, after = check_prefix(prefix), decode_cursor("walk", cursor)
        shown: list[Version] = []
        with translated(self.location):
            directory = self._folder(prefix)
            for name, entry in walk_folder(directory, prefix, after=after):
                if len(shown) == max(limit, 1):
                    more = encode_cursor("walk", shown[-1].key)
                    return KeyPage(tuple(shown), (), more)
                shown.append(self._newest(name, entry))
        return KeyPage(tuple(shown))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        place = self._place(key, bucket)
        with translated(self.location):
            return {
                version_id: label
                for version_id, label in read_labels(place.directory, only).items()
                if self._is_there(place, version_id)
            }

    def _is_there(self, place: _KeyFolder, version_id: str) -> bool:
        try:
            described = _read_sidecar(place, version_id)
        except MISSING:
            return False
        return bool(described.get("key", place.key) == place.key)

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        place = self._place(key, None)
        with translated(self.location):
            self._find(place, version_id)
            write_label(place.directory, version_id, label)

    def _folder(self, prefix: str) -> Path:
        folders = prefix[: -len(DELIMITER)].split(DELIMITER) if prefix else []
        return folder_directory(self._directory, folders)

    def _newest(self, key: str, entry: KeyFolder) -> Version:
        place = _KeyFolder(self.bucket, key, entry.directory)
        newest = list_ids(place.directory)[0]
        return _version(place, newest, _size(place, newest), is_latest=True)

    def _place(self, key: str, bucket: str | None) -> _KeyFolder:
        name, directory = self.bucket, self._directory
        if bucket is not None and bucket != name:
            name, directory = bucket, folder_directory(self._root, [bucket])
            if not (name and directory.is_dir()):
                raise NotFoundError(f"There is no bucket {name}.")
        return _KeyFolder(name, key, key_directory(directory, check_key(key)))

    def _ids(self, place: _KeyFolder) -> list[str]:
        ids = list_ids(place.directory)
        # A file system that ignores case finds Mine.ipynb under mine.ipynb too.
        if ids and _read_sidecar(place, ids[0]).get("key", place.key) != place.key:
            return []
        return ids

    def _find(self, place: _KeyFolder, version_id: str | None) -> Version:
        check_version_id(place.key, version_id)
        found = version_id
        if found is None:
            ids = self._ids(place)
            if not ids:
                raise NotFoundError(f"There is no {place.key} in {place.bucket}.")
            found = ids[0]
        if not is_version_id(found):
            raise no_such_version(place.key, found)
        try:
            described = _read_sidecar(place, found)
        except MISSING:
            raise no_such_version(place.key, found) from None
        if described.get("key", place.key) != place.key:
            raise no_such_version(place.key, found)
        check_form(_form_in(described), place.key, found)
        return _version(
            place,
            found,
            _size(place, found),
            is_latest=version_id is None,
            metadata=_metadata_in(described),
        )


def _version(
    place: _KeyFolder,
    version_id: str,
    size: int,
    *,
    is_latest: bool,
    metadata: VersionMetadata | None = None,
) -> Version:
    return Version(
        bucket=place.bucket,
        key=place.key,
        version_id=version_id,
        size=size,
        stored_at=time_of(version_id),
        is_latest=is_latest,
        metadata=metadata,
    )


def _size(place: _KeyFolder, version_id: str) -> int:
    content = place.content(version_id)
    try:
        return content.stat().st_size
    except MISSING:
        raise StorageError(f"The file {content} is missing, its sidecar is not.") from (
            None
        )


def _listed_size(place: _KeyFolder, version_id: str) -> int:
    """Return a size also where the content is missing: the others are to be listed."""
    try:
        return _size(place, version_id)
    except StorageError:
        size = _read_sidecar(place, version_id).get("size")
        return size if isinstance(size, int) else 0


def _describe(
    key: str, metadata: VersionMetadata, *, size: int, content_type: str
) -> bytes:
    described = {
        _FORM: FORM,
        "key": key,
        "size": size,
        "content_type": content_type,
        **metadata.as_texts(),
    }
    return json.dumps(described, indent=1).encode("ascii") + b"\n"


def _read_sidecar(place: _KeyFolder, version_id: str) -> dict[str, Any]:
    """Return what a sidecar says; nothing for one that someone has damaged."""
    try:
        described = json.loads(place.sidecar(version_id).read_bytes())
    except (ValueError, RecursionError):
        return {}
    return described if isinstance(described, dict) else {}


def _form_in(described: dict[str, Any]) -> int:
    form = described.get(_FORM)
    return form if isinstance(form, int) else FORM


def _metadata_in(described: dict[str, Any]) -> VersionMetadata | None:
    try:
        return VersionMetadata.of_texts(described)
    except (KeyError, TypeError, ValueError):
        return None
