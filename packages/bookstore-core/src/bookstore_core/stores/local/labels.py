"""Labels in the local store: a small JSON file beside the version."""

import json
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from bookstore_core.stores.label_texts import label_of, texts_of
from bookstore_core.stores.local.files import MISSING, publish, sync_directory
from bookstore_core.stores.local.names import is_version_id
from bookstore_core.stores.versions import Label

LABEL = ".label.json"


def read_labels(directory: Path, only: Collection[str] | None) -> dict[str, Label]:
    """Return the labels in the directory of a key, by version id; of `only` these."""
    try:
        names = os.listdir(directory)
    except MISSING:
        return {}
    ids = {name.removesuffix(LABEL) for name in names if name.endswith(LABEL)}
    chosen = ids if only is None else ids.intersection(only)
    found = {
        known: _read(directory / (known + LABEL))
        for known in sorted(chosen)
        if is_version_id(known)
    }
    return {known: label for known, label in found.items() if label is not None}


def write_label(directory: Path, version_id: str, label: Label | None) -> None:
    """Write the label of a version, durably; None removes it."""
    path = directory / (version_id + LABEL)
    if label is None:
        with suppress(FileNotFoundError):
            path.unlink()
            sync_directory(directory)
        return
    described = json.dumps(texts_of(label), indent=1)
    publish(path, described.encode("ascii") + b"\n")


def _read(path: Path) -> Label | None:
    try:
        texts = json.loads(path.read_bytes())
    except (*MISSING, ValueError, RecursionError):
        return None  # removed meanwhile, or damaged
    if not isinstance(texts, dict):
        return None
    known = {name: text for name, text in texts.items() if isinstance(text, str)}
    return label_of(known)
