"""`jupyter bookstore drain` and `backfill`, run in the test's own process."""

import json
import os
from pathlib import Path

import pytest

from archiver.conftest import LOG, MakeArchiver
from archiver.saving import REFUSED, archive
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.cli.verb import Patience
from bookstore_archiver.records import ArchiveRecord
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_archiver.uploads.drain_lock import DrainLock
from bookstore_archiver.uploads.timing import Timing
from bookstore_core.errors import StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.counts import SpoolCounts
from bookstore_core.spool.directory import count_spool
from bookstore_core.spool.drain_status import DrainStatus, read_status
from bookstore_core.stores import Version
from bookstore_core.stores.local.store import LocalStore
from harness.command import Outcome, Run
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for

DOWN = StorageUnavailableError("The store does not answer.")


@pytest.fixture
def settings(tmp_path: Path, spool_dir: Path) -> BookstoreSettings:
    return BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), spool_dir=str(spool_dir)
    )


@pytest.fixture
def words(settings: BookstoreSettings) -> tuple[str, ...]:
    """Words that choose the local store and the spool of the test."""
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={settings.local_root}",
        f"--BookstoreSettings.spool_dir={settings.spool_dir}",
    )


@pytest.fixture
def unreachable(spool_dir: Path) -> tuple[str, ...]:
    """Words that choose a store that does not answer."""
    return (
        "--BookstoreSettings.s3_bucket=b",
        "--BookstoreSettings.s3_endpoint_url=http://127.0.0.1:9",
        "--BookstoreSettings.s3_access_key_id=a",
        "--BookstoreSettings.s3_secret_access_key=b",
        f"--BookstoreSettings.spool_dir={spool_dir}",
    )


def spool(spool_dir: Path, *contents: str, path: str = "a.ipynb") -> None:
    for content in contents:
        Spool(spool_dir).add(
            BytesSource(content.encode()),
            key=f"workspace/{path}",
            author="",
            source_path=path,
        )


def versions(settings: BookstoreSettings, path: str) -> list[Version]:
    """Return the versions of a notebook, oldest first, with their metadata."""
    store, key = LocalStore(settings), f"workspace/{path}"
    found = store.list_versions(key).versions[::-1]
    return [store.head(key, version.version_id) for version in found]


def contents(settings: BookstoreSettings, path: str = "a.ipynb") -> list[str]:
    store = LocalStore(settings)
    found = []
    for version in versions(settings, path):
        with store.open(version.key, version.version_id) as opened:
            found.append(opened.read(1000).decode())
    return found


def test_drain_empties_the_spool_in_order(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, spool_dir: Path
) -> None:
    spool(spool_dir, "1", "2", "3")
    outcome = run("drain", *words)
    assert outcome.code == 0, outcome.err
    assert f"Saves that wait in {spool_dir}: 3." in outcome.err
    assert "is empty. Saves that left it: 3." in outcome.out
    assert contents(settings) == ["1", "2", "3"]


def test_drain_needs_no_current_directory(
    run: Run,
    words: tuple[str, ...],
    settings: BookstoreSettings,
    spool_dir: Path,
    gone: Path,
) -> None:
    spool(spool_dir, "1")
    assert run("drain", *words).code == 0
    assert contents(settings) == ["1"]


def test_drain_of_an_empty_spool_succeeds(run: Run, words: tuple[str, ...]) -> None:
    outcome = run("drain", "--json", *words)
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out)["drained"] == 0


def test_drain_without_a_store_is_a_configuration_error(run: Run) -> None:
    outcome = run("drain")
    assert outcome.code == 3
    assert "No store is configured" in outcome.err


@pytest.mark.parametrize("seconds", ["nan", "-1"])
def test_drain_takes_a_number_of_seconds(
    run: Run, words: tuple[str, ...], seconds: str
) -> None:
    outcome = run("drain", f"--timeout={seconds}", *words)
    assert outcome.code == 2
    assert "--timeout must be" in outcome.err


def test_drain_gives_up_in_time_and_keeps_the_saves(
    run: Run, unreachable: tuple[str, ...], spool_dir: Path
) -> None:
    spool(spool_dir, "1")
    outcome = run("drain", "--timeout=4", *unreachable)
    assert outcome.code == 7
    assert "Saves that wait in the spool: 1. " in outcome.err
    assert "http://127.0.0.1:9" in outcome.err
    assert count_spool(str(spool_dir)).waiting == 1


def test_drain_reports_what_the_store_refuses(
    run: Run, words: tuple[str, ...], settings: BookstoreSettings, spool_dir: Path
) -> None:
    Path(settings.local_root).write_text("a file")
    spool(spool_dir, "1")
    outcome = run("drain", "--timeout=30", *words)
    assert outcome.code in (3, 5)
    assert "Saves that wait in the spool: 1. " in outcome.err


def test_drain_reports_which_process_drains_and_why_it_fails(
    run: Run, words: tuple[str, ...], spool_dir: Path
) -> None:
    spool(spool_dir, "1")
    other = DrainLock(spool_dir)
    assert other.hold()
    status = DrainStatus(pid=1234, last_error="Access is denied.", refused=True)
    status.write(str(spool_dir))
    outcome = run("drain", *words)
    other.release()
    assert outcome.code == 7
    assert "Process 1234 drains this spool: waiting for it." in outcome.err
    assert (
        "Saves that wait in the spool: 1. Process 1234 drains it. Access" in outcome.err
    )
    assert read_status(str(spool_dir)) == status


def test_drain_now_has_the_other_process_try_at_once(
    run: Run,
    words: tuple[str, ...],
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    store.before = [fail_with(REFUSED)]
    archiver = make_archiver(timing=Timing(look=0.01, refused=1e6))
    archive(archiver, "1")
    wait_for(lambda: archiver.status.last_error, what="a failed attempt")
    wait_for(lambda: read_status(str(spool_dir)).last_error, what="the status")
    outcome = run("drain", *words)
    assert (outcome.code, archiver.status.uploads) == (7, 0)
    assert "To have it try at once: jupyter bookstore drain --now" in outcome.err
    outcome = run("drain", "--now", *words)
    assert outcome.code == 0, outcome.err
    assert archiver.status.uploads == 1


def test_drain_now_ends_when_the_attempt_of_the_other_process_has_failed(
    run: Run,
    words: tuple[str, ...],
    make_archiver: MakeArchiver,
    store: MemoryStore,
    spool_dir: Path,
) -> None:
    store.before = [fail_with(DOWN)] * 100
    slow = Timing(look=0.01, first_pause=1e6, longest_pause=1e6)
    archiver = make_archiver(timing=slow)
    archive(archiver, "1")
    wait_for(lambda: read_status(str(spool_dir)).last_error, what="the status")
    outcome = run("drain", "--now", *words)
    assert outcome.code == 7
    assert "The store does not answer." in outcome.err
    assert "drain --now" not in outcome.err
    assert archiver.status.retries == 2


def patience(archiver: Archiver, now: list[float]) -> Patience:
    return Patience(archiver, report=LOG.info, clock=lambda: now[0])


def test_patience_ends_when_attempts_fail_and_nothing_is_uploaded(
    make_archiver: MakeArchiver, store: MemoryStore
) -> None:
    store.before = [fail_with(DOWN)] * 100_000
    archiver, now = make_archiver(), [0.0]
    archiver.intake.archive(ArchiveRecord("a.ipynb", "1", 0.0))
    wait_for(lambda: archiver.status.last_error, what="a failed attempt")
    patient = patience(archiver, now)
    assert patient.allows(SpoolCounts(pending=2))
    now[0] = 59
    assert patient.allows(SpoolCounts(pending=1))
    now[0] = 118
    assert patient.allows(SpoolCounts(pending=1))
    now[0] = 120
    assert not patient.allows(SpoolCounts(pending=1))
    assert isinstance(patient.error_for(1), StorageUnavailableError)


def test_patience_does_not_end_while_an_upload_is_slow(
    make_archiver: MakeArchiver,
) -> None:
    now = [0.0]
    patient = patience(make_archiver(), now)
    assert patient.allows(SpoolCounts(in_flight=1))
    now[0] = 3600
    assert patient.allows(SpoolCounts(in_flight=1))


def test_patience_names_another_process_only_after_a_while(
    make_archiver: MakeArchiver, spool_dir: Path
) -> None:
    other, now, said = DrainLock(spool_dir), [0.0], list[str]()
    assert other.hold()
    archiver = make_archiver()
    archiver.start()
    wait_for(lambda: archiver.drained_elsewhere, what="the lock of another process")
    patient = Patience(archiver, report=said.append, quiet=5.0, clock=lambda: now[0])
    assert patient.allows(SpoolCounts(pending=1))
    assert said == []
    now[0] = 5.0
    assert patient.allows(SpoolCounts(pending=1))
    assert patient.allows(SpoolCounts(pending=1))
    assert len(said) == 1
    other.release()


def test_last_success_outlives_the_process_that_drained(
    make_archiver: MakeArchiver, spool_dir: Path
) -> None:
    spool_dir.mkdir()
    when = "2026-11-23T18:32:25+00:00"
    DrainStatus(uploads=7, last_success=when).write(str(spool_dir))
    make_archiver().start()
    wait_for(lambda: read_status(str(spool_dir)).pid, what="the new status")
    status = read_status(str(spool_dir))
    assert (status.uploads, status.last_success) == (0, when)


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
