"""Labels in the local store: a small JSON file beside the version."""

import json
from collections.abc import Collection, Iterator

from bookstore_core.stores.label_texts import label_of, texts_of
from bookstore_core.stores.local.names import LABEL, is_version_id
from bookstore_core.stores.local.places import TOP, Places
from bookstore_core.stores.local.sidecars import MAX_SIDECAR, read_members
from bookstore_core.stores.local.tree import MISSING, Folder
from bookstore_core.stores.versions import Label


def read_labels(places: Places, only: Collection[str]) -> dict[str, Label]:
    """Return the labels of these versions of a key, by version id."""
    labelled = [
        (place, known)
        for known in filter(is_version_id, only)
        if (place := places.place_of(known)) is not None
    ]
    found = {known: _read(places, place, known) for place, known in labelled}
    return {known: label for known, label in found.items() if label is not None}


def read_all_labels(places: Places) -> Iterator[tuple[str, str, Label]]:
    """Yield the place, the version id, and the label of each version of a key.

    What was read is remembered with the listing of its directory: a label that is set
    makes that another one.
    """
    for place in (TOP, *places.batches()):
        labels = places.listing(place).read
        for known in places.labels(place):
            if known not in labels:
                labels[known] = _read(places, place, known)
            if (label := labels[known]) is not None:
                yield place, known, label


def write_label(folder: Folder, version_id: str, label: Label | None) -> None:
    """Write the label of a version, durably; None removes it."""
    if label is None:
        folder.remove(version_id + LABEL)
        return
    described = json.dumps(texts_of(label), indent=1)
    folder.publish(version_id + LABEL, described.encode("ascii") + b"\n")


def _read(places: Places, place: str, version_id: str) -> Label | None:
    try:
        folder = places.folder(place)
        texts = read_members(folder, version_id + LABEL, limit=MAX_SIDECAR)
    except MISSING:
        return None  # removed meanwhile
    known = {name: text for name, text in texts.items() if isinstance(text, str)}
    return label_of(known)
