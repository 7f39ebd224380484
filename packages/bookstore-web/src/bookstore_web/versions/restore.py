"""Restore an old version as the newest one, in place or as a copy.

The caller's notebook server writes the content, through its contents API and with the
caller's credentials. Before it overwrites a notebook, the archiver in that server
archives its current content; without an archiver, restoring in place is refused. The
answer has the sha256 of the previous content; restoring that sha256 is the undo.
"""

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
from bookstore_web.contents.budget import ByteBudget
from bookstore_web.contents.client import Caller, ContentsServer, Model
from bookstore_web.contents.drafts import Draft, draft_file, draft_of, save
from bookstore_web.contents.free_names import check_names

SHA256 = re.compile(r"[0-9a-f]{64}")

#: How many of the newest versions are searched for the content before a restore.
RECENT = 20


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore.

    Give either `version`, any name that `History.find` takes, or the `sha256` of a
    version's content. The version belongs to the notebook at `version_path`, or at
    `path` if that is empty. A `target_path` requests a copy there; an empty one, beside
    the original.
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
                "Give either version_id or sha256 of what to restore."
            )
        if self.sha256 and not SHA256.fullmatch(self.sha256):
            raise InvalidRequestError("sha256 must be 64 hexadecimal digits.")


@dataclass(frozen=True)
class Restored:
    """The result of a restore.

    `model` is the server's contents model, without content; `format` is that of the
    contents API. `undo_sha256` is the sha256 of the previous bytes of the file, empty
    if it did not exist or for a copy.
    """

    row: HistoryRow
    model: Model
    format: str
    undo_sha256: str = ""

    @property
    def path(self) -> str:
        """The path of the written file on the server."""
        return str(self.model.get("path", ""))


@dataclass(frozen=True)
class Restorer:
    """Restores for one caller. `archives`: whether their server archives saves.

    Large versions wait for their turn in the `budget`.
    """

    history: History
    budget: ByteBudget
    server: ContentsServer
    caller: Caller
    archives: bool

    def restore(self, wish: RestoreRequest, row: HistoryRow | None = None) -> Restored:
        """Restore a version in place or as a copy.

        `row` is the version, if the caller has already found it. Raises ConflictError
        if the server does not archive, or if the version with that `sha256` is not in
        the store yet; NotFoundError if there is no such version or folder; and what
        `History.read` and `ContentsServer.save` raise.
        """
        path = check_path(wish.path)
        if wish.target_path is None:
            self._check_in_place(path)
        if row is None and wish.version:
            source = check_path(wish.version_path or path)
            row = self.history.locate(source, wish.version)
        # What is restored by its content is looked for among several versions.
        with self.budget.take(row.version.size if row else self.budget.room):
            if wish.target_path is None:
                return self._restore_in_place(wish, path, row)
            return self._restore_copy(wish, path, row)

    def _restore_copy(
        self, wish: RestoreRequest, path: str, row: HistoryRow | None
    ) -> Restored:
        folder = path.rpartition("/")[0]
        target = wish.target_path or (f"{folder}/" if folder else "")
        found, draft = self._draft(wish, path, row, into="")
        saved = save(draft, target, server=self.server, caller=self.caller)
        return Restored(found, saved.model, saved.format)

    def _check_in_place(self, path: str) -> None:
        if not path.endswith(SUFFIX):
            raise UnsupportedTypeError(
                f"Only notebooks are archived before they are overwritten, and {path} "
                f"does not end in {SUFFIX}. Restore it as a copy."
            )
        check_names(path)
        if not self.archives:
            raise ConflictError(
                "This notebook server does not archive saves, so the current content "
                "of the file could be lost. Restore a copy instead, or enable "
                "bookstore_archiver."
            )

    def _read(
        self, wish: RestoreRequest, path: str, row: HistoryRow | None
    ) -> tuple[HistoryRow, bytes]:
        source = check_path(wish.version_path or path)
        if row is not None:
            found = row.version.version_id
            return self.history.read(row.path, found, unlimited=True)
        known = self.history.with_content(
            source, wish.sha256, most=RECENT, unlimited=True
        )
        if known is not None:
            return known
        raise ConflictError(
            f"No recent version of {source} has this sha256. It may still be waiting "
            "for upload: try again in a moment."
        )

    def _restore_in_place(
        self, wish: RestoreRequest, path: str, row: HistoryRow | None
    ) -> Restored:
        # First, because older servers send the whole file for it.
        before = self._present_sha256(path)
        found, draft = self._draft(wish, path, row, into=path)
        if not before:
            folder = path.rpartition("/")[0]
            self.server.make_folders(folder, caller=self.caller)
        model = self.server.save(path, draft.body, caller=self.caller)
        return Restored(found, model, draft.format, before)

    def _present_sha256(self, path: str) -> str:
        """Return the sha256 of the file as it is; empty if there is none."""
        try:
            return self.server.sha256_of(path, caller=self.caller)
        except NotFoundError:
            return ""
        except StorageError as error:
            if not error.retryable:
                # If a part of the path is a file, this raises a clearer error.
                folder = path.rpartition("/")[0]
                self.server.missing_folders(folder, caller=self.caller)
            raise

    def _draft(
        self, wish: RestoreRequest, path: str, row: HistoryRow | None, *, into: str
    ) -> tuple[HistoryRow, Draft]:
        """Return the version, and its draft for writing it to the path `into`.

        Its content is only in memory until this returns: while the draft is sent, the
        server needs the memory.
        """
        row, data = self._read(wish, path, row)
        name = path.rpartition("/")[2]
        origin = None
        if self.archives:
            elsewhere = row.path if row.path != into else ""
            origin = Origin(row.version.version_id, elsewhere)
        try:
            return row, draft_of(name, data, origin=origin)
        except InvalidNotebookError:
            # Jupyter cannot open it: it is restored byte for byte.
            return row, draft_file(name, data, origin=origin)
