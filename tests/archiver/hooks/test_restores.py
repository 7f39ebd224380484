"""Restores: the present content is kept first; the new version records its origin."""

import asyncio
import errno
import inspect
import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from tornado.web import HTTPError

from archiver.conftest import MakeArchiver
from archiver.managers import (
    MANAGERS,
    AsyncElsewhere,
    AsyncFiles,
    Elsewhere,
    Files,
    PlainAsyncElsewhere,
    save,
)
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.spool.disk import Disk
from bookstore_core.origins import MEMBER, Origin
from bookstore_core.spool.directory import waiting_saves
from bookstore_core.stores import Version
from harness.memory_store import MemoryStore
from harness.notebook_server import notebook
from harness.waiting import wait_for

KEY = "workspace/a.ipynb"
PATH = "a.ipynb"


class FullDisk(Disk):
    """A disk without room."""

    def sync(self, file: BinaryIO) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def contents(store: MemoryStore, key: str = KEY) -> list[str]:
    return [data.decode() for data in store.contents[key]]


def wait_for_versions(store: MemoryStore, number: int, key: str = KEY) -> list[Version]:
    wait_for(lambda: len(store.versions[key]) >= number, what=f"{number} versions")
    return store.versions[key]


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_content_that_was_never_archived_is_kept_before_it_is_overwritten(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    (root / PATH).write_text("never archived")
    attach(manager, make_archiver().intake)
    save(manager, "old", **Origin("v7", "before/b.ipynb").member)
    present, restored = wait_for_versions(store, 2)
    assert contents(store) == ["never archived", "old"]
    assert present.metadata
    assert restored.metadata
    assert present.metadata.restored_from == ""
    assert restored.metadata.restored_from == "v7"
    assert restored.metadata.restored_path == "before/b.ipynb"


@pytest.mark.parametrize("kind", [Elsewhere, AsyncElsewhere, PlainAsyncElsewhere])
def test_manager_without_files_is_asked_for_its_content(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    (root / PATH).write_text("never archived")
    attach(manager, make_archiver().intake)
    model = {"type": "file", "content": "old", **Origin("v7").member}
    asyncio.run(_settle(lambda: manager.save(model, PATH)))
    assert len(wait_for_versions(store, 2)) == 2
    assert contents(store) == ["never archived", "old"]


async def _settle(start: Any) -> Any:
    answer = start()
    return await answer if inspect.isawaitable(answer) else answer


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_content_that_is_the_newest_version_is_not_kept_twice(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1")
    save(manager, "2")
    save(manager, "1", **Origin("v0").member)
    wait_for_versions(store, 3)
    save(manager, "3")
    wait_for_versions(store, 4)
    assert contents(store) == ["1", "2", "1", "3"]


@pytest.mark.parametrize("kind", MANAGERS)
def test_manager_never_sees_the_origin(
    kind: Any, make_archiver: MakeArchiver, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    model = {"type": "file", "content": "1", **Origin("v0").member}
    asyncio.run(_settle(lambda: manager.save(model, PATH)))
    asyncio.run(_settle(lambda: manager.save(model, "data.csv")))
    assert manager.seen == [{"type": "file", "content": "1"}] * 2
    assert MEMBER in model


@pytest.mark.parametrize("member", [None, "v1", [], {}, {"restored_from": 7}])
def test_save_with_an_invalid_origin_is_a_plain_save(
    member: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver().intake)
    assert save(manager, "1", **{MEMBER: member}) == {"path": PATH}
    (version,) = wait_for_versions(store, 1)
    assert version.metadata
    assert version.metadata.restored_from == ""


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_new_file_has_nothing_to_keep_first(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "old", **Origin("v7", PATH).member)
    (version,) = wait_for_versions(store, 1)
    assert version.metadata
    assert version.metadata.restored_from == "v7"
    assert version.metadata.restored_path == ""


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_restore_is_refused_if_nothing_can_be_kept(
    kind: Any, make_archiver: MakeArchiver, root: Path
) -> None:
    manager = kind(root)
    (root / PATH).write_text("present")
    attach(manager, make_archiver(disk=FullDisk()).intake)
    expected = r"Nothing was restored.*No space left"
    with pytest.raises(HTTPError, match=expected) as found:
        save(manager, "old", **Origin("v7").member)
    assert found.value.status_code == 503
    assert (root / PATH).read_text() == "present"


def test_restore_is_refused_if_the_manager_cannot_be_read(
    make_archiver: MakeArchiver, root: Path
) -> None:
    class Broken(AsyncElsewhere):
        async def get(self, path: str, content: bool = True) -> Any:
            raise HTTPError(502, "The bucket is away.")

    manager = Broken(root)
    (root / PATH).write_text("present")
    attach(manager, make_archiver().intake)
    with pytest.raises(HTTPError, match="The bucket is away") as found:
        save(manager, "old", **Origin("v7").member)
    assert found.value.status_code == 503
    assert (root / PATH).read_text() == "present"


def test_plain_save_goes_ahead_if_nothing_can_be_kept(
    make_archiver: MakeArchiver, root: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver(disk=FullDisk()).intake)
    save(manager, "1")
    assert (root / PATH).read_text() == "1"


def test_restores_are_versions_even_if_settings_skip_saves(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path, spool_dir: Path
) -> None:
    manager = Files(root)
    attach(manager, make_archiver(min_interval=3600.0, skip_unchanged=True).intake)
    save(manager, "1")
    wait_for_versions(store, 1)
    save(manager, "2")  # held for an hour
    save(manager, "1", **Origin("v0").member)
    save(manager, "1", **Origin("v0").member)
    wait_for_versions(store, 4)
    assert contents(store) == ["1", "2", "1", "1"]
    assert list(waiting_saves(str(spool_dir))) == []


def test_model_of_a_notebook_is_restored_too(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Elsewhere(root)
    attach(manager, make_archiver().intake)
    save(manager, notebook("1"), **Origin("v0").member)  # type: ignore[arg-type]
    (version,) = wait_for_versions(store, 1)
    assert version.metadata
    assert version.metadata.restored_from == "v0"


class Paired(Files):
    """Like jupytext's manager: it shows the cells of a text file beside a notebook."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.paired_notebooks: dict[str, Any] = {}
        self.shown = notebook("in the file")

    def get(self, path: str, content: bool = True) -> Any:
        return {"type": "notebook", "format": "json", "content": self.shown}


class AsyncPaired(Paired, AsyncFiles):
    """The same for an event loop."""

    async def get(self, path: str, content: bool = True) -> Any:
        await asyncio.sleep(0)
        return Paired.get(self, path, content)


@pytest.mark.parametrize("kind", [Paired, AsyncPaired])
@pytest.mark.parametrize("shown", ["in the file", "edited as text"])
def test_what_jupyter_shows_of_a_pair_is_kept_if_it_is_not_in_the_file(
    kind: Any, shown: str, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    manager.shown = notebook(shown)
    (root / PATH).write_text(json.dumps(notebook("in the file")))
    attach(manager, make_archiver().intake)
    save(manager, "old", **Origin("v7").member)
    wait_for(lambda: "old" in contents(store), what="the restore")
    kept = [
        "".join(json.loads(data)["cells"][0]["source"]) for data in contents(store)[:-1]
    ]
    assert kept == list(dict.fromkeys(["in the file", shown]))


@pytest.mark.parametrize("kind", [Paired, AsyncPaired])
def test_a_pair_that_cannot_be_read_is_restored(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    (root / PATH).write_text("not a notebook")
    attach(manager, make_archiver().intake)
    save(manager, "old", **Origin("v7").member)
    wait_for_versions(store, 2)
    assert contents(store) == ["not a notebook", "old"]
