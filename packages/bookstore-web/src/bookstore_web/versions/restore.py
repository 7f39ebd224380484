"""Restoring: an old version becomes the newest one, in place or as a copy.

The content is written by the caller's notebook server, through its contents API and
with the caller's credentials. In place, the archiver inside that server first keeps
what is there; where no archiver is, restoring in place is refused. So nothing that was
there before is lost, and its sha256, which the answer has, brings it back.
"""

import hashlib
import re
from dataclasses import dataclass

from bookstore_core.errors import (
    ConflictError,
    InvalidNotebookError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    UnsupportedTypeError,
)
from bookstore_core.history import History, HistoryRow
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import Origin
from bookstore_core.paths import check_path
from bookstore_web.contents.client import Caller, ContentsServer, Model
from bookstore_web.contents.drafts import Draft, draft_file, draft_of, save
from bookstore_web.contents.free_names import check_names

SHA256 = re.compile(r"[0-9a-f]{64}")

#: How many of the newest versions are looked at for the state before a restore.
RECENT = 20


@dataclass(frozen=True)
class RestoreRequest:
    """What is to be restored.

    `version` is any name that `History.find` takes, of the notebook at `version_path`
    where it is given, else at `path`; or the version is the one whose content has this
    `sha256`. A `target_path` makes it a copy there; empty, beside the original.
    """

    path: str
    version: str = ""
    sha256: str = ""
    version_path: str = ""
    target_path: str | None = None

    def __post_init__(self) -> None:
        check_path(self.path)
        if self.version_path:
            check_path(self.version_path, what="version_path")
        if bool(self.version) == bool(self.sha256):
            raise InvalidRequestError(
                "Name what to restore: by version_id, or by sha256."
            )
        if self.sha256 and not SHA256.fullmatch(self.sha256):
            raise InvalidRequestError("sha256 must be 64 hexadecimal digits.")


@dataclass(frozen=True)
class Restored:
    """What was done.

    `model` is the server's answer, without content, and `format` that of the contents
    API. `undo_sha256` is of the bytes that were there before, empty where there were
    none, as for a copy.
    """

    row: HistoryRow
    model: Model
    format: str
    undo_sha256: str = ""

    @property
    def path(self) -> str:
        """The path on the server that was written."""
        return str(self.model.get("path", ""))


@dataclass(frozen=True)
class Restorer:
    """Restores for one caller. `archives` says whether their server keeps each save."""

    history: History
    server: ContentsServer
    caller: Caller
    archives: bool

    def restore(self, wish: RestoreRequest, row: HistoryRow | None = None) -> Restored:
        """Restore a version; in place it is a version of its own when this returns.

        `row` is the version where it has been found before, and is not found again.
        Raises ConflictError where the server does not archive, and where the version
        that `sha256` asks for is not yet in the store; NotFoundError for what is not
        there, and what `History.read` and `ContentsServer.save` raise.
        """
        path = check_path(wish.path)
        if wish.target_path is None:
            self._check_in_place(path)
        row, data = self._read(wish, path, row)
        if wish.target_path is None:
            return self._restore_in_place(path, row, data)
        folder, _, name = path.rpartition("/")
        target = wish.target_path or (f"{folder}/" if folder else "")
        draft = self._draft(name, row, data, path="")
        saved = save(draft, target, server=self.server, caller=self.caller)
        return Restored(row, saved.model, saved.format)

    def _check_in_place(self, path: str) -> None:
        if not path.endswith(SUFFIX):
            raise UnsupportedTypeError(
                f"Only notebooks are archived before they are written over, and {path} "
                f"does not end in {SUFFIX}. Restore it as a copy."
            )
        check_names(path)
        if not self.archives:
            raise ConflictError(
                "This notebook server does not archive, so what is in the file now "
                "could be lost. Restore it as a copy, or switch bookstore_archiver on."
            )

    def _read(
        self, wish: RestoreRequest, path: str, row: HistoryRow | None
    ) -> tuple[HistoryRow, bytes]:
        source = check_path(wish.version_path or path)
        if row is None and wish.version:
            return self.history.read(source, wish.version)
        row = row or self._recent(source, wish.sha256)
        return self.history.read(row.path, row.version.version_id)

    def _recent(self, source: str, sha256: str) -> HistoryRow:
        for row in self.history.page(source, limit=RECENT).rows:
            metadata = row.version.metadata
            if metadata and metadata.sha256 == sha256:
                return row
        raise ConflictError(
            f"The state of {source} with this sha256 is not among its newest versions. "
            "It may be on its way to the store: try again in a moment."
        )

    def _restore_in_place(self, path: str, row: HistoryRow, data: bytes) -> Restored:
        folder, _, name = path.rpartition("/")
        draft = self._draft(name, row, data, path=path)
        before = self._read_present(path)
        if before is None:
            self.server.make_folders(folder, caller=self.caller)
        model = self.server.save(path, draft.body, caller=self.caller)
        digest = "" if before is None else hashlib.sha256(before).hexdigest()
        return Restored(row, model, draft.format, digest)

    def _read_present(self, path: str) -> bytes | None:
        try:
            return self.server.read_bytes(path, caller=self.caller)
        except NotFoundError:
            return None
        except StorageError as error:
            if not error.retryable:
                # Servers fail where a part of the path is a file: that is said better.
                folder = path.rpartition("/")[0]
                self.server.missing_folders(folder, caller=self.caller)
            raise

    def _draft(self, name: str, row: HistoryRow, data: bytes, *, path: str) -> Draft:
        """Return the draft of a version that is to be written at `path`."""
        origin = None
        if self.archives:
            elsewhere = row.path if row.path != path else ""
            origin = Origin(row.version.version_id, elsewhere)
        try:
            return draft_of(name, data, origin=origin)
        except InvalidNotebookError:
            # It was kept as it was on disk, and comes back like that.
            return draft_file(name, data, origin=origin)
