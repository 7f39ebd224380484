"""Versions of a bucket removed for good: those ids only, never by a delete marker.

Object Lock is respected: what is locked is reported, and nothing tries to go around it:
the right to bypass governance is never used. What is known to be locked is not sent.
What the store refuses is reported, and the rest is removed. After the versions, the
markers of their labels are removed (`labels.py`).
"""

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bookstore_core.errors import (
    BookstoreError,
    ForbiddenError,
    StorageUnavailableError,
)
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES
from bookstore_core.stores.s3 import listings
from bookstore_core.stores.s3.errors import (
    NO_SUCH_VERSION,
    Asked,
    Failure,
    translate_failure,
)
from bookstore_core.stores.s3.labels import (
    markers_folder,
    names_folder,
    version_of_marker,
)
from bookstore_core.stores.s3.listings import MAX_ROWS, OVERWRITABLE
from bookstore_core.stores.s3.remedies import RIGHT, remedy_for
from bookstore_core.stores.s3.upkeep.locks import lock_in
from bookstore_core.stores.versions import Removal, Version

#: The most objects in one request.
BATCH = 1000

#: Versions that one removal looks at to learn why they were refused.
LOOKS = 20

#: How often rows are sent again that the store could not remove for the moment.
ATTEMPTS = 4

#: What S3 and other servers say of an object that is locked.
_LOCK = re.compile(r"object.?lock|worm|legal.?hold|retention|compliance", re.IGNORECASE)

#: Sends a request that may be sent again.
Ask = Callable[..., dict[str, Any]]

#: The key and the id of a version.
Row = tuple[str, str]


@dataclass
class _Kept:
    """What stays, with the reason: what is locked, and what the store refused."""

    locked: dict[Row, str] = field(default_factory=dict)
    refused: dict[Row, str] = field(default_factory=dict)


class S3Removals:
    """Removes versions of one key of a bucket."""

    def __init__(
        self, read: Ask, asked: Asked, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._read = read
        self._asked = asked
        self._pause = pause
        self._looks = LOOKS

    def remove(self, versions: Collection[Version], *, dry_run: bool) -> Removal:
        """Remove these versions, then the markers of versions that are gone."""
        # A row without an id would be taken for a request to mark the key as deleted.
        rows = {
            (self._asked.key, known.version_id): known
            for known in versions
            if known.version_id not in ("", OVERWRITABLE)
        }
        kept = _Kept({row: known.locked for row, known in rows.items() if known.locked})
        going = [row for row in rows if row not in kept.locked]
        if going and not dry_run:
            self._delete(going, kept)
        stays = {**kept.locked, **kept.refused}
        gone = [row for row in going if row not in stays]
        if gone and not dry_run:
            self._delete(self._stale_markers(), _Kept())
        return Removal(
            tuple(version_id for _, version_id in gone),
            {version_id: why for (_, version_id), why in kept.locked.items()},
            {version_id: why for (_, version_id), why in kept.refused.items()},
            sum(rows[row].size for row in gone),
        )

    def _delete(self, rows: Sequence[Row], kept: _Kept) -> None:
        """Remove versions, except for those that the store keeps."""
        for start in range(0, len(rows), BATCH):
            left = list(rows[start : start + BATCH])
            for attempt in range(ATTEMPTS):
                if attempt:
                    self._pause(0.2 * 2**attempt)
                errors = self._send(left)
                left = [
                    (error["Key"], error["VersionId"])
                    for error in errors
                    if self._may_pass(error, kept)
                ]
                if not left:
                    break
            else:
                raise StorageUnavailableError(
                    f"The store could not remove {len(left)} versions now."
                )

    def _send(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        objects = [{"Key": key, "VersionId": known} for key, known in rows]
        asked = replace(self._asked, key="", version_id=None)
        try:
            answer = self._read(
                "delete_objects", asked, Delete={"Objects": objects, "Quiet": True}
            )
        except ForbiddenError as error:
            if error.wide:
                raise
            refused = {"Code": "AccessDenied", "Sentence": str(error)}
            return [{**row, **refused} for row in objects]
        errors: list[dict[str, Any]] = answer.get("Errors", [])
        if all(error.get("VersionId") for error in errors):
            return errors
        if len(rows) > 1:
            # It does not say which: one at a time then. What is gone stays gone.
            return [error for row in rows for error in self._send([row])]
        return [{**error, **objects[0]} for error in errors]

    def _may_pass(self, error: dict[str, Any], kept: _Kept) -> bool:
        """Return whether a version may be removed later; note why it stays for good."""
        failure = Failure(
            str(error.get("Code", "")), 0, str(error.get("Message") or "")
        )
        if failure.code in NO_SUCH_VERSION or failure.code == "NoSuchKey":
            return False  # it is gone
        row = (error["Key"], error["VersionId"])
        asked = replace(self._asked, key=row[0], version_id=row[1])
        ours = translate_failure(failure, replace(asked, version_id=None))
        if ours.wide:
            raise ours
        locked = self._lock(asked, failure)
        if locked:
            kept.locked[row] = locked
        elif not ours.retryable:
            sentence = error.get("Sentence") or str(ours)
            kept.refused[row] = f"{sentence} {remedy_for(ours, RIGHT)}".strip()
        return ours.retryable and not locked

    def _lock(self, asked: Asked, failure: Failure) -> str:
        """Return why a version is locked that was not removed; empty if it is not."""
        if _LOCK.search(failure.reason):
            return f"The store keeps it: {failure.reason}."
        if failure.code != "AccessDenied" or not self._looks:
            return ""
        self._looks -= 1
        try:
            return lock_in(self._read("head_object", asked))
        except BookstoreError:
            return ""

    def _stale_markers(self) -> list[Row]:
        """Return the markers of labels whose versions are gone."""
        key = self._asked.key
        found = [*self._marked(markers_folder(key)), *self._marked(names_folder(key))]
        if not found:
            return []
        # Listed after the markers: a version that was labelled meanwhile is there.
        present, cursor = set[str](), None
        ask = partial(self._read, "list_object_versions", self._bucket)
        while True:
            page = listings.list_versions(
                ask, self._asked.bucket, key, cursor=cursor, limit=MAX_ROWS
            )
            present |= {version.version_id for version in page.versions}
            cursor = page.cursor
            if cursor is None:
                break
        return [row for row, version_id in found if version_id not in present]

    @property
    def _bucket(self) -> Asked:
        return replace(self._asked, key="", version_id=None)

    def _marked(self, folder: str) -> Iterator[tuple[Row, str]]:
        """Yield each version of a marker, and the id of the version it is about."""
        if len(folder.encode()) > MAX_KEY_BYTES:
            return
        start: dict[str, str] = {}
        while True:
            page = self._read(
                "list_object_versions", self._bucket, Prefix=folder, **start
            )
            for row in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                version_id = row.get("VersionId") or OVERWRITABLE
                about = version_of_marker(row["Key"].rpartition(DELIMITER)[2])
                if about and version_id != OVERWRITABLE:
                    yield (row["Key"], version_id), about
            if not page.get("IsTruncated"):
                return
            start = {
                "KeyMarker": page["NextKeyMarker"],
                "VersionIdMarker": page["NextVersionIdMarker"],
            }
