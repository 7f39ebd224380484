"""Restore an old version as the newest one, in place or as a copy.

The caller's notebook server writes the content, through its contents API and with the
caller's credentials. Before it overwrites a notebook, the archiver in that server
archives its current content; without an archiver, restoring in place is refused. The
answer has the sha256 of the previous content; restoring that sha256 is the undo.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from bookstore_core.errors import (
    BookstoreError,
    ConflictError,
    InvalidNotebookError,
    InvalidRequestError,
    StorageError,
    UnsupportedTypeError,
)
from bookstore_core.history import History, HistoryRow
from bookstore_core.notebooks import SUFFIX
from bookstore_core.origins import Origin
from bookstore_core.paths import check_path
from bookstore_core.stores.versions import OpenVersion
from bookstore_web.contents.answers import Model, NotStreamedError
from bookstore_web.contents.budget import ByteBudget
from bookstore_web.contents.client import Caller, ContentsServer, Present
from bookstore_web.contents.drafts import (
    LARGE,
    Draft,
    draft_file,
    draft_of,
    free_place,
    save,
)
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

    `model` is the server's contents model, without content. `undo_sha256` is the
    sha256 of the previous bytes of the file, empty if it did not exist or for a copy.
    """

    row: HistoryRow
    model: Model
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
        unreadable: UnreadableError | None = None
        for found in [row] if row is not None else self._rows(wish, path):
            try:
                with self.budget.take(found.version.size):
                    if wish.target_path is None:
                        return self._restore_in_place(path, found)
                    return self._restore_copy(path, wish.target_path, found)
            except UnreadableError as error:
                unreadable = unreadable or error
        assert unreadable is not None
        raise unreadable.reason

    def _rows(self, wish: RestoreRequest, path: str) -> list[HistoryRow]:
        """Return the versions that are meant: one, or those with that sha256."""
        source = check_path(wish.version_path or path)
        if wish.version:
            return [self.history.locate(source, wish.version)]
        found = self.history.having(source, wish.sha256, most=RECENT)
        if not found:
            raise ConflictError(
                f"No recent version of {source} has this sha256. It may still be "
                "waiting for upload: try again in a moment."
            )
        return found

    def _restore_copy(self, path: str, target: str, row: HistoryRow) -> Restored:
        folder, _, name = path.rpartition("/")
        target = target or (f"{folder}/" if folder else "")
        server, caller = self.server, self.caller
        if row.version.size >= LARGE and server.takes_streams(caller=caller):
            with suppress(NotStreamedError), self._opened(row) as opened:
                chosen = free_place(name, target, server=server, caller=caller)
                with chosen as place:
                    return self._stream(row, opened, place, into="")
        draft = self._draft(path, row, into="")
        saved = save(draft, target, server=server, caller=caller)
        return Restored(row, saved.model)

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

    def _restore_in_place(self, path: str, row: HistoryRow) -> Restored:
        # First, because some servers send the whole file for it.
        before = self._present(path)
        if row.version.size >= LARGE and before.streams:
            with suppress(NotStreamedError), self._opened(row) as opened:
                self._make_folder(path, before)
                done = self._stream(row, opened, path, into=path)
                return replace(done, undo_sha256=before.sha256)
        draft = self._draft(path, row, into=path)
        self._make_folder(path, before)
        model = self.server.save(path, draft.body, caller=self.caller)
        return Restored(row, model, before.sha256)

    def _make_folder(self, path: str, before: Present) -> None:
        if not before.sha256:
            folder = path.rpartition("/")[0]
            self.server.make_folders(folder, caller=self.caller)

    def _opened(self, row: HistoryRow) -> OpenVersion:
        with _reading():
            return self.history.stream(row.path, row.version.version_id)[1]

    def _stream(
        self, row: HistoryRow, opened: OpenVersion, place: str, *, into: str
    ) -> Restored:
        """Write an open version to a place; no process has all of it in memory."""
        model = self.server.stream(
            place,
            _pieces(opened),
            size=opened.version.size,
            origin=self._origin(row, into),
            is_new=not into,
            caller=self.caller,
        )
        return Restored(row, model)

    def _present(self, path: str) -> Present:
        """Return what is at the path now."""
        try:
            return self.server.present(path, caller=self.caller)
        except StorageError as error:
            if not error.retryable:
                # If a part of the path is a file, this raises a clearer error.
                folder = path.rpartition("/")[0]
                self.server.missing_folders(folder, caller=self.caller)
            raise

    def _draft(self, path: str, row: HistoryRow, *, into: str) -> Draft:
        """Return the draft of a version, for writing it to the path `into`.

        Its content is only in memory until this returns: while the draft is sent, the
        server needs the memory.
        """
        with _reading():
            version_id = row.version.version_id
            _, data = self.history.read(row.path, version_id, unlimited=True)
        name = path.rpartition("/")[2]
        origin = self._origin(row, into)
        try:
            return draft_of(name, data, origin=origin)
        except InvalidNotebookError:
            # Jupyter cannot open it: it is restored byte for byte.
            return draft_file(name, data, origin=origin)

    def _origin(self, row: HistoryRow, into: str) -> Origin | None:
        if not self.archives:
            return None
        elsewhere = row.path if row.path != into else ""
        return Origin(row.version.version_id, elsewhere)


class UnreadableError(Exception):
    """A version cannot be read; the `reason` is its error."""

    def __init__(self, reason: BookstoreError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextmanager
def _reading() -> Iterator[None]:
    """Convert errors of reading a version, so that those of writing it differ."""
    try:
        yield
    except BookstoreError as error:
        if error.retryable:
            raise
        raise UnreadableError(error) from error


def _pieces(opened: OpenVersion) -> Iterator[bytes]:
    with _reading():
        yield from opened.pieces()
