"""Labels in the local store: a small JSON file beside the version."""

import json
from collections.abc import Collection

from bookstore_core.stores.label_texts import label_of, texts_of
from bookstore_core.stores.local.names import is_version_id
from bookstore_core.stores.local.sidecars import MAX_SIDECAR, read_members
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Label

LABEL = ".label.json"


def read_labels(folder: Folder, only: Collection[str] | None) -> dict[str, Label]:
    """Return the labels in the directory of a key, by version id; of `only` these."""
    try:
        names = folder.files()
    except MISSING:
        return {}
    ids = {name.removesuffix(LABEL) for name in names if name.endswith(LABEL)}
    chosen = ids if only is None else ids.intersection(only)
    found = {
        known: _read(folder, known + LABEL)
        for known in sorted(chosen)
        if is_version_id(known)
    }
    return {known: label for known, label in found.items() if label is not None}


def write_label(folder: Folder, version_id: str, label: Label | None) -> None:
    """Write the label of a version, durably; None removes it."""
    if label is None:
        folder.remove(version_id + LABEL)
        return
    described = json.dumps(texts_of(label), indent=1)
    folder.publish(version_id + LABEL, described.encode("ascii") + b"\n")


def _read(folder: Folder, name: str) -> Label | None:
    try:
        texts = read_members(folder, name, limit=MAX_SIDECAR)
    except MISSING:
        return None  # removed meanwhile
    known = {name: text for name, text in texts.items() if isinstance(text, str)}
    return label_of(known)
