"""LocalStore: versions as files in a directory, for one person or a shared drive.

`local/names.py` describes the layout, which is readable with `ls`. A version is two
files: its content, and a sidecar with its metadata. The sidecar is written last, so a
version exists once its sidecar does, and what a crash leaves behind is not a version.
A deletion is one small file.
There are no locks: ids are unique by their time and a random part, and an existing file
is never written again, so processes and machines may share a store.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from bookstore_core.clock import utc_now
from bookstore_core.cursors import decode_cursor, encode_cursor
from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    NotFoundError,
    StoreMissingError,
)
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import Finding, StoreCheck, VersionStore
from bookstore_core.stores.checks import check_key, check_prefix
from bookstore_core.stores.local.files import translate_os_error, translated
from bookstore_core.stores.local.folders import (
    KeyEntry,
    Names,
    list_folder,
    list_ids,
    newest_in,
    walk_folder,
)
from bookstore_core.stores.local.home import StoreHome
from bookstore_core.stores.local.key_folder import KeyFolder
from bookstore_core.stores.local.labels import read_labels, write_label
from bookstore_core.stores.local.names import (
    DELETED,
    SIDECAR,
    content_name,
    folder_names,
    key_names,
    new_version_id,
)
from bookstore_core.stores.local.sidecars import write_deletion, write_sidecar
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.streams import GuardedBody, Window
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Version,
    VersionMetadata,
    VersionPage,
)

#: Bytes of the file that a check writes; a full disk may still take an empty one.
PROBE_SIZE = 64 * 1024


def _remedy_for(error: BookstoreError) -> str:
    if isinstance(error, StoreMissingError):
        return ""  # its sentence says what to do
    return "Free space or allow access, or set BookstoreSettings.local_root."


class LocalStore(VersionStore):
    """One directory below `local_root` for each bucket. Needs no preparation."""

    def __init__(
        self, settings: BookstoreSettings, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.bucket = settings.bucket
        self._root = Path(settings.local_root)
        mode = int(settings.local_mode, 8) if settings.local_mode else None
        self._home = StoreHome(self._root, folder_names([self.bucket]), mode=mode)
        prefix = settings.workspace_prefix or settings.published_prefix
        self._probed = folder_names(filter(None, prefix.split(DELIMITER)))
        self._now = now

    @property
    def location(self) -> str:
        return str(self._home.path)

    def check(self, *, thorough: bool = False) -> StoreCheck:
        probe = f".bookstore-check-{os.urandom(4).hex()}"
        try:
            # Where versions go: the rights, or the disk, may differ from the top's.
            with (
                translated(self.location),
                self._home.made() as bucket,
                bucket.made_below(self._probed) as folder,
            ):
                folder.publish(probe, bytes(PROBE_SIZE))
                folder.remove(probe)
                folder.files()
        except BookstoreError as error:
            finding = Finding(False, str(error), _remedy_for(error))
            return StoreCheck((finding,), retryable=error.retryable)
        sentence = f"The directory {self.location} can be read and written."
        return StoreCheck((Finding(True, sentence),))

    def problem(self) -> str:
        """Return why the directory cannot be read, a sentence; empty if it can be."""
        try:
            with translated(self.location), self._home.opened():
                return ""
        except BookstoreError as error:
            return str(error)

    def prepare(self) -> list[str]:
        try:
            with translated(self.location):
                return self._home.prepare()
        except BookstoreError as error:
            error.args = (f"{error} {_remedy_for(error)}".strip(),)
            raise

    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        names = key_names(check_key(key))
        content = Window(body, size)
        with (
            translated(self.location),
            self._home.made() as bucket,
            bucket.made_below(names) as folder,
        ):
            found = KeyFolder(self.bucket, key, folder)
            newest = self._newest_for_put(found, folder)
            version_id = new_version_id(newest, self._now())
            # The content is written under its final name: creating the file reserves
            # the id, and nobody sees the version before its sidecar exists.
            folder.write_new(content_name(key, version_id), content)
            described = write_sidecar(
                key, metadata, size=size, content_type=content_type
            )
            folder.publish(version_id + SIDECAR, described)
            return found.version(version_id, size, is_latest=True, metadata=metadata)

    def _newest_for_put(self, found: KeyFolder, folder: Folder) -> str | None:
        newest = next(iter(list_ids(folder)), None)
        if newest is None:
            return None
        if not found.ids():
            owner = found.owner(newest)
            raise ConflictError(
                f"The directory {self.location} already keeps {owner!r}, which is "
                f"the same name as {found.key!r} there. Choose another name."
            )
        return newest

    def mark_deleted(self, key: str) -> Version:
        with self._opened(key, None) as found:
            newest = found.find(None).version_id
            deleted = new_version_id(newest, self._now())
            assert found.folder is not None
            found.folder.publish(deleted + DELETED, write_deletion(key))
            return found.listed(deleted, is_latest=True, deleted=True)

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        with self._opened(key, bucket) as found:
            return found.find(version_id)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        with self._opened(key, bucket) as found:
            version = found.find(version_id)
            file = found.open(version.version_id)
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
        with self._opened(key, bucket) as found:
            ids = found.ids()
            newest = next(iter(ids), None)
            rest = [known for known in ids if after is None or known < after]
            shown = rest[: max(limit, 1)]
            versions = tuple(
                found.listed(known, is_latest=known == newest, deleted=ids[known])
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
        shown: list[KeyEntry] = []
        newest: list[Version] = []
        more = None
        with self._bucket() as bucket:
            if bucket is None:
                return KeyPage(())
            for entry in list_folder(bucket, _names_of(prefix), after=after):
                if len(shown) == max(limit, 1):
                    more = encode_cursor("keys", shown[-1].name)
                    break
                shown.append(entry)
                if entry.is_key:
                    newest += self._newest(bucket, prefix + entry.part, entry)
        below = tuple(prefix + entry.name for entry in shown if not entry.is_key)
        return KeyPage(tuple(newest), below, more)

    def walk_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        prefix, after = check_prefix(prefix), decode_cursor("walk", cursor)
        shown: list[Version] = []
        with self._bucket() as bucket:
            if bucket is None:
                return KeyPage(())
            names = _names_of(prefix)
            for name, entry in walk_folder(bucket, names, prefix, after=after):
                if len(shown) == max(limit, 1):
                    more = encode_cursor("walk", shown[-1].key)
                    return KeyPage(tuple(shown), (), more)
                shown += self._newest(bucket, name, entry)
        return KeyPage(tuple(shown))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        with self._opened(key, bucket) as found:
            if found.folder is None:
                return {}
            return {
                version_id: label
                for version_id, label in read_labels(found.folder, only).items()
                if found.has(version_id)
            }

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        with self._opened(key, None) as found:
            found.find(version_id)
            if found.folder is not None:
                write_label(found.folder, version_id, label)

    def _newest(self, bucket: Folder, key: str, entry: KeyEntry) -> list[Version]:
        """Return the newest version of a key; none if it was removed meanwhile."""
        with _below(bucket, entry.names) as folder:
            found = KeyFolder(self.bucket, key, folder)
            newest = newest_in(list_ids(folder))
            return [] if newest is None else [found.listed(newest, is_latest=True)]

    @contextmanager
    def _bucket(self, name: str | None = None) -> Iterator[Folder | None]:
        """Open the directory of a bucket; None if there is none yet."""
        with translated(self.location):
            if name in (None, self.bucket):
                with self._home.opened() as bucket:
                    yield bucket
                return
            with _other_bucket(self._root, name or "") as other:
                yield other

    @contextmanager
    def _opened(self, key: str, bucket: str | None) -> Iterator[KeyFolder]:
        """Open the directory of the versions of a key."""
        names = key_names(check_key(key))
        name = self.bucket if bucket is None else bucket
        with self._bucket(bucket) as found, _below(found, names) as folder:
            yield KeyFolder(name, key, folder)


@contextmanager
def _other_bucket(root: Path, name: str) -> Iterator[Folder]:
    try:
        if not name:
            raise FileNotFoundError
        with Folder.at(root) as top:
            bucket = top.below(folder_names([name]))
    except MISSING:
        raise NotFoundError(f"There is no bucket {name}.") from None
    with bucket:
        yield bucket


@contextmanager
def _below(bucket: Folder | None, names: Names | list[str]) -> Iterator[Folder | None]:
    """Open a directory in a bucket; None if there is none."""
    try:
        folder = bucket.below(names) if bucket is not None else None
    except MISSING:
        folder = None
    if folder is None:
        yield None
        return
    with folder:
        yield folder


def _names_of(prefix: str) -> Names:
    folders = prefix[: -len(DELIMITER)].split(DELIMITER) if prefix else []
    return tuple(folder_names(folders))
