"""Labels in a bucket: tags on the version, and a marker to find it by.

A label is in the tags of its version. S3 lists versions without their tags, so there
is also a marker, an empty object, for each version that was ever labelled::

    {folder of the key}/.bookstore/labels/{name of the notebook}/{version id}

The marker is written before the tags and never removed. A marker whose version has no
label in its tags is ignored.
"""

import re
from collections.abc import Callable
from typing import Any

from bookstore_core.errors import InvalidRequestError, StorageError
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES, OWN_FOLDER
from bookstore_core.stores.label_texts import MAX_TAGS, TAGS, is_ours, tags_of
from bookstore_core.stores.versions import Label

#: Requests one page of a listing of keys.
Ask = Callable[..., dict[str, Any]]

#: Characters that are escaped: also `%`, which breaks listings of some servers.
_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9._\-]")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")


def markers_folder(key: str) -> str:
    """Return the prefix of the markers of a notebook, with its final slash."""
    folder, slash, name = key.rpartition(DELIMITER)
    return f"{folder}{slash}{OWN_FOLDER}/labels/{name}/"


def marker_key(key: str, version_id: str) -> str:
    """Return the key of a version's marker; raises InvalidRequestError if too long."""
    name = _UNSAFE.sub(lambda found: f"={ord(found[0]):02X}", version_id)
    marker = markers_folder(key) + name
    if len(marker.encode()) > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"Versions of {key} cannot be labelled: the path is too long."
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
            raise StorageError("The store did not return the next page of its labels.")
    return [_read_marker(name) for name in names if name and DELIMITER not in name]


def _read_marker(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def merge_tags(key: str, tags: dict[str, str], label: Label | None) -> dict[str, str]:
    """Return the tags of a version with this label, keeping those of other programs.

    Some servers refuse an empty set of tags, and deleting tags needs a permission of
    its own, so a removed label may leave an empty tag. Raises InvalidRequestError if
    there would be too many tags.
    """
    foreign = {name: value for name, value in tags.items() if not is_ours(name)}
    ours = tags_of(label) if label else {}
    if not foreign and not ours and tags:
        return {TAGS["name"]: ""}
    if len(foreign) + len(ours) > MAX_TAGS:
        raise InvalidRequestError(
            f"The label is too long for {key}: it needs {len(ours)} tags, the version "
            f"already has {len(foreign)}, and {MAX_TAGS} are allowed. Shorten the "
            "comment."
        )
    return {**foreign, **ours}
