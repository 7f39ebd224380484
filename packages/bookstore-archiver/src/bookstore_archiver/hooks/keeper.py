"""Keeper: what the hooks around a contents manager hand saves and renames to."""

from collections.abc import Mapping
from typing import Any, Protocol

from bookstore_archiver.hooks.event_loop import PathLocks
from bookstore_archiver.spool.sources import Source
from bookstore_core.origins import Origin


class Keeper(Protocol):
    """What is done with saves and renames; only `keep_present` ever raises."""

    locks: PathLocks

    def keep(
        self,
        manager: Any,
        model: Mapping[str, Any],
        path: str,
        origin: Origin | None = None,
    ) -> None:
        """Keep what `manager` has just saved at `path`, restored from `origin`."""

    def keep_present(self, source: Source, path: str) -> None:
        """Keep what is at `path`, before a restore writes over it."""

    def keep_moved(
        self, manager: Any, old: str, new: str, source: Source | None = None
    ) -> None:
        """Keep the notebooks that were at `old` as what they are at `new`.

        `source` has the notebook's bytes where no file of this machine does.
        """
