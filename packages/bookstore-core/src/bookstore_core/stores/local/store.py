"""LocalStore: versions as files in a directory, for one person or a shared drive.

`local/names.py` describes the layout, which is readable with `ls`. A version is two
files: its content, and a sidecar with its metadata. The sidecar is written last, so a
version exists once its sidecar does, and what a crash leaves behind is not a version.
There are no locks: ids are unique by their time and a random part, and an existing file
is never written again, so processes and machines may share a store.
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
    STORED_FORM,
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

#: The first member of a sidecar, which is the number of its form.
_FORM = "bookstore_store"


@dataclass(frozen=True)
class _KeyFolder:
    """A key, and the directory of its versions."""

    bucket: str
    key: str
    directory: Path

    def content(self, version_id: str) -> Path:
        return self.directory / content_name(self.key, version_id)

    def sidecar(self, version_id: str) -> Path:
        return self.directory / (version_id + SIDECAR)


class LocalStore(VersionStore):
    """One directory below `local_root` for each bucket. Needs no preparation."""

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
            remedy = "Free space or allow access, or set BookstoreSettings.local_root."
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
        folder = self._key_folder(key, None)
        content = Window(body, size)
        with translated(self.location):
            make_directory(folder.directory)
            version_id = new_version_id(self._newest_for_put(folder), self._now())
            # The content is written under its final name: creating the file reserves
            # the id, and nobody sees the version before its sidecar exists.
            write_new(folder.content(version_id), content)
            described = _describe(key, metadata, size=size, content_type=content_type)
            publish(folder.sidecar(version_id), described)
        return _version(folder, version_id, size, is_latest=True, metadata=metadata)

    def _newest_for_put(self, folder: _KeyFolder) -> str | None:
        ids = list_ids(folder.directory)
        if not ids:
            return None
        owner = _read_sidecar(folder, ids[0]).get("key", folder.key)
        if owner != folder.key:
            raise ConflictError(
                f"The directory {self.location} already keeps {owner!r}, which is "
                f"the same name as {folder.key!r} there. Choose another name."
            )
        return ids[0]

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        with translated(self.location):
            return self._find(self._key_folder(key, bucket), version_id)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        folder = self._key_folder(key, bucket)
        with translated(self.location):
            version = self._find(folder, version_id)
            file = folder.content(version.version_id).open("rb")
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
        folder = self._key_folder(key, bucket)
        with translated(self.location):
            ids = self._ids(folder)
            newest = ids[0] if ids else None
            rest = [known for known in ids if after is None or known < after]
            shown = rest[: max(limit, 1)]
            versions = tuple(
                _version(
                    folder,
                    known,
                    _listed_size(folder, known),
                    is_latest=known == newest,
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
        folder = self._key_folder(key, bucket)
        with translated(self.location):
            return {
                version_id: label
                for version_id, label in read_labels(folder.directory, only).items()
                if self._is_there(folder, version_id)
            }

    def _is_there(self, folder: _KeyFolder, version_id: str) -> bool:
        try:
            described = _read_sidecar(folder, version_id)
        except MISSING:
            return False
        return bool(described.get("key", folder.key) == folder.key)

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        folder = self._key_folder(key, None)
        with translated(self.location):
            self._find(folder, version_id)
            write_label(folder.directory, version_id, label)

    def _folder(self, prefix: str) -> Path:
        folders = prefix[: -len(DELIMITER)].split(DELIMITER) if prefix else []
        return folder_directory(self._directory, folders)

    def _newest(self, key: str, entry: KeyFolder) -> Version:
        folder = _KeyFolder(self.bucket, key, entry.directory)
        newest = list_ids(folder.directory)[0]
        return _version(folder, newest, _size(folder, newest), is_latest=True)

    def _key_folder(self, key: str, bucket: str | None) -> _KeyFolder:
        name, directory = self.bucket, self._directory
        if bucket is not None and bucket != name:
            name, directory = bucket, folder_directory(self._root, [bucket])
            if not (name and directory.is_dir()):
                raise NotFoundError(f"There is no bucket {name}.")
        return _KeyFolder(name, key, key_directory(directory, check_key(key)))

    def _ids(self, folder: _KeyFolder) -> list[str]:
        ids = list_ids(folder.directory)
        # A file system that ignores case also finds Mine.ipynb as mine.ipynb.
        if ids and _read_sidecar(folder, ids[0]).get("key", folder.key) != folder.key:
            return []
        return ids

    def _find(self, folder: _KeyFolder, version_id: str | None) -> Version:
        check_version_id(folder.key, version_id)
        found = version_id
        if found is None:
            ids = self._ids(folder)
            if not ids:
                raise NotFoundError(f"There is no {folder.key} in {folder.bucket}.")
            found = ids[0]
        if not is_version_id(found):
            raise no_such_version(folder.key, found)
        try:
            described = _read_sidecar(folder, found)
        except MISSING:
            raise no_such_version(folder.key, found) from None
        if described.get("key", folder.key) != folder.key:
            raise no_such_version(folder.key, found)
        check_form(_form_in(described), folder.key, found)
        return _version(
            folder,
            found,
            _size(folder, found),
            is_latest=version_id is None,
            metadata=_metadata_in(described),
        )


def _version(
    folder: _KeyFolder,
    version_id: str,
    size: int,
    *,
    is_latest: bool,
    metadata: VersionMetadata | None = None,
) -> Version:
    return Version(
        bucket=folder.bucket,
        key=folder.key,
        version_id=version_id,
        size=size,
        stored_at=time_of(version_id),
        is_latest=is_latest,
        metadata=metadata,
    )


def _size(folder: _KeyFolder, version_id: str) -> int:
    content = folder.content(version_id)
    try:
        return content.stat().st_size
    except MISSING:
        raise StorageError(
            f"The file {content} is missing, but its sidecar exists."
        ) from (None)


def _listed_size(folder: _KeyFolder, version_id: str) -> int:
    """Return the size, from the sidecar if the content is missing."""
    try:
        return _size(folder, version_id)
    except StorageError:
        size = _read_sidecar(folder, version_id).get("size")
        return size if isinstance(size, int) else 0


def _describe(
    key: str, metadata: VersionMetadata, *, size: int, content_type: str
) -> bytes:
    described = {
        _FORM: STORED_FORM,
        "key": key,
        "size": size,
        "content_type": content_type,
        **metadata.as_texts(),
    }
    return json.dumps(described, indent=1).encode("ascii") + b"\n"


def _read_sidecar(folder: _KeyFolder, version_id: str) -> dict[str, Any]:
    """Return the members of a sidecar, none if it is damaged."""
    try:
        described = json.loads(folder.sidecar(version_id).read_bytes())
    except (ValueError, RecursionError):
        return {}
    return described if isinstance(described, dict) else {}


def _form_in(described: dict[str, Any]) -> int:
    form = described.get(_FORM)
    return form if isinstance(form, int) else STORED_FORM


def _metadata_in(described: dict[str, Any]) -> VersionMetadata | None:
    try:
        return VersionMetadata.of_texts(described)
    except (KeyError, TypeError, ValueError):
        return None
