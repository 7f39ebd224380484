"""Labels in a bucket: tags on the version, and a marker to find it by.

A label is in the tags of its version. S3 lists versions without their tags, so there
is also a marker, an empty object, for each version that was ever labelled::

    {folder of the key}/.bookstore/labels/{name of the notebook}/{version id}

To find a version by its label without asking for the tags of all labelled versions,
there is another one, with a digest of the label's name::

    {folder of the key}/.bookstore/names/{name of the notebook}/{digest}/{version id}

Releases before these write the first marker alone. Both are written before the tags and
never removed. A marker whose version has no such label in its tags is ignored.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bookstore_core.errors import (
    InvalidRequestError,
    NotFoundError,
    StorageError,
    VersionNotFoundError,
)
from bookstore_core.parallel import in_parallel
from bookstore_core.paths import DELIMITER, MAX_KEY_BYTES, OWN_FOLDER
from bookstore_core.stores.label_texts import (
    MAX_TAGS,
    TAGS,
    is_ours,
    label_in,
    tags_of,
)
from bookstore_core.stores.s3.errors import Asked
from bookstore_core.stores.versions import Label

#: Sends a request, or asks for one page of a listing of keys.
Ask = Callable[..., dict[str, Any]]

#: The tags of so many versions are all read to find a label.
FEW = 3

#: Characters that are escaped: also `%`, which breaks listings of some servers.
_UNSAFE = re.compile(r"^\.|[^A-Za-z0-9._\-]")
_ESCAPED = re.compile(r"=([0-9A-F]{2})")


def markers_folder(key: str) -> str:
    """Return the prefix of the markers of a notebook, with its final slash."""
    return _folder(key, "labels")


def names_folder(key: str, name: str = "") -> str:
    """Return the prefix of the markers with a label's name, or with any."""
    folder = _folder(key, "names")
    if not name:
        return folder
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{folder}{digest[:32]}{DELIMITER}"


def _folder(key: str, kind: str) -> str:
    folder, slash, name = key.rpartition(DELIMITER)
    return f"{folder}{slash}{OWN_FOLDER}/{kind}/{name}/"


def marker_key(key: str, version_id: str) -> str:
    """Return the key of a version's marker; raises InvalidRequestError if too long."""
    marker = markers_folder(key) + _escape(version_id)
    if len(marker.encode()) > MAX_KEY_BYTES:
        raise InvalidRequestError(
            f"Versions of {key} cannot be labelled: the path is too long."
        )
    return marker


def named_key(key: str, version_id: str, name: str) -> str | None:
    """Return the key of the marker with a label's name; None if it is too long."""
    marker = names_folder(key, name) + _escape(version_id)
    return marker if len(marker.encode()) <= MAX_KEY_BYTES else None


def _escape(version_id: str) -> str:
    return _UNSAFE.sub(lambda found: f"={ord(found[0]):02X}", version_id)


def list_marked(ask: Ask, key: str) -> list[str]:
    """Return the ids of the versions of `key` that have ever had a label."""
    return _ids(_list(ask, markers_folder(key)))


def list_named(ask: Ask, key: str, name: str) -> list[str]:
    """Return the ids of the versions of `key` that have ever had this label."""
    return _ids(_list(ask, names_folder(key, name)))


def list_all_named(ask: Ask, key: str) -> set[str]:
    """Return the ids of the versions of `key` that have markers with names."""
    names = _list(ask, names_folder(key))
    return set(_ids(name.partition(DELIMITER)[2] for name in names))


def _ids(names: Iterable[str]) -> list[str]:
    return [version_of_marker(name) for name in names if name and DELIMITER not in name]


def _list(ask: Ask, folder: str) -> list[str]:
    """Return the names of the keys in a folder."""
    if len(folder.encode()) > MAX_KEY_BYTES:
        return []
    names: list[str] = []
    token = None
    while True:
        page = ask(Prefix=folder, **({"ContinuationToken": token} if token else {}))
        names += [row["Key"].removeprefix(folder) for row in page.get("Contents", [])]
        if not page.get("IsTruncated"):
            return names
        token = page.get("NextContinuationToken")
        if not token:
            raise StorageError("The store did not return the next page of its labels.")


def version_of_marker(name: str) -> str:
    """Return the id of the version of a marker, by the last part of its key."""
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


class S3Labels:
    """The labels of the versions in a bucket.

    `read` sends a request that may be sent again, `page` asks for a page of keys,
    `encryption` are the parameters of each PUT.
    """

    def __init__(
        self, read: Ask, page: Ask, *, encryption: dict[str, Any], threads: int
    ) -> None:
        self._read = read
        self._page = page
        self._encryption = encryption
        self._threads = threads

    def all(self, asked: Asked, only: Collection[str] | None) -> dict[str, Label]:
        """Return the labels of a key, of `only` these versions if given."""
        marked = list_marked(self._listing(asked), asked.key)
        return self._of(
            asked, [known_id for known_id in marked if only is None or known_id in only]
        )

    def named(self, asked: Asked, name: str) -> dict[str, Label]:
        """Return the labels of a key that have this name."""
        listing = self._listing(asked)
        marked = list_marked(listing, asked.key)
        if len(marked) <= FEW:
            return self._of(asked, marked, name)
        found = self._of(asked, list_named(listing, asked.key, name), name)
        if found:
            return found
        # Earlier releases write no name into a marker, nor does this one if the key
        # would be too long.
        known = list_all_named(listing, asked.key)
        return self._of(asked, [row for row in marked if row not in known], name)

    def _listing(self, asked: Asked) -> Ask:
        return partial(self._page, replace(asked, key=""))

    def _of(
        self, asked: Asked, chosen: Sequence[str], name: str | None = None
    ) -> dict[str, Label]:
        def read(version_id: str) -> Label | None:
            try:
                return label_in(self.tags(replace(asked, version_id=version_id)))
            except VersionNotFoundError:
                return None  # removed by a lifecycle rule

        found = in_parallel(read, chosen, threads=self._threads)
        return {
            version_id: label
            for version_id, label in zip(chosen, found, strict=True)
            if label is not None and name in (None, label.name)
        }

    def tags(self, asked: Asked) -> dict[str, str]:
        """Return the tags of a version."""
        answer = self._read("get_object_tagging", asked)
        return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}

    def write(self, asked: Asked, label: Label | None) -> None:
        """Write the label of a version; None removes it.

        Raises StorageError if the store keeps no labels.
        """
        try:
            self._write(asked, label)
        except StorageError as error:
            if error.retryable:
                raise
            raise StorageError(f"The store keeps no labels: {error}") from error

    def _write(self, asked: Asked, label: Label | None) -> None:
        # Read first, also because a server without tags would take the PUT of tags for
        # a PUT of new content.
        tags = self.tags(asked)
        wanted = merge_tags(asked.key, tags, label)
        if label is not None:
            self._mark(asked, label)
        if wanted == tags:
            return
        rows = [{"Key": name, "Value": value} for name, value in wanted.items()]
        # Servers abort one of two changes at once, and it may be tried again.
        self._read("put_object_tagging", asked, Tagging={"TagSet": rows})
        # If another label is there, someone else was faster.
        if label is not None and label_in(self.tags(asked)) is None:
            raise StorageError("it confirmed the tags but does not keep them.")

    def _mark(self, asked: Asked, label: Label) -> None:
        assert asked.version_id is not None
        places = (
            marker_key(asked.key, asked.version_id),
            named_key(asked.key, asked.version_id, label.name),
        )
        for place in filter(None, places):
            marker = replace(asked, key=place, version_id=None)
            try:
                self._read("head_object", marker)
            except NotFoundError:
                self._read("put_object", marker, Body=b"", **self._encryption)
