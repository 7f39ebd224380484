"""Keeper: what the hooks around a contents manager call for saves and renames."""

from collections.abc import Mapping
from typing import Any, Protocol

from bookstore_archiver.hooks.event_loop import PathLocks
from bookstore_archiver.roots import Roots
from bookstore_archiver.spool.sources import Source
from bookstore_core.origins import Origin


class Keeper(Protocol):
    """Keeps saves and renamed notebooks. Only `keep_present` raises."""

    locks: PathLocks
    roots: Roots

    def keep(
        self,
        manager: Any,
        model: Mapping[str, Any],
        path: str,
        origin: Origin | None = None,
    ) -> None:
        """Keep what `manager` has just saved at `path`.

        `origin` is the version that it was restored from, if it was restored.
        """

    def keep_present(self, source: Source, path: str) -> None:
        """Keep the content of `path`, before a restore overwrites it."""

    def keep_written(
        self, manager: Any, source: Source, path: str, origin: Origin | None = None
    ) -> None:
        """Keep what a save at `path` has written that failed afterwards."""

    def keep_moved(
        self, manager: Any, old: str, new: str, source: Source | None = None
    ) -> None:
        """Keep the notebooks that were moved from `old` to `new`.

        `source` has the notebook's bytes if it is not a file on this machine.
        """

    def keep_copied(self, manager: Any, path: str) -> None:
        """Keep the notebooks of the folder at `path`, which was copied from another."""
