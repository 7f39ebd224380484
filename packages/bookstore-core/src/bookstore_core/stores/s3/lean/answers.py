"""S3's answers as botocore returns them, read with less work.

Each function returns None if an answer is not as expected; botocore's own parser reads
it then, and decides what it means.
"""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree

METADATA = "x-amz-meta-"

#: The headers of answers to PUT and HEAD that are used, by their names in botocore.
TEXTS = {
    "x-amz-version-id": "VersionId",
    "etag": "ETag",
    "x-amz-object-lock-mode": "ObjectLockMode",
    "x-amz-object-lock-legal-hold": "ObjectLockLegalHoldStatus",
}
LOCKED_UNTIL = "x-amz-object-lock-retain-until-date"

#: Rows of listings: the tag of one, and the name of the list in botocore.
ROWS = {
    "Version": "Versions",
    "DeleteMarker": "DeleteMarkers",
    "Contents": "Contents",
    "CommonPrefixes": "CommonPrefixes",
}

#: Members that are percent-encoded if the server says so, in rows and beside them.
ENCODED = frozenset({"Key", "Prefix", "NextKeyMarker", "KeyMarker", "StartAfter"})

NUMBERS = frozenset({"Size", "MaxKeys", "KeyCount"})
YES_OR_NO = frozenset({"IsLatest", "IsTruncated"})


def read_headers(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the answer to a PUT or HEAD of an object."""
    answer: dict[str, Any] = {"Metadata": {}}
    try:
        for name, value in headers.items():
            lower = name.lower()
            if lower.startswith(METADATA):
                answer["Metadata"][name[len(METADATA) :]] = value
            elif lower in TEXTS:
                answer[TEXTS[lower]] = value
            elif lower == "content-length":
                answer["ContentLength"] = int(value)
            elif lower == "last-modified":
                answer["LastModified"] = _http_date(value)
            elif lower == LOCKED_UNTIL:
                answer["ObjectLockRetainUntilDate"] = _iso_time(value)
    except ValueError:
        return None
    return answer


@lru_cache(maxsize=64)
def _http_date(text: str) -> datetime:
    found = parsedate_to_datetime(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def _iso_time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def read_listing(data: bytes) -> dict[str, Any] | None:
    """Return the answer to a listing of versions or keys."""
    try:
        root = ElementTree.fromstring(data)  # noqa: S314  # as botocore does
        if "Listing" not in root.tag and not root.tag.endswith("Result"):
            return None
        return _listing(root)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _listing(root: ElementTree.Element) -> dict[str, Any]:
    encoded = any(
        _plain(part.tag) == "EncodingType" and part.text == "url" for part in root
    )
    answer: dict[str, Any] = {}
    for part in root:
        tag = _plain(part.tag)
        rows = ROWS.get(tag)
        if rows is None:
            answer[tag] = _value(tag, part.text or "", encoded=encoded)
            continue
        row = {
            name: _value(name, member.text or "", encoded=encoded)
            for member in part
            if (name := _plain(member.tag)) not in ("Owner", "RestoreStatus")
        }
        answer.setdefault(rows, []).append(row)
    return answer


def _plain(tag: str) -> str:
    """Return a tag without its namespace, of which some servers have none."""
    return tag.rpartition("}")[2]


def _value(tag: str, text: str, *, encoded: bool) -> Any:
    if tag in ENCODED:
        return unquote_plus(text) if encoded else text
    if tag == "LastModified":
        return _iso_time(text)
    if tag in NUMBERS:
        return int(text)
    if tag in YES_OR_NO:
        return text == "true"
    return text
