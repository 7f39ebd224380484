"""A version's metadata as the headers that S3 keeps with an object.

S3 allows 2 KB of US-ASCII, including the names, so values are percent-encoded.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from urllib.parse import quote, unquote

from bookstore_core.stores.checks import STORED_FORM
from bookstore_core.stores.versions import VersionMetadata

#: S3's limit is 2048; some servers count the header's own prefix as well.
MAX_BYTES = 2048
HEADER_PREFIX = "x-amz-meta-"

#: The most important fields. Only `moved_from` records the path before a rename.
_FIRST = ("save_id", "saved_at", "sha256", "moved_from")
#: The least important fields. The key contains the path as well.
_LAST = ("author", "source_path")


def _header(name: str) -> str:
    return "bookstore-" + name.replace("_", "-")


_NAMES = [known.name for known in fields(VersionMetadata)]
_BETWEEN = [name for name in _NAMES if name not in (*_FIRST, *_LAST)]
_HEADERS = {name: _header(name) for name in (*_FIRST, *_BETWEEN, *_LAST)}
_FORM_HEADER = _header("form")
_NUMBER = re.compile("[0-9]{1,9}")


def encode_metadata(metadata: VersionMetadata) -> dict[str, str]:
    """Return the headers without their prefix; fields that do not fit are left out."""
    texts = metadata.as_texts()
    headers = {_FORM_HEADER: str(STORED_FORM)}
    room = MAX_BYTES - len(HEADER_PREFIX) - len(_FORM_HEADER) - len(str(STORED_FORM))
    for name, header in _HEADERS.items():
        encoded = quote(texts[name], safe="/:@+,=", errors="surrogatepass")
        needed = len(HEADER_PREFIX) + len(header) + len(encoded)
        if encoded and needed <= room:
            headers[header] = encoded
            room -= needed
    if metadata.restored_path and _HEADERS["restored_path"] not in headers:
        # Without the path, the id would be taken for a version of this notebook.
        headers.pop(_HEADERS["restored_from"], None)
    return headers


def form_in(headers: Mapping[str, str]) -> int:
    """Return the form of the metadata in an object's headers."""
    form = _decoded(headers).get(_FORM_HEADER, "")
    return int(form) if _NUMBER.fullmatch(form) else STORED_FORM


def decode_metadata(headers: Mapping[str, str]) -> VersionMetadata | None:
    """Return the metadata in an object's headers; None if bookstore wrote none."""
    values = _decoded(headers)
    texts = {n: values[header] for n, header in _HEADERS.items() if header in values}
    try:
        return VersionMetadata.of_texts(texts)
    except (KeyError, TypeError, ValueError):
        return None


def _decoded(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.lower(): unquote(value, errors="replace")
        for name, value in headers.items()
    }
