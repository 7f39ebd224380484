"""Versions in S3's answers, read in a way that works with every S3 server.

Servers may return short or even empty pages although there is more: only
``IsTruncated`` counts. A list continues at the version id in the answer and at our own
key: some servers say that they encode the key in an answer but do not.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from bookstore_core.cursors import decode_cursor, encode_cursor
from bookstore_core.errors import StorageError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, is_own
from bookstore_core.stores.checks import check_form
from bookstore_core.stores.s3.errors import Asked
from bookstore_core.stores.s3.metadata import (
    announces_in,
    decode_metadata,
    form_in,
)
from bookstore_core.stores.s3.upkeep.locks import lock_in
from bookstore_core.stores.versions import KeyPage, Version, VersionPage

#: The version id of an object that S3 will overwrite.
OVERWRITABLE = "null"

#: The time of a row that has none.
UNKNOWN = datetime.fromtimestamp(0, UTC)

#: The maximum number of rows in a page of S3.
MAX_ROWS = 1000

#: Requests one page of a listing with parameters; returns botocore's answer.
Ask = Callable[..., dict[str, Any]]


def version_of(
    answer: dict[str, Any], asked: Asked, listed: Callable[[], Version | None]
) -> Version:
    """Return the version in an answer to a HEAD or GET.

    Some answers lack the size or the time: these are those of the version as `listed`.
    Raises NewerVersionError if only a newer release can read it.
    """
    # A bucket without versioning returns no id; this one reads the present object.
    version_id = answer.get("VersionId") or asked.version_id or OVERWRITABLE
    headers = answer.get("Metadata", {})
    check_form(form_in(headers), asked.key, version_id)
    size, stored_at = answer.get("ContentLength"), answer.get("LastModified")
    if size is None or stored_at is None:
        row = listed()
        if row is None:
            raise StorageError(
                f"The store says neither how large {asked.place} is nor when it was "
                "stored, and does not list it."
            )
        size, stored_at = row.size, row.stored_at
    return Version(
        bucket=asked.bucket,
        key=asked.key,
        version_id=version_id,
        size=size,
        stored_at=stored_at.astimezone(UTC),
        is_latest=asked.version_id is None,
        metadata=decode_metadata(headers),
        announces=announces_in(headers),
        locked=lock_in(answer),
    )


def find_version(
    ask: Ask, bucket: str, key: str, version_id: str | None
) -> Version | None:
    """Return a version as it is listed, the newest if no id is given; None if not."""
    cursor = None
    while True:
        page = list_versions(ask, bucket, key, cursor=cursor, limit=MAX_ROWS)
        for version in page.versions:
            if version.version_id == version_id or (
                version_id is None and not version.deleted
            ):
                return version
        cursor = page.cursor
        if cursor is None:
            return None


def list_versions(
    ask: Ask, bucket: str, key: str, *, cursor: str | None, limit: int
) -> VersionPage:
    """Return up to `limit` versions of exactly `key`, newest first."""
    start = decode_cursor("versions", cursor)
    after, time = _read_start(start)
    found: list[Version] = []
    while True:
        page = ask(
            Prefix=key,
            MaxKeys=min(limit - len(found), MAX_ROWS),
            **({"KeyMarker": key, "VersionIdMarker": after} if after else {}),
        )
        rows = _merge(page)
        if after is None and _is_disordered(page, key, rows):
            rows = _merge(ask(Prefix=key, MaxKeys=MAX_ROWS))
            ours = [_version(bucket, row) for row in rows if row["Key"] == key]
            more = ours[limit - 1].version_id if len(ours) > limit else None
            token = more and encode_cursor("versions", more)
            return VersionPage(tuple(ours[:limit]), token)
        found += [_version(bucket, row) for row in rows if row["Key"] == key]
        if _is_last(page, key, rows):
            if time and not found:
                found = list(_without_start(ask, bucket, key, after, time))[:limit]
            return VersionPage(tuple(found))
        # Not the id of the last row: rows of the same second may be in another order
        # on the server, and some would be skipped.
        following = page.get("NextVersionIdMarker")
        if not following or following == after:
            raise StorageError("The store did not return the next page of versions.")
        after = following
        if len(found) >= limit:
            cursor = encode_cursor("versions", _write_start(after, found[-1]))
            return VersionPage(tuple(found), cursor)


def _write_start(after: str, last: Version) -> str:
    """Return where a listing continues: the marker, and the time of the last row."""
    return f"{after}\n{last.stored_at.isoformat()}"


def _read_start(text: str | None) -> tuple[str | None, datetime | None]:
    after, _, time = (text or "").partition("\n")
    try:
        return after, datetime.fromisoformat(time).astimezone(UTC)
    except ValueError:
        return after or None, None  # of an earlier release, or of a version's id alone


def _without_start(
    ask: Ask, bucket: str, key: str, after: str | None, time: datetime
) -> Iterator[Version]:
    """Yield what follows a marker after which a server lists nothing.

    It may be the last version; but some servers list nothing either after a version
    that was removed. Then the versions from its time on follow; of those stored in the
    same second some may have been listed before.
    """
    older: list[Version] = []
    start: dict[str, str] = {}
    while True:
        page = ask(Prefix=key, MaxKeys=MAX_ROWS, **start)
        rows = [row for row in _merge(page) if row["Key"] == key]
        for version in (_version(bucket, row) for row in rows):
            if version.version_id == after:
                return
            if version.stored_at <= time:
                older.append(version)
        cursor = page.get("NextVersionIdMarker")
        if _is_last(page, key, rows) or not cursor:
            break
        start = {"KeyMarker": key, "VersionIdMarker": cursor}
    yield from older


def _is_disordered(page: dict[str, Any], key: str, rows: list[dict[str, Any]]) -> bool:
    """Return whether longer keys are listed before `key`, as SeaweedFS does.

    It sorts only what it puts into one page, so one large page is in order.
    """
    if not page.get("IsTruncated") or all(row["Key"] == key for row in rows):
        return False
    return page.get("NextKeyMarker") == key or all(row["Key"] != key for row in rows)


def _is_last(page: dict[str, Any], key: str, rows: list[dict[str, Any]]) -> bool:
    """Return whether no version of `key` follows; longer keys may follow."""
    following = page.get("NextKeyMarker") or key
    return (
        not page.get("IsTruncated")
        or any(row["Key"] != key for row in rows)
        # A marker that a server has damaged does not begin with our key.
        or (following != key and following.startswith(key))
    )


def _merge(page: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the versions and delete markers of a page in one list, newest first.

    botocore returns two lists. Within one second only the newest is known; the sort is
    stable, so each list keeps its own order.
    """
    rows = [{**row, "Deleted": False} for row in page.get("Versions", [])]
    rows += [{**row, "Deleted": True} for row in page.get("DeleteMarkers", [])]
    rows.sort(key=lambda row: (_time(row), row.get("IsLatest", False)), reverse=True)
    rows.sort(key=lambda row: row["Key"].encode("utf-8", "surrogatepass"))
    return rows


def _time(row: dict[str, Any]) -> datetime:
    known: datetime = row.get("LastModified", UNKNOWN)
    return known.astimezone(UTC)


def _version(bucket: str, row: dict[str, Any]) -> Version:
    return Version(
        bucket=bucket,
        key=row["Key"],
        version_id=row.get("VersionId") or OVERWRITABLE,
        size=row.get("Size", 0),
        stored_at=_time(row),
        is_latest=row.get("IsLatest", False),
        deleted=row["Deleted"],
    )


def list_keys(
    ask: Ask, bucket: str, prefix: str, *, cursor: str | None, limit: int
) -> KeyPage:
    """Return up to `limit` keys and folders directly below `prefix`."""
    token = decode_cursor("keys", cursor)
    keys: list[Version] = []
    folders: list[str] = []
    while True:
        page = ask(
            Prefix=prefix,
            Delimiter=DELIMITER,
            MaxKeys=min(limit - len(keys) - len(folders), MAX_ROWS),
            **({"ContinuationToken": token} if token else {}),
        )
        keys += _keys(bucket, prefix, page.get("Contents", []))
        below = [row["Prefix"] for row in page.get("CommonPrefixes", [])]
        folders += [folder for folder in below if not is_own(folder[len(prefix) :])]
        if not page.get("IsTruncated"):
            return KeyPage(tuple(keys), tuple(folders))
        token = page.get("NextContinuationToken")
        if not token:
            raise StorageError("The store did not return the next page of keys.")
        if len(keys) + len(folders) >= limit:
            return KeyPage(tuple(keys), tuple(folders), encode_cursor("keys", token))


def walk_keys(
    ask: Ask, bucket: str, prefix: str, *, cursor: str | None, limit: int
) -> KeyPage:
    """Return up to `limit` keys at all levels below `prefix`."""
    after = decode_cursor("walk", cursor)
    start = {"StartAfter": after} if after else {}
    keys: list[Version] = []
    while True:
        # One more than is returned, so that a full last page has no cursor.
        page = ask(Prefix=prefix, MaxKeys=min(limit - len(keys) + 1, MAX_ROWS), **start)
        found = list(_keys(bucket, prefix, page.get("Contents", [])))
        keys += [row for row in found if not is_own(row.key[len(prefix) :])]
        if len(keys) > limit:
            shown = keys[:limit]
            return KeyPage(tuple(shown), (), encode_cursor("walk", shown[-1].key))
        if not page.get("IsTruncated"):
            return KeyPage(tuple(keys))
        token = page.get("NextContinuationToken")
        if not token:
            raise StorageError("The store did not return the next page of keys.")
        start = _beyond_own(prefix, found) or {"ContinuationToken": token}


def _beyond_own(prefix: str, found: list[Version]) -> dict[str, str]:
    """Return where to continue after a page that ends in bookstore's own folder."""
    below = found[-1].key[len(prefix) :] if found else ""
    if not is_own(below):
        return {}
    folder = f"/{below}".partition(f"/{OWN_FOLDER}/")[0].removeprefix(DELIMITER)
    # All keys in that folder sort before `~`.
    start = DELIMITER.join(part for part in (folder, OWN_FOLDER, "~") if part)
    return {"StartAfter": prefix + start}


def _keys(
    bucket: str, prefix: str, rows: Iterable[dict[str, Any]]
) -> Iterator[Version]:
    for row in rows:
        if row["Key"] == prefix:
            continue  # an empty object that some tools create for a folder
        yield Version(
            bucket=bucket,
            key=row["Key"],
            version_id="",
            size=row.get("Size", 0),
            stored_at=_time(row),
            is_latest=True,
        )
