"""Managers that override `rename`, copies of folders, and folders not visited."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from archiver.conftest import MakeArchiver
from archiver.managers import AsyncFiles, Files, do, save
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.notebook_files import find_unvisited
from bookstore_archiver.renames.pending import PendingRenames
from bookstore_core.history import History
from bookstore_core.spool.renamed_folders import rename_files
from harness.memory_store import MemoryStore
from harness.waiting import wait_for


class Jupyter(Files):
    """A manager whose `rename` calls `rename_file`, as Jupyter's own do."""

    def rename(self, old_path: str, new_path: str) -> Any:
        self.rename_file(old_path, new_path)

    def copy(self, from_path: str, to_path: str) -> Any:
        shutil.copytree(self.root / from_path, self.root / to_path)
        return {"type": "directory", "path": f"/{to_path}"}


class AsyncJupyter(AsyncFiles):
    """The same for an event loop."""

    async def rename(self, old_path: str, new_path: str) -> Any:
        await self.rename_file(old_path, new_path)

    async def copy(self, from_path: str, to_path: str) -> Any:
        await asyncio.sleep(0)
        return Jupyter.copy(self, from_path, to_path)  # type: ignore[arg-type]


class Dispatching(Files):
    """A manager that passes renames on to another one."""

    def rename(self, path: str, new_path: str) -> Any:
        Files(self.root).rename_file(path, new_path)


class AsyncDispatching(AsyncFiles):
    """The same for an event loop."""

    async def rename(self, path: str, new_path: str) -> Any:
        await AsyncFiles(self.root).rename_file(path, new_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "x").mkdir(parents=True)
    return folder


def origins(store: MemoryStore, path: str, count: int) -> list[str]:
    """Return the old paths that versions record, as soon as there are `count`."""
    found = store.versions[f"workspace/{path}"]
    wait_for(lambda: len(found) >= count, what=f"{count} versions of {path}")
    return [version.metadata.moved_from for version in found if version.metadata]


@pytest.mark.parametrize("kind", [Jupyter, AsyncJupyter, Dispatching, AsyncDispatching])
def test_a_rename_is_followed_once_whichever_method_renames(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", "a.ipynb")
    do(manager.rename("a.ipynb", "b.ipynb"))
    do(manager.rename("x", "y"))
    save(manager, "2", "b.ipynb")
    assert origins(store, "b.ipynb", 2) == ["a.ipynb", ""]
    do(manager.rename_file("b.ipynb", "c.ipynb"))
    assert origins(store, "c.ipynb", 1) == ["b.ipynb"]


@pytest.mark.parametrize("kind", [Jupyter, AsyncJupyter, Dispatching, AsyncDispatching])
def test_names_are_swapped_through_one_that_notebooks_do_not_have(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    archiver = make_archiver()
    attach(manager, archiver.intake)
    save(manager, "1", "a.ipynb")
    save(manager, "2", "b.ipynb")
    for old, new in (("a.ipynb", "tmp"), ("b.ipynb", "a.ipynb"), ("tmp", "b.ipynb")):
        do(manager.rename(old, new))
    archiver.drain()
    history = History(store, archiver.settings)
    for path, text in (("a.ipynb", b"2"), ("b.ipynb", b"1")):
        rows = history.page(path).rows
        contents = {history.read(r.path, r.version.version_id)[1] for r in rows}
        assert all(text in content for content in contents), path
        assert len(rows) > 1


def test_a_file_that_is_renamed_to_a_notebook_is_archived(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Jupyter(root)
    attach(manager, make_archiver().intake)
    (root / "a.json").write_text("{}")
    manager.rename("a.json", "a.ipynb")
    assert origins(store, "a.ipynb", 1) == ["a.json"]


@pytest.mark.parametrize("kind", [Jupyter, AsyncJupyter])
def test_notebooks_of_a_copied_folder_become_versions(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    (root / "x/deep").mkdir()
    for name in ("x/a.ipynb", "x/deep/b.ipynb", "x/data.csv"):
        (root / name).write_text(name)
    do(manager.copy("x", "y"))
    assert origins(store, "y/a.ipynb", 1) == [""]
    assert origins(store, "y/deep/b.ipynb", 1) == [""]
    save(manager, "2", "y/a.ipynb")
    assert origins(store, "y/a.ipynb", 2) == ["", ""]
    assert set(store.versions) == {"workspace/y/a.ipynb", "workspace/y/deep/b.ipynb"}


def test_a_copy_in_a_folder_that_is_being_followed_was_not_renamed() -> None:
    pending = PendingRenames()
    pending.add_folder("x", "y")
    copied = pending.add_folder("y/copy", "y/copy")
    with pending.recording("y/copy/a.ipynb") as old:
        assert old == ""
    assert not copied.is_unrecorded("y/copy/a.ipynb")
    with pending.recording("y/a.ipynb") as old:
        assert old == "x/a.ipynb"


def link_and_hide(root: Path) -> None:
    """Make a folder `x` with a link to a folder and a hidden one; rename it to `y`."""
    (root / "shared").mkdir()
    (root / "x/link").symlink_to(root / "shared")
    for folder in (".hidden", ".ipynb_checkpoints", ".git"):
        (root / "x" / folder).mkdir()
    for folder in ("shared", "x/.hidden", "x/.ipynb_checkpoints"):
        (root / folder / "a.ipynb").write_text("1")


def test_folders_that_are_not_visited_are_found_if_they_have_notebooks(
    root: Path,
) -> None:
    link_and_hide(root)
    assert list(find_unvisited(str(root / "x"))) == [".hidden", "link"]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("inside", ["link", ".hidden"])
def test_the_next_save_in_a_folder_that_was_not_visited_records_the_rename(
    restarts: bool,
    inside: str,
    make_archiver: MakeArchiver,
    store: MemoryStore,
    root: Path,
    spool_dir: Path,
) -> None:
    link_and_hide(root)
    manager, archiver = Jupyter(root), make_archiver()
    attach(manager, archiver.intake)
    save(manager, "1", f"x/{inside}/a.ipynb")
    manager.rename("x", "y")
    assert archiver.intake.renames.wait(5)
    if restarts:
        archiver.close()
        manager = Jupyter(root)
        attach(manager, make_archiver().intake)
    save(manager, "2", f"y/{inside}/a.ipynb")
    save(manager, "3", f"y/{inside}/a.ipynb")
    path = f"x/{inside}/a.ipynb"
    assert origins(store, f"y/{inside}/a.ipynb", 2) == [path, ""]
    assert len(rename_files(str(spool_dir))) >= 1


def test_a_folder_that_is_renamed_twice_leads_to_its_first_path(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    link_and_hide(root)
    manager, archiver = Jupyter(root), make_archiver()
    attach(manager, archiver.intake)
    for old, new in (("x", "y"), ("y", "z")):
        manager.rename(old, new)
        assert archiver.intake.renames.wait(5)
    save(manager, "2", "z/link/a.ipynb")
    assert origins(store, "z/link/a.ipynb", 1) == ["x/link/a.ipynb"]


def test_at_most_a_hundred_folders_wait(tmp_path: Path) -> None:
    pending = PendingRenames()
    folder = pending.add_folder("x", "y", str(tmp_path))
    for number in range(101):
        pending.add_waiting(folder, f"link-{number}")
    folder.end()
    with pending.recording("y/link-0/a.ipynb") as old:
        assert old == ""
    with pending.recording("y/link-1/a.ipynb") as old:
        assert old == "x/link-1/a.ipynb"


def test_a_link_to_what_is_no_notebook_is_not_archived_with_its_folder(
    make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = Jupyter(root)
    attach(manager, make_archiver().intake)
    (root / "id_rsa").write_text("secret")
    (root / "other.ipynb").write_text("1")
    (root / "x/a.ipynb").symlink_to(root / "id_rsa")
    (root / "x/b.ipynb").symlink_to(root / "other.ipynb")
    manager.rename("x", "y")
    assert origins(store, "y/b.ipynb", 1) == ["x/b.ipynb"]
    assert "workspace/y/a.ipynb" not in store.versions


class Paired(Files):
    """A manager that renames a notebook with its text, as jupytext does."""

    def rename_file(self, old_path: str, new_path: str) -> Any:
        super().rename_file(old_path, new_path)
        notebooks = [p.replace(".py", ".ipynb") for p in (old_path, new_path)]
        super().rename_file(*notebooks)


class AsyncPaired(AsyncFiles):
    """The same for an event loop."""

    async def rename_file(self, old_path: str, new_path: str) -> Any:
        await asyncio.sleep(0)
        Paired(self.root).rename_file(old_path, new_path)


@pytest.mark.parametrize("kind", [Paired, AsyncPaired])
def test_a_notebook_that_is_renamed_with_its_text_is_followed(
    kind: Any, make_archiver: MakeArchiver, store: MemoryStore, root: Path
) -> None:
    manager = kind(root)
    attach(manager, make_archiver().intake)
    save(manager, "1", "a.ipynb")
    (root / "a.py").write_text("1")
    do(manager.rename_file("a.py", "b.py"))
    assert origins(store, "b.ipynb", 1) == ["a.ipynb"]
