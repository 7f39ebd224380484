"""Notes on renames: the next process continues the pending ones."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.saving import Files, is_empty, text
from bookstore_archiver.hooks.saves import attach
from bookstore_archiver.notebook_files import NotebookFile
from bookstore_archiver.renames.notes import RenameNotes
from bookstore_archiver.renames.pending import PendingRenames, RenamedFolder
from bookstore_core.spool.renamed_folders import (
    FolderRename,
    decode_rename,
    encode_recorded,
    rename_files,
)
from bookstore_core.stores import utc_now
from harness.memory_store import MemoryStore
from harness.waiting import wait_for

AT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
RENAME = FolderRename("x", "y", "/srv/y", AT)


@pytest.fixture
def notes(spool_dir: Path) -> RenameNotes:
    return RenameNotes(str(spool_dir), log=LOG)


@pytest.fixture
def full_folder(files: Files) -> list[str]:
    """The names of the notebooks in the folder y, which was x."""
    names = [f"{number:02}.ipynb" for number in range(20)]
    (files.root / "y").mkdir()
    for name in names:
        (files.root / "y" / name).write_text(name)
    return names


def recorded(store: MemoryStore, folder: str, names: list[str]) -> list[list[str]]:
    """Return the old paths that the versions of each notebook in a folder record."""
    found = [store.versions[f"workspace/{folder}/{name}"] for name in names]
    return [[v.metadata.moved_from for v in each if v.metadata] for each in found]


def test_file_is_read_back_without_a_torn_line() -> None:
    data = RENAME.encode() + encode_recorded("y/ü.ipynb") + b'"y/b.i'
    read = decode_rename(data)
    assert read == FolderRename("x", "y", "/srv/y", AT, frozenset({"y/ü.ipynb"}))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\0" * 9, b"1\n", b"null\n", b"{}\n", b"[]\n", b"[" * 9999),
        RENAME.encode().replace(b'"x"', b'"../x"'),
        RENAME.encode().replace(b'"x"', b"7"),
        RENAME.encode().replace(b"2026", b"year"),
        RENAME.encode() + b"torn by somebody\n",
    ],
)
def test_file_that_is_not_a_rename_is_none(data: bytes) -> None:
    assert decode_rename(data) is None


def test_rename_is_taken_over_when_its_process_has_ended(
    notes: RenameNotes, spool_dir: Path
) -> None:
    note = notes.write(RENAME)
    assert note
    assert notes.adopt() == []
    note.recorded("y/a.ipynb")
    note.release()
    (path,) = rename_files(str(spool_dir))
    path.write_bytes(path.read_bytes() + b'"y/torn')
    (adopted,) = notes.adopt()
    assert adopted.rename.recorded == {"y/a.ipynb"}
    adopted.recorded("y/b.ipynb")
    adopted.release()
    (again,) = notes.adopt()
    assert again.rename.recorded == {"y/a.ipynb", "y/b.ipynb"}
    again.over()
    again.release()
    (last,) = notes.adopt()
    assert last.rename.over
    last.remove()
    assert rename_files(str(spool_dir)) == []


def test_foreign_file_stays_and_is_ignored(notes: RenameNotes, spool_dir: Path) -> None:
    folder = spool_dir / "renamed"
    (folder / "a folder").mkdir(parents=True)
    (folder / "foreign").write_text("{}")
    assert notes.adopt() == []
    assert (folder / "foreign").exists()


def test_next_process_records_what_the_last_one_has_not(
    notes: RenameNotes,
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    note = notes.write(FolderRename("x", "y", str(files.root / "y"), utc_now()))
    assert note
    note.recorded("y/00.ipynb")
    note.release()
    archiver = make_archiver(root=files.root)
    archiver.start()
    expected = [[]] + [[f"x/{name}"] for name in full_folder[1:]]
    wait_for(
        lambda: recorded(store, "y", full_folder) == expected, what="all notebooks"
    )
    archiver.close()
    assert rename_files(str(spool_dir)) == []


def test_save_before_the_next_process_has_looked_records_it_too(
    notes: RenameNotes, make_archiver: MakeArchiver, files: Files, store: MemoryStore
) -> None:
    (files.root / "y").mkdir()
    note = notes.write(FolderRename("x", "y", str(files.root / "y"), utc_now()))
    assert note
    note.release()
    attach(files, make_archiver().intake)
    files.save(text("1"), "y/a.ipynb")
    # Whoever comes first records it: the save, or the thread that visits the folder.
    wait_for(lambda: recorded(store, "y", ["a.ipynb"])[0][:1], what="a version")
    assert recorded(store, "y", ["a.ipynb"])[0][0] == "x/a.ipynb"


def test_notebook_that_was_just_saved_is_no_second_version_when_it_is_visited(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore, spool_dir: Path
) -> None:
    intake = make_archiver().intake
    attach(files, intake)
    files.save(text("1"), "a.ipynb")
    intake._keep_file(str(files.root / "a.ipynb"), "a.ipynb")
    wait_for(is_empty(spool_dir), what="an empty spool")
    assert store.contents["workspace/a.ipynb"] == [b"1"]


def test_notebook_whose_record_waits_in_the_spool_is_not_recorded_again(
    notes: RenameNotes,
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    first = make_archiver()
    first.close()  # only adds from here on
    first.intake.renames._pending.add_folder("x", "y", str(files.root / "y"))
    first.intake.archive_file(
        str(files.root / "y/00.ipynb"), "y/00.ipynb", saved_at=utc_now()
    )
    first.intake.renames._pending.release()
    (path,) = rename_files(str(spool_dir))
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    make_archiver(root=files.root).start()
    expected = [[f"x/{name}"] for name in full_folder]
    wait_for(
        lambda: recorded(store, "y", full_folder) == expected, what="all notebooks"
    )


def test_notebook_whose_record_was_sent_by_another_process_is_not_recorded_again(
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    first = make_archiver()
    first.close()  # only adds from here on
    first.intake.renames._pending.add_folder("x", "y", str(files.root / "y"))
    (path,) = rename_files(str(spool_dir))
    first.intake.archive_file(
        str(files.root / "y/00.ipynb"), "y/00.ipynb", saved_at=utc_now()
    )
    # It is sent, and then the process is killed before it has noted anything itself.
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert make_archiver().drain(30)
    first.intake.renames._pending.release()
    assert make_archiver(root=files.root).drain(30)
    assert recorded(store, "y", full_folder) == [[f"x/{name}"] for name in full_folder]


def test_drain_also_finishes_renames(
    notes: RenameNotes,
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
) -> None:
    note = notes.write(FolderRename("x", "y", str(files.root / "y"), utc_now()))
    assert note
    note.release()
    assert make_archiver(root=files.root).drain(30)
    assert recorded(store, "y", full_folder) == [[f"x/{name}"] for name in full_folder]


def test_folder_that_is_renamed_again_at_once_keeps_its_thread(
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    for old, new in (("y", "z"), ("z", "a"), ("a", "b")):
        (files.root / old).rename(files.root / new)
        archiver.intake.keep_moved(files, old, new)
    (files.root / "z").mkdir()
    files.save(text("new"), "z/new.ipynb")
    wait_for(lambda: all(recorded(store, "b", full_folder)), what="all notebooks")
    for name, versions in zip(
        full_folder, recorded(store, "b", full_folder), strict=True
    ):
        (before,) = versions
        while recorded(store, before.split("/")[0], [name]) != [[]]:
            ((before,),) = recorded(store, before.split("/")[0], [name])
        assert before == f"y/{name}"
    assert recorded(store, "z", ["new.ipynb"]) == [[""]]
    archiver.close()
    assert rename_files(str(spool_dir)) == []


def test_rename_within_a_folder_that_is_done_refers_to_its_rename() -> None:
    pending = PendingRenames()
    first, second = pending.add_folder("x", "y"), pending.add_folder("y/in", "z")
    first.end()
    with pending.recording("y/new.ipynb") as old:
        assert old == ""
    with pending.recording("z/a.ipynb") as old:
        assert old == "x/in/a.ipynb"
    pending.tidy(0)
    assert pending._folders == [first, second]
    second.end()
    pending.tidy()
    assert pending._folders == [first, second]
    pending.tidy(0)
    assert pending._folders == []


def test_older_rename_that_is_taken_over_late_comes_before_newer_ones(
    notes: RenameNotes, spool_dir: Path
) -> None:
    note = notes.write(FolderRename("x", "y", "/srv/y", utc_now() - timedelta(hours=1)))
    assert note
    pending = PendingRenames(RenameNotes(str(spool_dir), log=LOG))
    pending.add_folder("p", "x", "/srv/x")
    note.release()
    assert [folder.old for folder in pending.adopt()] == ["x"]
    with pending.recording("x/a.ipynb") as old:
        assert old == "p/a.ipynb"
    with pending.recording("y/a.ipynb") as old:
        assert old == "x/a.ipynb"
    pending.release()


def test_next_process_records_a_move_that_a_full_disk_kept_from_the_spool(
    make_archiver: MakeArchiver, files: Files, store: MemoryStore, spool_dir: Path
) -> None:
    first = make_archiver()
    attach(files, first.intake)
    files.save(text("1"), "a.ipynb")
    wait_for(lambda: recorded(store, "", ["a.ipynb"]) or True, what="a version")
    first.intake.tend()
    new = spool_dir / "new"
    wait_for(lambda: not list(new.iterdir()), what="the upload")
    new.chmod(0o500)
    (files.root / "a.ipynb").rename(files.root / "b.ipynb")
    first.intake.keep_moved(files, "a.ipynb", "b.ipynb")
    first.close()
    new.chmod(0o700)
    make_archiver().start()
    found = store.versions["workspace/b.ipynb"]
    wait_for(lambda: found, what="the version")
    assert found[0].metadata
    assert found[0].metadata.moved_from == "a.ipynb"


def test_renames_that_were_left_to_the_next_process_are_not_taken_back(
    make_archiver: MakeArchiver, files: Files
) -> None:
    (files.root / "y").mkdir()
    pending = make_archiver().intake.renames._pending
    pending.add_folder("x", "y", str(files.root / "y"))
    pending.release()
    assert pending.adopt() == []


def test_move_is_recorded_before_another_notebook_is_saved_at_the_old_path(
    make_archiver: MakeArchiver,
    files: Files,
    full_folder: list[str],
    store: MemoryStore,
) -> None:
    archiver = make_archiver()
    attach(files, archiver.intake)
    archiver.intake.renames._pending.add_folder("x", "z")
    archiver.intake.renames._pending.add_folder("z", "y", str(files.root / "y"))
    (files.root / "x").mkdir()
    files.save(text("another"), "x/07.ipynb")
    another = store.versions["workspace/x/07.ipynb"]
    wait_for(lambda: another, what="the version of the other one")
    wait_for(
        lambda: recorded(store, "y", ["07.ipynb"]) == [["x/07.ipynb"]], what="its own"
    )
    (moved,) = store.versions["workspace/y/07.ipynb"]
    assert moved.metadata
    assert another[0].metadata
    assert moved.metadata.saved_at < another[0].metadata.saved_at


def test_no_notebook_has_left_a_path_that_its_folder_came_back_to() -> None:
    pending = PendingRenames()
    pending.add_folder("x", "y", "/srv/y")
    pending.add_folder("y", "x", "/srv/x")
    assert pending.find_left("x/a.ipynb") is None
    pending.add_folder("x", "z", "/srv/z")
    left = pending.find_left("x/a.ipynb")
    assert left == NotebookFile("/srv/z/a.ipynb", "z/a.ipynb")
    assert pending.find_left("xx/a.ipynb") is None


def test_folder_does_not_contain_paths_of_a_longer_name() -> None:
    moved = RenamedFolder("x", "y")
    assert not moved.contains("yy/a.ipynb")
    assert not moved.moved_with(RenamedFolder("yy", "z"))
    assert moved.moved_with(RenamedFolder("y", "z"))
