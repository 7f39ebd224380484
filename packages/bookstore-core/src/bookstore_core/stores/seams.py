"""Seams: a record of which versions of earlier releases have `moved_from`.

Earlier releases do not announce them (`arrivals.py`), so a history must look at each of
their versions. `jupyter bookstore doctor --repair` does that once for long histories,
and keeps the result beside the notebook, as JSON::

    {folder of the key}/.bookstore/seams/{name of the notebook}
    {"through": version id, "stored_at": time, "seams": [version id, ...]}

It holds for the version `through`, which was stored then, and all older ones.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from bookstore_core.clock import read_time, utc_now
from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, check_length
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.versions import Version, VersionMetadata, new_save_id

#: The maximum size of a record, in bytes.
MAX_RECORD = 1 << 20

RECORD_TYPE = "application/json"


@dataclass(frozen=True)
class SeamRecord:
    """The seams among the version `through` and the older ones, by their ids."""

    through: str
    stored_at: datetime
    seams: frozenset[str]

    def covers(self, version: Version) -> bool:
        """Return whether a listed version is `through` or surely older."""
        return version.version_id == self.through or version.stored_at < self.stored_at


def seams_key(key: str) -> str:
    """Return the key of the record; raises InvalidRequestError if it is too long."""
    folder, slash, name = key.rpartition(DELIMITER)
    return check_length(f"{folder}{slash}{OWN_FOLDER}/seams/{name}", what="key")


def read_seams(store: VersionStore, key: str) -> SeamRecord | None:
    """Return the record of a key; None if there is none that can be read."""
    try:
        with store.open(seams_key(key)) as opened:
            data = opened.read(MAX_RECORD)
    except BookstoreError as error:
        if error.retryable:
            raise
        return None
    try:
        known = json.loads(data)
        through, seams = known["through"], known["seams"]
        record = SeamRecord(through, read_time(known["stored_at"]), frozenset(seams))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    texts = [through, *seams]
    return record if all(isinstance(text, str) for text in texts) else None


def write_seams(
    store: VersionStore, key: str, through: Version, seams: Collection[str]
) -> None:
    """Write the record of a key, as a new version."""
    described = {
        "through": through.version_id,
        "stored_at": through.stored_at.astimezone(UTC).isoformat(),
        "seams": sorted(seams),
    }
    data = json.dumps(described).encode("ascii") + b"\n"
    store.put(
        seams_key(key),
        BytesIO(data),
        size=len(data),
        metadata=VersionMetadata(save_id=new_save_id(), saved_at=utc_now()),
        content_type=RECORD_TYPE,
    )


def can_record(key: str) -> bool:
    """Return whether the key of the record is not too long."""
    try:
        return bool(seams_key(key))
    except InvalidRequestError:
        return False
