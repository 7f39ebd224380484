"""GuardedStore: a store that does for one person what the rules allow, and no more.

Each method raises ForbiddenError before the store is asked, whether a key exists or
not. Listings show only what the person may read.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO

from bookstore_core.cursors import decode_cursor, encode_cursor, read_cursor
from bookstore_core.errors import ForbiddenError
from bookstore_core.paths import printable
from bookstore_core.stores import (
    KeyPage,
    Label,
    OpenVersion,
    StoreCheck,
    Version,
    VersionMetadata,
    VersionPage,
    VersionStore,
)
from bookstore_core.stores.base import NOTEBOOK_TYPE
from bookstore_core.stores.checks import check_prefix
from bookstore_core.stores.versions import Removal
from bookstore_web.app.access.people import Person
from bookstore_web.app.access.policy import Policy, Readable, is_plain


class GuardedStore(VersionStore):
    """The store `inner`, for a person. `buckets` are others that may be read.

    What is written and labelled has the person as its author.
    """

    def __init__(
        self,
        inner: VersionStore,
        person: Person,
        policy: Policy,
        *,
        buckets: Collection[str] = (),
    ) -> None:
        self.bucket = inner.bucket
        self._inner = inner
        self._person = person
        self._policy = policy
        self._buckets = frozenset(buckets)

    @property
    def location(self) -> str:
        return self._inner.location

    def check(self, *, thorough: bool = False) -> StoreCheck:
        return self._inner.check()

    def prepare(self) -> list[str]:
        raise ForbiddenError("A service's store is prepared by who runs it.")

    def put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str = NOTEBOOK_TYPE,
    ) -> Version:
        self._check_write(key)
        metadata = replace(metadata, author=self._person.name)
        return self._inner.put(
            key, body, size=size, metadata=metadata, content_type=content_type
        )

    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        return self.put(
            key, body, size=size, metadata=metadata, content_type=content_type
        )

    def put_again(self, version: Version) -> Version:
        self._check_write(version.key)
        self._check_read(version.key, version.bucket)
        return self._inner.put_again(version)

    def remove_versions(
        self, key: str, versions: Collection[Version], *, dry_run: bool = False
    ) -> Removal:
        raise ForbiddenError("Versions are removed for good by who runs the service.")

    def mark_deleted(self, key: str) -> Version:
        self._check_write(key)
        return self._inner.mark_deleted(key)

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        self._check_read(key, bucket)
        return self._inner.head(key, version_id, bucket=bucket)

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        self._check_read(key, bucket)
        return self._inner.open(key, version_id, bucket=bucket)

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        self._check_read(key, bucket)
        return self._inner.list_versions(key, cursor=cursor, limit=limit, bucket=bucket)

    def cursor_after(self, version_id: str) -> str:
        return self._inner.cursor_after(version_id)

    def list_keys(
        self, prefix: str, *, cursor: str | None = None, limit: int = 1000
    ) -> KeyPage:
        prefix = check_prefix(prefix)
        readable = self._readable(prefix)
        if readable.includes_all(prefix):
            return self._inner.list_keys(prefix, cursor=cursor, limit=limit)
        if not readable.includes(prefix):
            return KeyPage((), _folders_below(prefix, readable))
        keys, folders, limit = list[Version](), list[str](), max(limit, 1)
        while True:
            # A cursor contains the last name of a page, so that one must be readable.
            most = limit - len(keys) - len(folders)
            page = self._inner.list_keys(prefix, cursor=cursor, limit=most)
            last = max((*(row.key for row in page.keys), *page.folders), default=None)
            keys += [row for row in page.keys if readable.includes(row.key)]
            folders += [name for name in page.folders if readable.includes(name)]
            cursor = page.cursor
            if cursor is None or (last is not None and readable.includes(last)):
                return KeyPage(tuple(keys), tuple(folders), cursor)

    def walk_keys(
        self,
        prefix: str,
        *,
        cursor: str | None = None,
        limit: int = 1000,
        wanted: Callable[[str], bool] | None = None,
    ) -> KeyPage:
        prefix = check_prefix(prefix)
        readable = self._readable(prefix)
        places = readable.within(prefix)
        if len(places) == 1:
            place, inner = places[0], cursor
        else:
            # Below one prefix after the other; the cursor says below which one.
            number, inner = (0, None) if cursor is None else _position(cursor)
            if number >= len(places):
                return KeyPage(())
            place = places[number]
        walk = partial(self._inner.walk_keys, place, wanted=wanted)
        if not readable.includes_all(place):
            walk = partial(_walk_around, walk, readable)
        page = walk(cursor=inner, limit=limit)
        if len(places) == 1:
            return page
        following: Any = (number, page.cursor) if page.cursor else (number + 1, None)
        if following[0] >= len(places):
            return replace(page, cursor=None)
        return replace(page, cursor=encode_cursor("walk-places", following))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        self._check_read(key, bucket)
        return self._inner.labels(key, bucket=bucket, only=only)

    def labels_named(self, key: str, name: str) -> dict[str, Label]:
        self._check_read(key)
        return self._inner.labels_named(key, name)

    def set_label(self, key: str, version_id: str, label: Label | None) -> None:
        self._check_write(key)
        if label is not None:
            label = replace(label, author=self._person.name, labelled_at=None)
        self._inner.set_label(key, version_id, label)

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        self.set_label(key, version_id, label)

    def holds(self, version: Version, sha256: str) -> bool:
        self._check_read(version.key, version.bucket)
        return self._inner.holds(version, sha256)

    def find_save(
        self,
        key: str,
        save_id: str,
        *,
        size: int,
        since: datetime | None = None,
        after: str | None = None,
    ) -> Version | None:
        self._check_read(key)
        return self._inner.find_save(key, save_id, size=size, since=since, after=after)

    def _readable(self, prefix: str) -> Readable:
        """Return what may be read; raises ForbiddenError if nothing below `prefix`."""
        readable = self._policy.readable(self._person)
        if (prefix and not is_plain(prefix)) or not readable.within(prefix):
            raise self._refusal("read", prefix)
        return readable

    def _check_read(self, key: str, bucket: str | None = None) -> None:
        if bucket not in (None, self.bucket):
            if not self._person.is_known or bucket not in self._buckets:
                raise ForbiddenError(
                    f"You may not read the bucket {printable(bucket)}. Who runs this "
                    "service can add it to BookstoreSettings.clone_buckets."
                )
        elif not self._policy.may_read(self._person, key):
            raise self._refusal("read", key)

    def _check_write(self, key: str) -> None:
        if not self._policy.may_write(self._person, key):
            raise self._refusal("change", key)

    def _refusal(self, verb: str, key: str) -> ForbiddenError:
        what = printable(key) or "the whole store"
        return ForbiddenError(f"You are not allowed to {verb} {what}.")


def _folders_below(prefix: str, readable: Readable) -> tuple[str, ...]:
    """Return the folders on the way from `prefix` to what may be read below it."""
    found = (known.removeprefix(prefix) for known in readable.within(prefix))
    return tuple(dict.fromkeys(f"{prefix}{name.partition('/')[0]}/" for name in found))


def _walk_around(
    walk: Callable[..., KeyPage], readable: Readable, *, cursor: str | None, limit: int
) -> KeyPage:
    """Return a page of a walk without what is hidden.

    What is hidden is passed over, so that no cursor contains the name of a hidden key,
    nor does a cursor that somebody makes up find out whether there are any.
    """
    found, limit = list[Version](), max(limit, 1)
    while True:
        if (after := decode_cursor("walk", cursor)) is not None:
            cursor = encode_cursor("walk", readable.beyond_hidden(after))
        page = walk(cursor=cursor, limit=limit - len(found))
        cursor = page.cursor
        for row in page.keys:
            if not readable.includes(row.key):
                cursor = encode_cursor("walk", row.key)
                break
            found.append(row)
        last = decode_cursor("walk", cursor)
        if last is None or readable.includes(last):
            return KeyPage(tuple(found), (), cursor)


def _position(cursor: str) -> tuple[int, str | None]:
    def read(position: Any) -> tuple[int, str | None]:
        number, inner = position
        if not isinstance(number, int) or not isinstance(inner, str | None):
            raise TypeError
        return max(number, 0), inner

    return read_cursor("walk-places", cursor, read)
