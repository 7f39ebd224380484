"""Reverting: finds the content of a checkpoint, and the version that it is from.

The id of a checkpoint consists of characters that Jupyter's URLs accept, which are
letters, digits, ``_`` and ``-``: ``s`` and the save id, or ``v`` and the hexadecimal
version id if the version was not made by bookstore.
"""

from dataclasses import dataclass, field
from typing import Any

from bookstore_archiver.known_versions import KnownVersion, KnownVersions
from bookstore_archiver.spool.spool import Spool
from bookstore_core.errors import (
    BookstoreError,
    InvalidNotebookError,
    SpoolError,
    VersionNotFoundError,
)
from bookstore_core.history import History, HistoryRow
from bookstore_core.origins import Origin, file_model_of, model_of
from bookstore_core.paths import printable

#: How many of the newest versions are searched for a save.
SEARCH_LIMIT = 100

#: A version, and its content.
Read = tuple[HistoryRow, bytes]


@dataclass(frozen=True)
class Reverted:
    """Content to restore, and the version that it is from."""

    origin: Origin
    data: bytes = field(repr=False)

    def model(self, path: str) -> dict[str, Any]:
        """Return the contents model that saves it at `path`, without marks of trust."""
        try:
            return model_of(path, self.data, self.origin)
        except InvalidNotebookError:
            # Jupyter cannot open it: it is restored byte for byte.
            return file_model_of(self.data, self.origin)


def checkpoint_id(version: KnownVersion) -> str:
    """Return the checkpoint id of a version."""
    if version.save_id.isalnum() and version.save_id.isascii():
        return f"s{version.save_id}"
    return "v" + version.version_id.encode("utf-8", "surrogatepass").hex()


def find_reverted(
    path: str, checkpoint: str, *, known_versions: KnownVersions, spool: Spool
) -> Reverted:
    """Return the content of a checkpoint of the notebook at `path`.

    A save that is still in the spool is read there, without the store. Raises
    VersionNotFoundError if there is no such checkpoint, and the store's errors.
    """
    known_here = known_versions.all_known(path)
    known = next((v for v in known_here if checkpoint_id(v) == checkpoint), None)
    if checkpoint.startswith("s"):
        waiting = _waiting(spool, checkpoint[1:], known)
        if waiting is not None:
            return waiting
    history = known_versions.history()
    if known is None or not known.version_id:
        row, data = _read_stored(path, checkpoint, known, history)
    else:
        row, data = _read(known, history, path)
    return Reverted(Origin(row.version.version_id, row.path), data)


def _read(version: KnownVersion, history: History, path: str) -> Read:
    """Read a version. If its content is false, another one with the same sha256.

    The list of checkpoints shows one of them only.
    """
    try:
        return history.read(version.path, version.version_id, unlimited=True)
    except BookstoreError as error:
        if error.retryable or not version.sha256:
            raise
        found = history.with_content(
            path, version.sha256, most=SEARCH_LIMIT, unlimited=True
        )
        if found is None:
            raise
        return found


def _waiting(spool: Spool, save_id: str, known: KnownVersion | None) -> Reverted | None:
    entry = spool.find(save_id)
    if entry is None or known is None:
        return None
    try:
        with spool.open(entry) as file:
            data = file.read(entry.trailer.size)
    except (OSError, SpoolError):
        return None  # it has just been sent, or is damaged
    # It has no version id yet.
    return Reverted(Origin(save_id, known.path), data)


def _read_stored(
    path: str, checkpoint: str, known: KnownVersion | None, history: History
) -> Read:
    rows = history.page(path, limit=SEARCH_LIMIT).rows
    stored = [KnownVersion.of_row(row) for row in rows if not row.version.deleted]
    for version in stored:
        if checkpoint_id(version) == checkpoint:
            return _read(version, history, path)
    # It may have become no version because the newest one had the same content.
    if known is not None and known.sha256:
        found = history.with_content(path, known.sha256, most=SEARCH_LIMIT)
        if found is not None:
            return found
    raise VersionNotFoundError(
        f"There is no checkpoint {printable(checkpoint)} of {printable(path)}: the "
        "store has no such version."
    )
