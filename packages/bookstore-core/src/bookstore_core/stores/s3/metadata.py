"""A version's metadata as the headers that S3 keeps with an object.

S3 allows 2 KB of US-ASCII, including the names, so values are percent-encoded. One that
does not fit is in base64, of which a path of 1 KB needs 1.4 KB.
"""

import binascii
import re
from base64 import b64decode, b64encode
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
#: Texts that people write, and JSON. Each is in its shorter form, so that all that
#: `checks` allows fits, and the author as well.
_WRITTEN = ("title", "note", "run")


def _header(name: str) -> str:
    return "bookstore-" + name.replace("_", "-")


_NAMES = [known.name for known in fields(VersionMetadata)]
_BETWEEN = [name for name in _NAMES if name not in (*_FIRST, *_LAST)]
_HEADERS = {name: _header(name) for name in (*_FIRST, *_BETWEEN, *_LAST)}
_FORM_HEADER = _header("form")
#: In each version of a release that announces those with `moved_from`.
_ANNOUNCES = {_header("announces"): "1"}
#: Before a value in base64. No percent-encoded value begins with it.
_BASE64 = "%="
#: Texts that `quote` leaves as they are; it takes its time for that.
_PLAIN = re.compile("[A-Za-z0-9_.~/:@+,=-]*")
_NUMBER = re.compile("[0-9]{1,9}")


def encode_metadata(metadata: VersionMetadata) -> dict[str, str]:
    """Return the headers without their prefix; fields that do not fit are left out."""
    texts = metadata.as_texts()
    headers = {_FORM_HEADER: str(STORED_FORM), **_ANNOUNCES}
    room = MAX_BYTES - sum(
        len(HEADER_PREFIX + name + value) for name, value in headers.items()
    )
    for name, header in _HEADERS.items():
        left = room - len(HEADER_PREFIX) - len(header)
        encoded = _encoded(texts.get(name, ""), left, shorter=name in _WRITTEN)
        if encoded:
            headers[header] = encoded
            room = left - len(encoded)
    if metadata.restored_path and _HEADERS["restored_path"] not in headers:
        # Without the path, the id would be taken for a version of this notebook.
        headers.pop(_HEADERS["restored_from"], None)
    return headers


def _encoded(text: str, room: int, *, shorter: bool) -> str:
    """Return a text in the first form that fits into `room`; empty if none does.

    Readable, unless the other form is to be taken if it is `shorter`.
    """
    quoted = text
    if not _PLAIN.fullmatch(text):
        quoted = quote(text, safe="/:@+,=", errors="surrogatepass")
    if len(quoted) <= room and not shorter:
        return quoted
    data = text.encode("utf-8", "surrogatepass")
    short = _BASE64 + b64encode(data).decode("ascii")
    if len(quoted) <= min(room, len(short)):
        return quoted
    return short if len(short) <= room else ""


def form_in(headers: Mapping[str, str]) -> int:
    """Return the form of the metadata in an object's headers."""
    form = _decoded(headers).get(_FORM_HEADER, "")
    return int(form) if _NUMBER.fullmatch(form) else STORED_FORM


def announces_in(headers: Mapping[str, str]) -> bool:
    """Return whether the release that wrote an object's headers announces renames."""
    return _ANNOUNCES.items() <= _decoded(headers).items()


def decode_metadata(headers: Mapping[str, str]) -> VersionMetadata | None:
    """Return the metadata in an object's headers; None if bookstore wrote none."""
    values = _decoded(headers)
    texts = {n: values[header] for n, header in _HEADERS.items() if header in values}
    try:
        return VersionMetadata.of_texts(texts)
    except (KeyError, TypeError, ValueError):
        return None


def _decoded(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): _decoded_text(value) for name, value in headers.items()}


def _decoded_text(value: str) -> str:
    if value.startswith(_BASE64):
        try:
            data = b64decode(value.removeprefix(_BASE64), validate=True)
            return data.decode("utf-8", errors="replace")
        except (binascii.Error, ValueError):
            return ""
    return unquote(value, errors="replace")
