"""A store in memory that follows the contract, and fails when a test scripts it."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from io import BytesIO
from typing import Any, BinaryIO

from bookstore_core.clock import utc_now
from bookstore_core.errors import NotFoundError
from bookstore_core.stores.base import VersionStore
from bookstore_core.stores.findings import Finding, StoreCheck
from bookstore_core.stores.versions import (
    KeyPage,
    Label,
    OpenVersion,
    Removal,
    Version,
    VersionMetadata,
    VersionPage,
)

Failure = Callable[[str], None]


def fail_with(error: Exception) -> Failure:
    """Return a step of a script that raises `error`."""

    def fail(_: str) -> None:
        raise error

    return fail


class MemoryStore(VersionStore):
    """Versions in lists, oldest first.

    `before` and `after` are scripts: each PUT runs the next step, given the key, before
    or after the version is written; a PUT without a step left succeeds.
    """

    def __init__(self) -> None:
        self.bucket = "memory"
        self.versions: dict[str, list[Version]] = defaultdict(list)
        self.contents: dict[str, list[bytes]] = defaultdict(list)
        self.before: list[Failure] = []
        self.after: list[Failure] = []
        self.given: dict[tuple[str, str], Label] = {}
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def location(self) -> str:
        return "memory"

    def check(self, *, thorough: bool = False) -> StoreCheck:
        return StoreCheck((Finding(True, "It works."),))

    def prepare(self) -> list[str]:
        return []

    def _put(
        self,
        key: str,
        body: BinaryIO,
        *,
        size: int,
        metadata: VersionMetadata,
        content_type: str,
    ) -> Version:
        self._step(self.before, key)
        data = body.read(size)
        assert len(data) == size
        with self._lock:
            self.calls["put"] += 1
            kept = self.versions[key]
            version = Version(
                self.bucket,
                key,
                f"v{len(self.contents[key])}",
                size,
                utc_now(),
                metadata=metadata,
            )
            kept.append(version)
            self.contents[key].append(data)
        self._step(self.after, key)
        return version

    def mark_deleted(self, key: str) -> Version:
        self.head(key)
        with self._lock:
            kept = self.versions[key]
            marker = Version(
                self.bucket,
                key,
                f"v{len(self.contents[key])}",
                0,
                utc_now(),
                deleted=True,
            )
            kept.append(marker)
            self.contents[key].append(b"")
        return marker

    def _remove(
        self, key: str, versions: Collection[Version], *, dry_run: bool
    ) -> Removal:
        ids = {version.version_id for version in versions}
        with self._lock:
            gone = [v for v in self.versions[key] if v.version_id in ids]
            if not dry_run:
                self.calls["remove"] += 1
                self.versions[key] = [v for v in self.versions[key] if v not in gone]
        ids = tuple(version.version_id for version in gone)
        return Removal(ids, freed=sum(version.size for version in gone))

    def _step(self, script: list[Failure], key: str) -> None:
        with self._lock:
            step = script.pop(0) if script else None
        if step is not None:
            step(key)

    def head(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> Version:
        self.calls["head"] += 1
        for version in reversed(self.versions.get(key, [])):
            if version_id in (None, version.version_id):
                if version.deleted:
                    break
                return version
        raise NotFoundError(f"There is no {key}.")

    def open(
        self, key: str, version_id: str | None = None, *, bucket: str | None = None
    ) -> OpenVersion:
        self.calls["open"] += 1
        version = self.head(key, version_id)
        return OpenVersion(
            version, BytesIO(self.contents[key][int(version.version_id[1:])])
        )

    def list_versions(
        self,
        key: str,
        *,
        cursor: str | None = None,
        limit: int = 100,
        bucket: str | None = None,
    ) -> VersionPage:
        self.calls["list"] += 1
        return VersionPage(tuple(self.versions.get(key, [])[::-1][:limit]))

    def list_keys(self, prefix: str, **_: Any) -> KeyPage:
        return KeyPage(())

    def walk_keys(self, prefix: str, **_: Any) -> KeyPage:
        below = sorted(key for key in self.versions if key.startswith(prefix))
        newest = (self.versions[key][-1] for key in below)
        return KeyPage(tuple(version for version in newest if not version.deleted))

    def labels(
        self,
        key: str,
        *,
        bucket: str | None = None,
        only: Collection[str] | None = None,
    ) -> dict[str, Label]:
        self.calls["labels"] += 1
        return {
            version_id: label
            for (labelled, version_id), label in self.given.items()
            if labelled == key and (only is None or version_id in only)
        }

    def _write_label(self, key: str, version_id: str, label: Label | None) -> None:
        self.head(key, version_id)
        if label is None:
            self.given.pop((key, version_id), None)
        else:
            self.given[key, version_id] = label
