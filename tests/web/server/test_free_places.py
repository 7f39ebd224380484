"""Names that are held while a copy is saved, among the files of a contents manager."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.services.contents.filemanager import FileContentsManager

from bookstore_web.server.free_places import FreePlaces


class SomebodySaves(FileContentsManager):  # type: ignore[misc]
    """Somebody saves at a name as soon as it was looked at, as often as `times`."""

    times = 0

    def _get_os_path(self, path: str) -> str:
        found: str = super()._get_os_path(path)
        self.looks = getattr(self, "looks", Counter[str]())
        self.looks[path] += 1
        if self.times and self.looks[path] == 2:
            self.times -= 1
            Path(found).touch()
        return found


async def save(places: FreePlaces, manager: Any, **options: bool) -> str:
    async with places.hold(manager, "a.txt", "", **options) as path:
        await asyncio.sleep(0)  # others choose their names meanwhile
        Path(manager._get_os_path(path)).touch(exist_ok=False)
    return path


def test_copies_at_once_get_names_of_their_own(tmp_path: Path) -> None:
    manager, places = FileContentsManager(root_dir=str(tmp_path)), FreePlaces()

    async def save_all() -> list[str]:
        return await asyncio.gather(*(save(places, manager) for _ in range(16)))

    assert len(set(asyncio.run(save_all()))) == 16
    assert len(list(tmp_path.glob("a*.txt"))) == 16


def test_what_somebody_saves_at_the_chosen_name_stays(tmp_path: Path) -> None:
    manager = SomebodySaves(root_dir=str(tmp_path))
    manager.times = 2
    assert asyncio.run(save(FreePlaces(), manager)) == "a-2.txt"


def test_a_name_is_free_again_after_a_save_that_failed(tmp_path: Path) -> None:
    manager, places = FileContentsManager(root_dir=str(tmp_path)), FreePlaces()

    async def fail() -> None:
        async with places.hold(manager, "a.txt", ""):
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        asyncio.run(fail())
    assert asyncio.run(save(places, manager)) == "a.txt"


def test_a_text_beside_takes_the_name_of_its_pair(tmp_path: Path) -> None:
    manager = FileContentsManager(root_dir=str(tmp_path))
    (tmp_path / "a.py").touch()
    places = FreePlaces()
    assert asyncio.run(save(places, manager, with_siblings=True)) == "a-1.txt"
    assert asyncio.run(save(places, manager)) == "a.txt"
