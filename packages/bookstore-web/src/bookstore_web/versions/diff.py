"""Changes: two versions compared, or a version and the file on the caller's server.

Versions never change, so what differs between two is kept in the process, up to a size,
as their contents are: a page that asks for what changed in each of its rows reads each
version once.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from bookstore_core.diff.notebooks import (
    ChangeSummary,
    NotebookDiff,
    diff_notebooks,
    summarise,
)
from bookstore_core.errors import NotFoundError, VersionNotFoundError
from bookstore_core.history import History, HistoryRow, Shelf
from bookstore_core.notebooks import check_size
from bookstore_core.paths import check_path
from bookstore_web.contents.client import Caller, ContentsServer
from bookstore_web.contents.free_names import check_names
from bookstore_web.versions.cache import Contents, SizedCache

#: The name of what is on the caller's server now.
FILE = "file"
#: Bytes of contents, and number of summaries, that a process keeps.
CONTENTS_ROOM = 64 * 1024 * 1024
SUMMARIES_ROOM = 10_000


@dataclass(frozen=True)
class ComparedSide:
    """One of the two that are compared. The file on the server has no version id."""

    path: str
    version_id: str
    saved_at: datetime | None
    author: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ComparisonRequest:
    """Which two are to be compared, by any names that `History.find` takes.

    `remote` may be `FILE`. Empty, `remote` is the newest version and `base` the one
    before `remote`. `base_path` and `remote_path` are where these lie when they are
    older than a rename.
    """

    path: str
    base: str = ""
    remote: str = ""
    base_path: str = ""
    remote_path: str = ""


@dataclass(frozen=True)
class _Content:
    side: ComparedSide
    data: bytes
    row: HistoryRow | None = None  # the file on the server has none


class ChangeMemory:
    """What a process keeps of versions, by shelf, path and version id."""

    def __init__(self) -> None:
        self.contents: Contents = SizedCache(CONTENTS_ROOM)
        self.summaries: SizedCache[tuple[ComparedSide, ComparedSide, ChangeSummary]] = (
            SizedCache(SUMMARIES_ROOM)
        )


@dataclass(frozen=True)
class Changes:
    """Compares for one caller. Without a `server` there is no `FILE`.

    Raises what `History.read` raises, NotFoundError for what is not on the server, and
    VersionNotFoundError where there is nothing before a version.
    """

    history: History
    memory: ChangeMemory
    shelf: Shelf
    caller: Caller
    server: ContentsServer | None = None
    limit: int = 128 * 1024 * 1024

    def summary(
        self, wanted: ComparisonRequest
    ) -> tuple[ComparedSide, ComparedSide, ChangeSummary]:
        """Return the two sides and what changed in a few words."""
        # Names that are no ids are never found in there.
        named = (
            self.shelf.name,
            wanted.base_path or wanted.path,
            wanted.base,
            wanted.remote_path or wanted.path,
            wanted.remote,
        )
        if (known := self.memory.summaries.get(named)) is not None:
            return known
        base, remote = self._both(wanted)
        answer = base.side, remote.side, summarise(base.data, remote.data)
        if remote.side.version_id:
            key = (
                self.shelf.name,
                base.side.path,
                base.side.version_id,
                remote.side.path,
                remote.side.version_id,
            )
            self.memory.summaries.put(key, answer)
        return answer

    def diff(
        self, wanted: ComparisonRequest
    ) -> tuple[ComparedSide, ComparedSide, NotebookDiff]:
        """Return the two sides and all that differs."""
        base, remote = self._both(wanted)
        return base.side, remote.side, diff_notebooks(base.data, remote.data)

    def _both(self, wanted: ComparisonRequest) -> tuple[_Content, _Content]:
        path = check_path(wanted.path)
        remote_path = wanted.remote_path or path
        remote = self._read(remote_path, wanted.remote)
        if wanted.base:
            return self._read(wanted.base_path or path, wanted.base), remote
        if remote.row is None:
            return self._read(wanted.base_path or path, "@0"), remote
        return self._before(remote.row), remote

    def _read(self, path: str, name: str) -> _Content:
        if name == FILE:
            return self._read_file(path)
        row, data = self.history.read(path, name)
        metadata = row.version.metadata
        side = ComparedSide(
            path=row.path,
            version_id=row.version.version_id,
            saved_at=row.saved_at,
            author=row.author,
            size=row.version.size,
            sha256=metadata.sha256 if metadata else "",
        )
        return _Content(side, data, row)

    def _read_file(self, path: str) -> _Content:
        path = check_path(path)
        if self.server is None:
            raise NotFoundError(
                "There is no notebook server here whose file could be compared. Open "
                "the same address below your own notebook server."
            )
        check_names(path)
        data = self.server.read_bytes(path, caller=self.caller)
        check_size(path, len(data), self.limit)
        digest = hashlib.sha256(data).hexdigest()
        return _Content(ComparedSide(path, "", None, "", len(data), digest), data)

    def _before(self, row: HistoryRow) -> _Content:
        found = self.history.before(row)
        if found is None:
            raise VersionNotFoundError(
                f"There is no version of {row.path} before {row.version.version_id}: "
                "it is the first one. Name another one as base."
            )
        return self._read(found.path, found.version.version_id)
