"""LocalStore: versions as files in a directory, for one person or a shared drive.

`local/names.py` describes the layout, which is readable with `ls`. A version is two
files: its content, or what differs from an earlier version (`patches.py`), and a
sidecar with its metadata. The sidecar is written last, so a
version exists once its sidecar does, and what a crash leaves behind is not a version.
A deletion is one small file.
There are no locks: ids are unique by their time and a random part, and an existing file
is never written again, so processes and machines may share a store.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from bookstore_core.clock import utc_now
from bookstore_core.cursors import decode_cursor, encode_cursor
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    StoreMissingError,
)
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.checks import check_key, check_prefix
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.local.files import folders_of, translate_os_error, translated
from bookstore_core.stores.local.folders import Folders, Memory
from bookstore_core.stores.local.home import StoreHome
from bookstore_core.stores.local.key_folder import KeyFolder
from bookstore_core.stores.local.labels import (
    read_all_labels,
    read_labels,
    write_label,
)
from bookstore_core.stores.local.names import (
    DELETED,
    SIDECAR,
    content_name,
    folder_names,
    key_names,
    new_version_id,
)
from bookstore_core.stores.local.patches import PATCH, PatchWriter
from bookstore_core.stores.local.places import BATCH, Places
from bookstore_core.stores.local.sidecars import write_deletion, write_sidecar
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.local.upkeep.removals import LocalRemovals
from bookstore_core.stores.streams import CHUNK, GuardedBody, Window
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Removal,
    Version,
    VersionMetadata,
    VersionPage,
)

#: Names that a walk passes over for each key that it may return.
PASSED = 20

#: Bytes of the file that a check writes; a full disk may still take an empty one.
PROBE_SIZE = 64 * 1024


def _remedy_for(error: BookstoreError) -> str:
    if isinstance(error, ConfigurationError | StoreMissingError):
        return ""  # its sentence says what to do
    return (
        "Free space or allow access there, or choose another with "
        "BookstoreSettings.local_root."
    )


class LocalStore(VersionStore):
    """One directory below `local_root` for each bucket. Needs no preparation."""

    def __init__(
        self,
        settings: BookstoreSettings,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        batch: int = BATCH,
    ) -> None:
        self.bucket = settings.bucket
        self._root = Path(settings.local_root)
        mode = int(settings.local_mode, 8) if settings.local_mode else None
        self._home = StoreHome(self._root, folder_names([self.bucket]), mode=mode)
        prefix = settings.workspace_prefix or settings.published_prefix
        self._probed = folder_names(filter(None, prefix.split(DELIMITER)))
        self._now = now
        self._memory = Memory(monotonic)
        self._batch = batch
        self._patches = PatchWriter()

    @property
    def location(self) -> str:
        return str(self._home.path)

    def check(self, *, thorough: bool = False) -> StoreCheck:
        try:
            self._try()
        except BookstoreError as error:
            finding = Finding(False, str(error), _remedy_for(error))
            return StoreCheck((finding,), retryable=error.retryable)
        sentence = f"The directory {self.location} can be read and written."
        return StoreCheck((Finding(True, sentence),))

    def _try(self) -> None:
        """Write a file, remove it, and list; raises what `put` raises."""
        probe = f".bookstore-check-{os.urandom(4).hex()}"
        # Where versions go: the rights, or the disk, may differ from the top's.
        with (
            translated(self.location),
            self._home.made() as bucket,
            bucket.made_below(self._probed) as folder,
        ):
            folder.publish(probe, bytes(PROBE_SIZE))
            folder.remove(probe)
            folder.names()

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
                done = self._home.prepare()
            self._try()
        except BookstoreError as error:
            error.args = (f"{error} {_remedy_for(error)}".strip(),)
            raise
        return done

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
            folders_of(key, self.location),
            bucket.made_below(names) as folder,
            Places(folder, self._memory.versions) as places,
        ):
            found = KeyFolder(self.bucket, key, places)
            version_id, place = self._new_place(found)
            version = found.version(version_id, size, is_latest=True, metadata=metadata)
            base = self._write_content(found, version, place, content)
            described = write_sidecar(
                key, metadata, size=size, content_type=content_type, base=base
            )
            self._publish(places.folder(place), version_id + SIDECAR, described)
            return version

    def _write_content(
        self, found: KeyFolder, version: Version, place: str, content: Window
    ) -> str:
        """Write the content, whole or as a patch; return the id of a patch's base.

        It is written under its final name: creating the file reserves the id, and
        nobody sees the version before its sidecar exists.
        """
        folder = found.places.folder(place)
        name = content_name(version.key, version.version_id)
        base = found.base_for(place, version.size)
        if base is not None:
            data = b"".join(iter(lambda: content.read(CHUNK), b""))
            sha256 = version.metadata.sha256 if version.metadata else ""
            patch = self._patches.patch(folder, base, data, sha256)
            if patch is not None:
                folder.write_new(name + PATCH, BytesIO(patch))
                return base.version_id
            content.seek(0)
        folder.write_new(name, content)
        return ""

    def _publish(self, folder: Folder, name: str, described: bytes) -> None:
        folder.publish(name, described)
        self._memory.versions.forget(folder)

    def _new_place(self, found: KeyFolder) -> tuple[str, str]:
        """Return the id of a new version or deletion, and the place for it."""
        newest = found.places.newest()
        if newest is not None and found.newest() is None:
            raise ConflictError(
                f"The directory {self.location} already keeps {found.owner(newest)!r}, "
                f"which is the same name as {found.key!r} there. Choose another name."
            )
        place, after = found.places.for_new(self._batch)
        version_id = new_version_id(after, self._now())
        place = version_id if place is None else place
        found.places.made(place)
        return version_id, place

    def mark_deleted(self, key: str) -> Version:
        with self._opened(key, None) as found:
            found.find(None)
            deleted, place = self._new_place(found)
            folder = found.places.folder(place)
            self._publish(folder, deleted + DELETED, write_deletion(key))
            return found.version(deleted, 0, is_latest=True, deleted=True)

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        with self._opened(key, bucket) as found:
            return found.find(version_id)[0]

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        with self._opened(key, bucket) as found:
            version, place = found.find(version_id)
            file = found.open(version, place)
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
            newest = found.newest()
            rows = list(islice(found.newest_first(after), max(limit, 1) + 1))
            shown = rows[: max(limit, 1)]
            versions = tuple(
                found.listed(row, is_latest=row == newest) for row in shown
            )
        more = len(rows) > len(shown)
        return VersionPage(
            versions, encode_cursor("versions", shown[-1].version_id) if more else None
        )

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        prefix, after = check_prefix(prefix), decode_cursor("keys", cursor)
        with self._folders() as folders:
            found = islice(folders.listed(prefix, after), max(limit, 1) + 1)
            entries = list(found)
        shown = entries[: max(limit, 1)]
        more = len(entries) > len(shown)
        return KeyPage(
            tuple(newest for _, newest in shown if newest is not None),
            tuple(prefix + e.name for e, _ in shown if not e.is_key),
            encode_cursor("keys", shown[-1][0].name) if more else None,
        )

    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
    ) -> KeyPage:
        prefix, after = check_prefix(prefix), decode_cursor("walk", cursor)
        limit, shown, last = max(limit, 1), list[Version](), ""
        most = limit * (PASSED if wanted else 1)
        with self._folders() as folders:
            for looked, (key, newest) in enumerate(
                folders.walked(prefix, after, wanted)
            ):
                if looked >= most or len(shown) == limit:
                    return KeyPage(tuple(shown), (), encode_cursor("walk", last))
                last = key
                shown += [newest] if newest else []
        return KeyPage(tuple(shown))

    def every_key(self) -> Iterator[str]:
        with self._folders(own=True) as folders:
            yield from (key for key, _ in folders.walked("", None, lambda _: False))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        with self._opened(key, bucket) as found:
            if only is None:
                return {
                    version_id: label
                    for place, version_id, label in read_all_labels(found.places)
                    if found.holds(version_id, place)
                }
            return {
                version_id: label
                for version_id, label in read_labels(found.places, only).items()
                if found.has(version_id)
            }

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        with self._opened(key, None) as found:
            _, place = found.find(version_id)
            folder = found.places.folder(place)
            write_label(folder, version_id, label)
            self._memory.versions.forget(folder)

    def _remove(
        self, key: str, versions: Collection[Version], *, dry_run: bool
    ) -> Removal:
        with self._opened(key, None) as found:
            removals = LocalRemovals(found, self._now())
            ids = [version.version_id for version in versions]
            return removals.remove(ids, dry_run=dry_run)

    @contextmanager
    def _folders(self, *, own: bool = False) -> Iterator[Folders]:
        with (
            self._bucket() as bucket,
            Folders(self.bucket, bucket, self._memory, own=own) as folders,
        ):
            yield folders

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
        with (
            self._bucket(bucket) as found,
            _below(found, names) as folder,
            Places(folder, self._memory.versions) as places,
        ):
            yield KeyFolder(name, key, places)


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
def _below(bucket: Folder | None, names: list[str]) -> Iterator[Folder | None]:
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
