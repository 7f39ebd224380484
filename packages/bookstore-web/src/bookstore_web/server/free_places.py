"""Free names for copies that are saved on this notebook server."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bookstore_core.errors import ConflictError, ForbiddenError
from bookstore_core.jupyter.file_kinds import NOTHING, UNKNOWN, kind_at

#: How often a name is chosen again because somebody else has saved there meanwhile.
TRIES = 10


class FreePlaces:
    """The paths that copies are being saved at; each is that of one copy alone."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._choosing = threading.Lock()

    @asynccontextmanager
    async def hold(
        self, manager: Any, name: str, target_path: str, *, with_siblings: bool = False
    ) -> AsyncIterator[str]:
        """Give a free path, as `place_among` does, which is held during the block.

        The manager has plain files. There was nothing at the path when the block was
        entered: what is done there before the event loop is given up comes first.
        """
        for _ in range(TRIES):
            path = await asyncio.to_thread(
                self._choose, manager, name, target_path, with_siblings
            )
            try:
                if kind_at(manager, path) in (NOTHING, UNKNOWN):
                    yield path
                    return
            finally:
                self._held.discard(path)
        raise ConflictError(
            f"Others saved at each name that was free for {name}. Try again."
        )

    def _choose(
        self, manager: Any, name: str, target_path: str, with_siblings: bool
    ) -> str:
        from bookstore_web.contents.free_names import place_among

        with self._choosing:
            path = place_among(
                _OwnFiles(manager),
                name,
                target_path,
                taken=self._held,
                with_siblings=with_siblings,
            ).path
            self._held.add(path)
        return path


class _OwnFiles:
    """The files of a contents manager on this machine."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    def kinds(self, paths: Sequence[str]) -> list[str]:
        return [self.type_of(path) for path in paths]

    def type_of(self, path: str) -> str:
        return kind_at(self._manager, path)

    def names_in(self, folder: str) -> list[str]:
        try:
            return os.listdir(self._manager._get_os_path(folder))
        except OSError as error:
            raise ForbiddenError(
                f"The folder {folder!r} cannot be read: {error.strerror}."
            ) from error
