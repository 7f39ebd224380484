"""Sidecars of the local store: a JSON file beside each version, with its metadata.

Anything may be in such a file, because others may be able to write to the store. It is
read up to a limit; what is not as it should be counts as unknown.
"""

import json
from collections.abc import Mapping
from typing import Any

from bookstore_core.stores.checks import STORED_FORM
from bookstore_core.stores.local.names import DELETED, SIDECAR, is_version_id
from bookstore_core.stores.local.tree import Folder
from bookstore_core.stores.versions import VersionMetadata

#: The maximum size of a sidecar, in bytes; those that bookstore writes are smaller.
MAX_SIDECAR = 64 * 1024

#: The first member of a sidecar, which is the number of its form.
_FORM = "bookstore_store"
#: The form of a version whose content is a patch of another one, its base.
PATCH_FORM = 2
_BASE = "base"
#: A member of each sidecar of a release that announces versions with `moved_from`.
_ANNOUNCES = "announces"

Sidecar = dict[str, Any]


def write_sidecar(
    key: str,
    metadata: VersionMetadata,
    *,
    size: int,
    content_type: str,
    base: str = "",
) -> bytes:
    """Return the content of a sidecar; `base` is the id of the base of a patch."""
    described = {
        _FORM: PATCH_FORM if base else STORED_FORM,
        **({_BASE: base} if base else {}),
        "key": key,
        "size": size,
        "content_type": content_type,
        _ANNOUNCES: True,
        **metadata.as_texts(),
    }
    return json.dumps(described, indent=1).encode("ascii") + b"\n"


def write_deletion(key: str) -> bytes:
    """Return the content of the file that marks a key as deleted."""
    return (
        json.dumps({_FORM: STORED_FORM, "key": key}, indent=1).encode("ascii") + b"\n"
    )


def read_sidecar(folder: Folder, version_id: str) -> Sidecar:
    """Return the members of a sidecar, none if it is damaged.

    Raises FileNotFoundError if it is missing.
    """
    return read_members(folder, version_id + SIDECAR, limit=MAX_SIDECAR)


def read_deletion(folder: Folder, version_id: str) -> Sidecar:
    """Return the members of the file of a deletion, as `read_sidecar` does."""
    return read_members(folder, version_id + DELETED, limit=MAX_SIDECAR)


def read_members(folder: Folder, name: str, *, limit: int) -> Sidecar:
    """Return the members of a small JSON file, none if it is damaged or larger."""
    data = folder.read(name, limit=limit + 1)
    try:
        members = json.loads(data) if len(data) <= limit else None
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def form_in(described: Mapping[str, Any]) -> int:
    """Return the form of a sidecar."""
    form = described.get(_FORM)
    return form if type(form) is int else STORED_FORM


def base_in(described: Mapping[str, Any]) -> str:
    """Return the id of the version whose patch a version is; empty if it is whole."""
    base = described.get(_BASE) if form_in(described) == PATCH_FORM else ""
    return base if isinstance(base, str) and is_version_id(base) else ""


def announces_in(described: Mapping[str, Any]) -> bool:
    """Return whether the release that wrote a sidecar announces renames."""
    return described.get(_ANNOUNCES) is True


def size_in(described: Mapping[str, Any]) -> int:
    """Return the size of the content that a sidecar records, else 0."""
    size = described.get("size")
    return size if type(size) is int and 0 <= size < 2**63 else 0


def metadata_in(described: Mapping[str, Any]) -> VersionMetadata | None:
    """Return the metadata in a sidecar; None if there is none."""
    try:
        return VersionMetadata.of_texts(described)
    except (KeyError, TypeError, ValueError):
        return None
