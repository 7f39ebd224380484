"""Labels as texts: the tags of an object in S3, or the members of a JSON file.

The value of a tag is up to 256 letters, digits, spaces and ``+-=._:/@``, and an object
has at most ten tags. A text is encoded in the shorter of two ways: readable, with the
bytes of every other character as ``=XX``; or, after ``==``, as base64 of UTF-16, which
takes a third of the space for most scripts but Latin. A text that is longer than a
value continues in tags that are numbered from 2.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC

from bookstore_core.clock import read_time
from bookstore_core.paths import well_formed
from bookstore_core.stores.versions import Label

#: The tag for each text of a label.
TAGS = {
    "name": "bookstore-label",
    "comment": "bookstore-label-comment",
    "author": "bookstore-label-author",
    "labelled_at": "bookstore-label-at",
}

MAX_TAGS = 10
MAX_VALUE = 256
DENSE = "=="

_OURS = re.compile(rf"({'|'.join(TAGS.values())})(\.[0-9]+)?")
#: Servers may trim a space at an end, and decode a plus as a space.
_UNSAFE = re.compile(r"^ | $|[^A-Za-z0-9 \-._:/@]")
_ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")


def encode_text(text: str) -> str:
    """Return `text` in the characters that every S3 server accepts in a tag."""
    plain = _UNSAFE.sub(lambda found: _escape(found[0]), text)
    dense = DENSE + base64.b64encode(text.encode("utf-16-be")).decode("ascii")
    return min(plain, dense, key=len)


def decode_text(value: str) -> str:
    """Return the text that `encode_text` encoded; raises ValueError if malformed."""
    if value.startswith(DENSE):
        encoded = value.removeprefix(DENSE)
        return base64.b64decode(encoded, validate=True).decode("utf-16-be")
    return _ESCAPED.sub(lambda found: _unescape(found[0]), value)


def _escape(text: str) -> str:
    return "".join(f"={byte:02X}" for byte in text.encode())


def _unescape(text: str) -> str:
    return bytes.fromhex(text.replace("=", "")).decode()


def texts_of(label: Label) -> dict[str, str]:
    """Return the fields of a label as texts, by name; the time as ISO in UTC."""
    at = label.labelled_at
    return {
        "name": label.name,
        "comment": label.comment,
        "author": label.author,
        "labelled_at": at.astimezone(UTC).isoformat() if at else "",
    }


def label_of(texts: Mapping[str, str]) -> Label | None:
    """Return the label with these texts; None if it has no name."""
    if not texts.get("name"):
        return None
    try:
        at = read_time(texts["labelled_at"])
    except (KeyError, ValueError):
        at = None
    known = {name: well_formed(text) for name, text in texts.items()}
    return Label(known["name"], known.get("comment", ""), known.get("author", ""), at)


def tags_of(label: Label) -> dict[str, str]:
    """Return the tags for a label, which may be more than an object can have."""
    tags: dict[str, str] = {}
    for name, text in texts_of(label).items():
        value = encode_text(text)
        for start in range(0, len(value), MAX_VALUE):
            number = start // MAX_VALUE + 1
            tag = TAGS[name] if number == 1 else f"{TAGS[name]}.{number}"
            tags[tag] = value[start : start + MAX_VALUE]
    return tags


def is_ours(tag: str) -> bool:
    """Say whether a tag of this name is part of a label."""
    return _OURS.fullmatch(tag) is not None


def label_in(tags: Mapping[str, str]) -> Label | None:
    """Return the label in the tags of an object; None if there is none."""
    try:
        return label_of(
            {name: decode_text(_whole(tags, tag)) for name, tag in TAGS.items()}
        )
    except ValueError:
        return None


def _whole(tags: Mapping[str, str], tag: str) -> str:
    value = tags.get(tag, "")
    number = 2
    while value and (more := tags.get(f"{tag}.{number}", "")):
        value += more
        number += 1
    return value
