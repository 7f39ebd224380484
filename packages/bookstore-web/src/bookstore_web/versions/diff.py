"""Compare two versions, or a version and the file on the caller's server.

Versions are immutable, so a process caches their contents and the summaries of what
changed between two. A page that requests the changes of each of its rows reads each
version once.
"""

import hashlib
from collections.abc import Hashable
from copy import copy
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
from bookstore_core.runs.run import Run
from bookstore_web.confined.pool import ConfinedPool
from bookstore_web.contents.client import Caller, ContentsServer
from bookstore_web.contents.free_names import check_names
from bookstore_web.versions.cache import Contents, SizedCache
from bookstore_web.versions.executed import Differing, differing_in

#: The name for the file on the caller's server as it is now.
FILE = "file"
#: Versions that differ only in when cells were run, and are passed over.
MOST_SKIPPED = 3
#: Bytes of contents, and number of summaries, that a process keeps.
CONTENTS_ROOM = 64 * 1024 * 1024
SUMMARIES_ROOM = 10_000


@dataclass(frozen=True)
class ComparedSide:
    """One side of a comparison, `size` in bytes. The file has an empty version id.

    `run` is set if it is an executed notebook.
    """

    path: str
    version_id: str
    saved_at: datetime | None
    author: str
    size: int
    sha256: str
    run: Run | None = None


@dataclass(frozen=True)
class ComparisonRequest:
    """Which two to compare, by any names that `History.find` takes.

    `remote` may be `FILE`. If empty, `remote` is the newest version and `base` is the
    version before `remote`; if `differing`, the newest of those before it that differs,
    if there is one. `base_path` and `remote_path` are their paths, if they are older
    than a rename.
    """

    path: str
    base: str = ""
    remote: str = ""
    base_path: str = ""
    remote_path: str = ""
    differing: bool = False


@dataclass(frozen=True)
class _Content:
    side: ComparedSide
    data: bytes
    row: HistoryRow | None = None  # the file on the server has none


class ChangeMemory:
    """A process's caches of contents and summaries, by shelf, path and version id."""

    def __init__(self) -> None:
        self.contents: Contents = SizedCache(CONTENTS_ROOM)
        self.summaries: SizedCache[tuple[ComparedSide, ComparedSide, ChangeSummary]] = (
            SizedCache(SUMMARIES_ROOM)
        )

    def scoped(self, scope: Hashable) -> "ChangeMemory":
        """Return caches in the same room whose values nobody else gets."""
        mine = copy(self)
        mine.contents = self.contents.scoped(scope)
        mine.summaries = self.summaries.scoped(scope)
        return mine


@dataclass(frozen=True)
class Changes:
    """Compares versions for one caller, in a `pool`. `FILE` requires a `server`.

    Raises what `History.read` raises, TooLargeError if it takes too much, NotFoundError
    if the file is not on the server, and VersionNotFoundError if there is no version
    before the one given.
    """

    history: History
    memory: ChangeMemory
    shelf: Shelf
    caller: Caller
    pool: ConfinedPool
    server: ContentsServer | None = None
    limit: int = 128 * 1024 * 1024

    def summary(
        self, wanted: ComparisonRequest
    ) -> tuple[ComparedSide, ComparedSide, ChangeSummary]:
        """Return the two sides and a summary of what changed."""
        # Only ids are keys in the cache, so other names are not found.
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
        found = self.pool.run(summarise, base.data, remote.data)
        answer = base.side, remote.side, found
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
        """Return the two sides and all differences."""
        base, remote = self._both(wanted)
        found = self.pool.run(diff_notebooks, base.data, remote.data)
        for _ in range(MOST_SKIPPED):
            if wanted.base or not (wanted.differing and found.summary.is_empty):
                break
            # The two differ in nothing but when cells were run.
            older = self._older(base)
            if older is None:
                break
            base, found = older, self.pool.run(diff_notebooks, older.data, remote.data)
        return base.side, remote.side, found

    def parameters(self, base: ComparedSide, remote: ComparedSide) -> Differing:
        """Return the parameters that differ between two runs; none if not both are.

        They are read from the notebooks if they did not fit into the record of a run.
        """
        if base.run is None or remote.run is None:
            return Differing()
        if not (base.run.cut or remote.run.cut):
            return Differing.of(base.run.parameters, remote.run.parameters)
        contents = [self._read(s.path, s.version_id).data for s in (base, remote)]
        return self.pool.run(differing_in, *contents)

    def is_first(self, side: ComparedSide) -> bool:
        """Return whether surely no version is before this one."""
        row, _ = self.history.read(side.path, side.version_id)
        return not self.history.has_older(row)

    def first(self, wanted: ComparisonRequest) -> HistoryRow | None:
        """Return the version before which another is wanted, if there is none."""
        if wanted.base or wanted.remote == FILE:
            return None
        row = self.history.find(wanted.remote_path or wanted.path, wanted.remote)
        return row if self.history.before(row) is None else None

    def content(self, path: str, name: str) -> bytes:
        """Return the content of a version, or of the file on the server."""
        return self._read(path, name).data

    def _both(self, wanted: ComparisonRequest) -> tuple[_Content, _Content]:
        path = check_path(wanted.path)
        remote_path = wanted.remote_path or path
        remote = self._read(remote_path, wanted.remote)
        if wanted.base:
            return self._read(wanted.base_path or path, wanted.base), remote
        if remote.row is None:
            return self._read(wanted.base_path or path, "@0"), remote
        if wanted.differing and (differing := self._older(remote)) is not None:
            return differing, remote
        return self._before(remote.row), remote

    def _older(self, content: _Content) -> _Content | None:
        """Return the newest version before this one that differs, None if none does."""
        if content.row is None:
            return None
        try:
            found = self.history.before(content.row, differing=True)
        except VersionNotFoundError:
            return None
        return (
            None if found is None else self._read(found.path, found.version.version_id)
        )

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
            run=row.run,
        )
        return _Content(side, data, row)

    def _read_file(self, path: str) -> _Content:
        path = check_path(path)
        if self.server is None:
            raise NotFoundError(
                "This bookstore app runs without a notebook server, so it cannot "
                "compare the file. Open the same address below your own notebook "
                "server."
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
                f"This is the first version of {row.path}: no version is before it."
            )
        return self._read(found.path, found.version.version_id)
