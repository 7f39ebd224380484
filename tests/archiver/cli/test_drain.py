"""`jupyter bookstore drain`, run in the test's own process."""

import json
from pathlib import Path

import pytest

from archiver.cli.stored import contents
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
from harness.command import Run
from harness.memory_store import MemoryStore, fail_with
from harness.waiting import wait_for

DOWN = StorageUnavailableError("The store does not answer.")


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
