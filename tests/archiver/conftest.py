"""Fixtures of the archiver's tests: settings, a log, a store in memory, an archiver."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.saving import Files
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.uploads.timing import Timing
from bookstore_core.settings import BookstoreSettings
from harness.memory_store import MemoryStore

LOG = logging.getLogger("bookstore-test")

#: Short intervals, so that tests do not wait.
QUICK = Timing(
    look=0.01, take_over=0.01, tend=0.01, first_pause=0.001, longest_pause=0.01
)

MakeArchiver = Callable[..., Archiver]


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    root = tmp_path / "work"
    root.mkdir()
    return Files(root)


@pytest.fixture
def make_archiver(spool_dir: Path, store: MemoryStore) -> Iterator[MakeArchiver]:
    """Make archivers that use the memory store; all are closed at the end.

    `root` is the directory of the notebooks, if no contents manager says so.
    """
    made: list[Archiver] = []

    def make(
        *, timing: Timing = QUICK, root: Path | None = None, **options: Any
    ) -> Archiver:
        names = set(BookstoreSettings.class_trait_names(config=True)) & options.keys()
        traits = {name: options.pop(name) for name in names}
        values = {"storage": "local", "spool_dir": str(spool_dir), **traits}
        archiver = Archiver(
            BookstoreSettings.from_config(values),
            log=LOG,
            store=options.pop("store", lambda: store),
            timing=timing,
            **options,
        )
        made.append(archiver)
        if root is not None:
            archiver.intake.roots.add(str(root))
        return archiver

    yield make
    for archiver in made:
        archiver.close()
