"""`jupyter bookstore backfill`, run in the test's own process."""

import json
import os
from pathlib import Path

import pytest

from archiver.cli.stored import contents, versions
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.local.store import LocalStore
from harness.command import Outcome, Run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The notebook server's root: three notebooks and other files."""
    root = tmp_path / "root"
    files = {
        "a.ipynb": "a",
        "folder/ä b.ipynb": "b",
        "folder/deep/c.ipynb": "c",
        "folder/text.txt": "t",
        "folder/.hidden.ipynb": "h",
        "folder/.ipynb_checkpoints/ä b-checkpoint.ipynb": "p",
        ".hidden/d.ipynb": "d",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def backfill(run: Run, root: Path, words: tuple[str, ...], *paths: str) -> Outcome:
    return run("backfill", f"--ServerApp.root_dir={root}", *words, *paths)


def test_backfill_archives_what_is_below_the_root(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, root: Path
) -> None:
    outcome = backfill(run, root, words)
    assert (outcome.code, outcome.out) == (0, "archived 3, unchanged 0, failed 0.\n")
    assert contents(settings) == ["a"]
    assert contents(settings, "folder/ä b.ipynb") == ["b"]
    keys = LocalStore(settings).list_keys("workspace/folder/").keys
    assert [found.key for found in keys] == ["workspace/folder/ä b.ipynb"]
    assert LocalStore(settings).list_keys("workspace/").folders == (
        "workspace/folder/",
    )


def test_backfill_again_archives_only_what_has_changed(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, root: Path
) -> None:
    backfill(run, root, words)
    (root / "a.ipynb").write_text("z")
    (root / "folder" / "ä b.ipynb").write_text("longer")
    outcome = backfill(run, root, words, "--json")
    counts = json.loads(outcome.out)
    assert (counts["archived"], counts["unchanged"]) == (2, 1)
    assert contents(settings) == ["a", "z"]
    assert contents(settings, "folder/ä b.ipynb") == ["b", "longer"]


def test_backfilled_versions_have_the_time_of_their_file(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, root: Path
) -> None:
    os.utime(root / "a.ipynb", (1_600_000_000, 1_600_000_000))
    os.utime(root / "folder/deep/c.ipynb", (9_600_000_000, 9_600_000_000))
    backfill(run, root, words)
    old, future = (versions(settings, p)[0] for p in ("a.ipynb", "folder/deep/c.ipynb"))
    assert old.metadata is not None
    assert old.metadata.saved_at.timestamp() == 1_600_000_000
    assert old.metadata.source_path == "a.ipynb"
    assert future.metadata is not None
    assert future.metadata.saved_at <= future.stored_at


@pytest.mark.parametrize("changed_at", [10**12, -(10**11), -62135596799])
def test_a_file_with_an_impossible_time_is_archived(
    run: Run,
    words: tuple[str, ...],
    settings: BookstoreSettings,
    in_memory: Path,
    changed_at: int,
) -> None:
    (in_memory / "a.ipynb").write_text("a")
    os.utime(in_memory / "a.ipynb", (changed_at, changed_at))
    outcome = backfill(run, in_memory, words)
    assert outcome.out == "archived 1, unchanged 0, failed 0.\n"
    [version] = versions(settings, "a.ipynb")
    assert version.metadata is not None
    assert version.metadata.saved_at <= version.stored_at


def test_backfill_takes_folders_and_notebooks_once_each(
    run: Run, words: tuple[str, ...], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    paths = ("folder/deep", "folder", "folder/ä b.ipynb", "folder")
    outcome = backfill(run, root, words, *paths)
    assert outcome.out == "archived 2, unchanged 0, failed 0.\n"


def test_backfill_asks_for_the_root_if_none_is_known(
    run: Run, words: tuple[str, ...], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "folder")
    outcome = run("backfill", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--root-dir" in outcome.err


def test_backfill_takes_the_root_of_its_terminals_server(
    run: Run, words: tuple[str, ...], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(root / "folder"))
    assert run("backfill", *words).out == "archived 2, unchanged 0, failed 0.\n"


@pytest.mark.parametrize(
    "line",
    [
        "c.ServerApp.root_dir = {root!r}",
        "c.NotebookApp.notebook_dir = {root!r}",
        "c.ServerApp.root_dir = '/nowhere'; c.FileContentsManager.root_dir = {root!r}",
    ],
)
def test_backfill_reads_the_root_from_the_config_of_the_server(
    run: Run,
    words: tuple[str, ...],
    settings: BookstoreSettings,
    root: Path,
    tmp_path: Path,
    line: str,
) -> None:
    (tmp_path / "config").mkdir()
    config = tmp_path / "config" / "jupyter_server_config.py"
    config.write_text(line.format(root=str(root)))
    assert run("backfill", *words, str(root / "folder" / "deep")).code == 0
    assert contents(settings, "folder/deep/c.ipynb") == ["c"]


def test_root_reached_through_a_link_gives_the_same_keys(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, root: Path
) -> None:
    link = root.with_name("link")
    link.symlink_to(root)
    assert backfill(run, link, words, str(root / "a.ipynb")).code == 0
    assert backfill(run, root, words, str(link / "folder")).code == 0
    assert contents(settings) == ["a"]
    assert contents(settings, "folder/ä b.ipynb") == ["b"]


def test_a_path_in_a_deleted_directory_is_not_found(
    run: Run, words: tuple[str, ...], root: Path, gone: Path
) -> None:
    outcome = backfill(run, root, words, "a.ipynb")
    assert (outcome.code, outcome.out) == (4, "")
    assert "The current directory was deleted." in outcome.err
    assert backfill(run, root, words, str(root / "a.ipynb")).code == 0


def test_path_outside_of_the_root_is_an_error(
    run: Run, words: tuple[str, ...], root: Path
) -> None:
    other = root.with_name("rooted.ipynb")
    other.write_text("x")
    outcome = backfill(run, root, words, str(root / "a.ipynb"), str(other))
    assert outcome.code == 2
    assert "is outside of the notebook server's root directory" in outcome.err


def test_path_that_does_not_exist_or_is_not_a_notebook_is_an_error(
    run: Run, words: tuple[str, ...], root: Path
) -> None:
    assert backfill(run, root, words, str(root / "none.ipynb")).code == 4
    assert backfill(run, root, words, str(root / "folder/text.txt")).code == 2


def test_notebook_that_cannot_be_archived_is_reported_and_others_are_archived(
    run: Run, words: tuple[str, ...], root: Path
) -> None:
    deep = root.joinpath(*["x" * 200] * 6)
    deep.mkdir(parents=True)
    (deep / "far.ipynb").write_text("x")
    outcome = backfill(run, root, words)
    assert outcome.code == 1
    assert outcome.out == "archived 3, unchanged 0, failed 1.\n"
    assert "far.ipynb: The" in outcome.err
