"""Reverting: finding the version that a checkpoint stands for, and what to save of it.

A checkpoint's id is made of what Jupyter's URLs take, letters, digits, ``_`` and ``-``:
``s`` and the save id, or ``v`` and the hexadecimal version id where something else than
bookstore wrote the version.
"""

from dataclasses import dataclass, field
from typing import Any

from bookstore_archiver.known_versions import KnownVersion, KnownVersions
from bookstore_archiver.spool.spool import Spool
from bookstore_core.errors import InvalidNotebookError, SpoolError, VersionNotFoundError
from bookstore_core.origins import Origin, file_model_of, model_of
from bookstore_core.paths import printable

#: How many of the newest versions are looked at for a save.
SEARCH_LIMIT = 100


@dataclass(frozen=True)
class Reverted:
    """Content that a notebook is to have again, and the version that it is from."""

    origin: Origin
    data: bytes = field(repr=False)

    def model(self, path: str) -> dict[str, Any]:
        """Return the contents model that saves it at `path`, trusted by nobody."""
        try:
            return model_of(path, self.data, self.origin)
        except InvalidNotebookError:
            # What was saved broken comes back as it was.
            return file_model_of(self.data, self.origin)


def checkpoint_id(version: KnownVersion) -> str:
    """Return the id of the checkpoint that a version is."""
    if version.save_id.isalnum() and version.save_id.isascii():
        return f"s{version.save_id}"
    return "v" + version.version_id.encode("utf-8", "surrogatepass").hex()


def find_reverted(
    path: str, checkpoint: str, *, known_versions: KnownVersions, spool: Spool
) -> Reverted:
    """Return the content that a checkpoint of the notebook at `path` stands for.

    A save that still waits is read where it waits, so that no store is needed. Raises
    VersionNotFoundError for what is no checkpoint of it, and what the store raises.
    """
    remembered = known_versions.all_known(path)
    known = next((v for v in remembered if checkpoint_id(v) == checkpoint), None)
    if checkpoint.startswith("s"):
        waiting = _waiting(spool, checkpoint[1:], known)
        if waiting is not None:
            return waiting
    if known is None or not known.version_id:
        known = _find_stored(path, checkpoint, known, known_versions)
    _, data = known_versions.history().read(known.path, known.version_id)
    return Reverted(Origin(known.version_id, known.path), data)


def _waiting(spool: Spool, save_id: str, known: KnownVersion | None) -> Reverted | None:
    entry = spool.find(save_id)
    if entry is None or known is None:
        return None
    try:
        with spool.open(entry) as file:
            data = file.read(entry.trailer.size)
    except (OSError, SpoolError):
        return None  # it has just been sent, or is damaged
    # It has no version id yet; its save id is what is known of it.
    return Reverted(Origin(save_id, known.path), data)


def _find_stored(
    path: str,
    checkpoint: str,
    known: KnownVersion | None,
    known_versions: KnownVersions,
) -> KnownVersion:
    rows = known_versions.history().page(path, limit=SEARCH_LIMIT).rows
    stored = [KnownVersion.of_row(row) for row in rows if not row.version.deleted]
    for version in stored:
        if checkpoint_id(version) == checkpoint:
            return version
    # Perhaps no version was made of it, because there was one with the same content.
    for version in stored:
        if known is not None and version.sha256 == known.sha256 != "":
            return version
    raise VersionNotFoundError(
        f"There is no checkpoint {printable(checkpoint)} of {printable(path)}: the "
        "store has no such version."
    )
