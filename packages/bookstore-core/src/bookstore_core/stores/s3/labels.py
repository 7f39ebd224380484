"""Labels in a bucket: tags on the version, and a marker that says where to look.

A label is in the tags of its version. S3 lists versions without their tags, so beside
the tags there is an empty object per version that was ever labelled::

    {folder of the key}/.bookstore/labels/{name of the notebook}/{version id}

The marker is written before the tags and never removed. A marker whose version has no
tags of a label counts for nothing.
"""

import re
from collections.abc import Callable
from typing import Any

from bookstore_core.errors import InvalidRequestError, StorageError
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES, OWN_FOLDER
from bookstore_core.stores.label_texts import MAX_TAGS, TAGS, is_ours, tags_of
from bookstore_core.stores.versions import Label

#: Asks for one page of a listing of keys.
Ask = Callable[..., dict[str, Any]]

#: Not `%`, at which the markers of some servers' listings break, and no leading dot.
_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9._\-]")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")


def markers_folder(key: str) -> str:
    """Return the prefix, with its slash, of the markers of a notebook."""
    folder, slash, name = key.rpartition(DELIMITER)
    return f"{folder}{slash}{OWN_FOLDER}/labels/{name}/"


def marker_key(key: str, version_id: str) -> str:
    """Return the key of a version's marker; raises InvalidRequestError if too long."""
    name = _UNSAFE.sub(lambda found: f"={ord(found[0]):02X}", version_id)
    marker = markers_folder(key) + name
    if len(marker.encode()) > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"The path of {key} is too long for its versions to be labelled."
        )
    return marker


def list_marked(ask: Ask, key: str) -> list[str]:
    """Return the ids of the versions of `key` that have ever had a label."""
    folder = markers_folder(key)
    if len(folder.encode()) > MAX_KEY_BYTES:
        return []
    names: list[str] = []
    token = None
    while True:
        page = ask(Prefix=folder, **({"ContinuationToken": token} if token else {}))
        names += [row["Key"].removeprefix(folder) for row in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            break
        token = page.get("NextContinuationToken")
        if not token:
            raise StorageError("The store does not say how its list of labels goes on.")
    return [_read_marker(name) for name in names if name and DELIMITER not in name]


def _read_marker(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def merge_tags(key: str, tags: dict[str, str], label: Label | None) -> dict[str, str]:
    """Return the tags of a version with this label, and with those of others kept.

    A set of tags cannot be written empty everywhere, and removing one is a right of its
    own, so of a label that was removed an empty tag may stay. Raises
    InvalidRequestError when there would be too many.
    """
    foreign = {name: value for name, value in tags.items() if not is_ours(name)}
    ours = tags_of(label) if label else {}
    if not foreign and not ours and tags:
        return {TAGS["name"]: ""}
    if len(foreign) + len(ours) > MAX_TAGS:
        raise InvalidRequestError(
            f"The label is too long to be kept with {key}: the store has room for "
            f"{MAX_TAGS} tags on a version, it would take {len(ours)}, and "
            f"{len(foreign)} are there. Shorten the comment."
        )
    return {**foreign, **ours}
