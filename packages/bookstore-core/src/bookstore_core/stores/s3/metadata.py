"""A version's metadata as the headers that S3 keeps with an object.

S3 keeps 2 KB of US-ASCII, names included, so values are percent-encoded.
"""

from collections.abc import Mapping
from datetime import UTC
from urllib.parse import quote, unquote

from bookstore_core.clock import read_time
from bookstore_core.stores.versions import VersionMetadata

SAVE_ID = "bookstore-save-id"
SAVED_AT = "bookstore-saved-at"
SHA256 = "bookstore-sha256"
AUTHOR = "bookstore-author"
SOURCE_PATH = "bookstore-source-path"
RESTORED_FROM = "bookstore-restored-from"
RESTORED_PATH = "bookstore-restored-path"
MOVED_FROM = "bookstore-moved-from"

#: S3's limit is 2048; some servers count the header's own prefix as well.
MAX_BYTES = 2048
HEADER_PREFIX = "x-amz-meta-"


def encode_metadata(metadata: VersionMetadata) -> dict[str, str]:
    """Return the headers, without their prefix; what does not fit is left out.

    The first ones matter most: nothing else tells where a notebook was before it was
    moved, while its path now can be read off its key.
    """
    values = {
        SAVE_ID: metadata.save_id,
        SAVED_AT: metadata.saved_at.astimezone(UTC).isoformat(),
        SHA256: metadata.sha256,
        MOVED_FROM: metadata.moved_from,
        RESTORED_FROM: metadata.restored_from,
        RESTORED_PATH: metadata.restored_path,
        AUTHOR: metadata.author,
        SOURCE_PATH: metadata.source_path,
    }
    headers: dict[str, str] = {}
    room = MAX_BYTES
    for name, value in values.items():
        encoded = quote(value, safe="/:@+,=", errors="surrogatepass")
        needed = len(HEADER_PREFIX) + len(name) + len(encoded)
        if value and needed <= room:
            headers[name] = encoded
            room -= needed
    if metadata.restored_path and RESTORED_PATH not in headers:
        # Without its path it would name a version of this notebook.
        headers.pop(RESTORED_FROM, None)
    return headers


def decode_metadata(headers: Mapping[str, str]) -> VersionMetadata | None:
    """Return the metadata in an object's headers, None where bookstore wrote none."""
    values = {
        name.lower(): unquote(value, errors="surrogatepass")
        for name, value in headers.items()
        if name.lower().startswith("bookstore-")
    }
    try:
        saved_at = read_time(values[SAVED_AT])
        save_id = values[SAVE_ID]
    except (KeyError, ValueError):
        return None
    return VersionMetadata(
        save_id=save_id,
        saved_at=saved_at,
        author=values.get(AUTHOR, ""),
        sha256=values.get(SHA256, ""),
        source_path=values.get(SOURCE_PATH, ""),
        restored_from=values.get(RESTORED_FROM, ""),
        restored_path=values.get(RESTORED_PATH, ""),
        moved_from=values.get(MOVED_FROM, ""),
    )
