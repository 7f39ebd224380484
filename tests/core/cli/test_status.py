"""`jupyter bookstore status`, and the report that the API and metrics share."""

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.humanize import say_size, say_span
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool, waiting_saves
from bookstore_core.spool.drain_status import DrainStatus, read_status
from bookstore_core.spool.report import SpoolReport, report_spool
from bookstore_core.spool.saves import Trailer, entry_name
from bookstore_core.spool.unprotected import (
    UnprotectedNotebook,
    encode_unprotected,
    unprotected_folders,
)
from bookstore_core.stores import VersionMetadata
from harness.command import Outcome, Run

SUCCESS = "2026-11-23T18:32:25+00:00"


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    for folder in ("tmp", "new", "cur", "failed"):
        (tmp_path / "spool" / folder).mkdir(parents=True)
    return tmp_path / "spool"


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def put(spool_dir: Path, folder: str, *, age: int, key: str = "k") -> None:
    saved = datetime.fromisoformat(ago(age))
    metadata = VersionMetadata("1f", saved, "ann", sha256="ab" * 32, source_path=key)
    trailer = Trailer(key=key, size=2, metadata=metadata)
    path = spool_dir / folder / entry_name(saved, metadata.save_id)
    path.write_bytes(b"{}" + trailer.encode())


def write_status(spool_dir: Path, **values: Any) -> None:
    DrainStatus(**{"pid": 1, "written_at": ago(0)} | values).write(str(spool_dir))


def lose(folder: Path, process: int, *paths: str) -> None:
    folder.mkdir(exist_ok=True, parents=True)
    losses = [UnprotectedNotebook(path, f"workspace/{path}") for path in paths]
    data = encode_unprotected(losses, room=100, most=10_000)
    (folder / f"host.{process}").write_bytes(data)


def report(spool_dir: Path, **traits: Any) -> SpoolReport:
    settings = BookstoreSettings(spool_dir=str(spool_dir), **traits)
    return report_spool(settings)


def status(run: Run, spool_dir: Path, *words: str) -> Outcome:
    store = "--BookstoreSettings.storage=local"
    return run("status", store, f"--BookstoreSettings.spool_dir={spool_dir}", *words)


def test_without_a_store_status_says_that_nothing_is_archived(run: Run) -> None:
    outcome = run("status")
    assert outcome.code == 1
    assert "!!  Saves are not archived. No store is configured." in outcome.out
    assert "All is well" not in outcome.out


def test_a_missing_spool_has_no_problems(run: Run, tmp_path: Path) -> None:
    outcome = status(run, tmp_path / "none")
    assert outcome.code == 0
    assert "pending       0\n" in outcome.out
    assert outcome.out.endswith("All is well.\n")


def test_status_shows_waiting_saves_and_uploads(run: Run, spool_dir: Path) -> None:
    put(spool_dir, "new", age=5)
    put(spool_dir, "cur", age=10)
    values = {"uploads": 7, "retries": 2, "skipped": 1, "removed": 3}
    write_status(spool_dir, in_flight=1, last_success=ago(190), **values)
    outcome = status(run, spool_dir)
    assert outcome.code == 0
    lines = dict(line.split(None, 1) for line in outcome.out.splitlines() if line)
    assert (lines["pending"], lines["uploads"], lines["retries"]) == ("1", "7", "2")
    assert "in flight     1\n" in outcome.out
    assert "removed       3 (by somebody else" in outcome.out
    assert "(3 minutes ago)" in outcome.out
    assert "oldest        waits for 1" in outcome.out


def test_status_answers_in_json(run: Run, spool_dir: Path) -> None:
    put(spool_dir, "new", age=5)
    write_status(spool_dir, uploads=7, last_success=SUCCESS)
    found = json.loads(status(run, spool_dir, "--json").out)
    assert (found["ok"], found["pending"], found["in_flight"]) == (True, 1, 0)
    assert (found["uploads"], found["last_error"]) == (7, "")
    assert found["last_success"] == SUCCESS
    assert found["oldest_age_seconds"] >= 5
    assert found["spool_dir"] == str(spool_dir)


def test_a_permanent_error_with_saves_waiting_exits_with_1(
    run: Run, spool_dir: Path
) -> None:
    put(spool_dir, "new", age=1)
    write_status(spool_dir, last_error="Access is denied.", refused=True)
    outcome = status(run, spool_dir)
    assert outcome.code == 1
    assert "!!  Versions are not reaching the store: Access is denied." in outcome.out


def test_a_passing_error_is_a_problem_after_a_minute(spool_dir: Path) -> None:
    put(spool_dir, "new", age=30)
    write_status(spool_dir, last_error="The store does not answer.")
    assert report(spool_dir).ok
    put(spool_dir, "new", age=61)
    assert report(spool_dir).problems == (
        "Versions are not reaching the store: The store does not answer.",
    )


def test_an_error_with_an_empty_spool_is_not_a_problem(spool_dir: Path) -> None:
    write_status(spool_dir, last_error="Access is denied.", refused=True)
    assert report(spool_dir).ok


def test_saves_that_nothing_sends_are_a_problem(spool_dir: Path) -> None:
    put(spool_dir, "new", age=3600)
    assert "jupyter bookstore drain" in report(spool_dir).problems[0]


def test_a_long_queue_that_moves_is_not_a_problem(spool_dir: Path) -> None:
    put(spool_dir, "new", age=3600)
    write_status(spool_dir, last_success=ago(2))
    assert report(spool_dir).ok


def test_saves_delayed_by_the_interval_are_not_a_problem(spool_dir: Path) -> None:
    put(spool_dir, "new", age=500)
    assert report(spool_dir, min_interval=600.0).ok
    assert not report(spool_dir, min_interval=300.0).ok


def test_files_set_aside_are_a_problem(run: Run, spool_dir: Path) -> None:
    (spool_dir / "failed" / "odd").write_bytes(b"x")
    outcome = status(run, spool_dir)
    assert outcome.code == 1
    assert "Each has a NAME.reason beside it" in outcome.out


def test_notebooks_that_are_not_protected_are_named(run: Run, spool_dir: Path) -> None:
    lose(spool_dir / "unprotected", 1, "a.ipynb")
    lose(spool_dir / "unprotected", 2, "b/ü.ipynb", "a.ipynb")
    outcome = status(run, spool_dir)
    assert outcome.code == 1
    assert "unprotected   a.ipynb, b/ü.ipynb" in outcome.out
    assert "2 notebooks is not protected" in outcome.out


def test_notebooks_of_a_spool_that_cannot_be_made_are_named(
    run: Run, tmp_path: Path
) -> None:
    spool_dir = tmp_path / "none" / "spool"
    elsewhere = unprotected_folders(str(spool_dir))[1]
    lose(elsewhere, 1, "a.ipynb")
    assert "unprotected   a.ipynb" in status(run, spool_dir).out
    spool_dir.parent.write_text("a file")
    outcome = status(run, spool_dir)
    assert outcome.code == 7
    assert "1 notebook is not protected" in outcome.out


@pytest.mark.parametrize(
    ("written", "in_flight"),
    [
        ({"in_flight": 1, "pid": os.getpid(), "host": socket.gethostname()}, 1),
        ({"in_flight": 1, "pid": 2**22 + 1, "host": socket.gethostname()}, 0),
        ({"in_flight": 1, "pid": 2**22 + 1, "host": "another"}, 1),
        ({"in_flight": 0}, 0),
        ({"in_flight": 9}, 2),
    ],
)
def test_only_what_is_being_sent_is_in_flight(
    spool_dir: Path, written: dict[str, Any], in_flight: int
) -> None:
    for age, folder in enumerate(("new", "cur", "cur"), 1):
        put(spool_dir, folder, age=age)
    write_status(spool_dir, **written)
    found = report(spool_dir)
    assert (found.in_flight, found.pending) == (in_flight, 3 - in_flight)


def test_a_spool_that_cannot_be_read_exits_with_7(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    outcome = status(run, tmp_path / "spool")
    assert outcome.code == 7
    assert "cannot be read" in outcome.out


def test_wrong_values_on_the_command_line_are_refused(run: Run) -> None:
    assert run("status", "--BookstoreSettings.spool_dir=relative").code == 2


def test_wrong_settings_in_a_config_file_are_problems(
    run: Run, tmp_path: Path, spool_dir: Path
) -> None:
    config = {"BookstoreSettings": {"max_threads": 0, "spool_dir": str(spool_dir)}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "jupyter_config.json").write_text(json.dumps(config))
    outcome = run("status")
    assert outcome.code == 1
    assert "!!  The value of the 'max_threads' trait" in outcome.out
    assert "All is well" not in outcome.out
    (sentence,) = json.loads(run("status", "--json").out)["wrong_settings"]
    assert "max_threads" in sentence
    assert sentence in run("doctor").out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{" * 100_000,
        b'{"uploads": "many", "last_success": 1, "removed": null, "refused": 1}',
        b'{"last_success": "yesterday", "last_error_at": "9999-99-99"}',
        b'{"notebooks": [1, null]}',
        b'{"notebooks": [{"path": "a.ipynb"}]}',
    ],
)
def test_an_invalid_status_file_is_ignored(spool_dir: Path, content: bytes) -> None:
    (spool_dir / "status.json").write_bytes(content)
    (spool_dir / "unprotected").mkdir()
    (spool_dir / "unprotected" / "host.1").write_bytes(content)
    found = report(spool_dir)
    assert (found.uploads, found.last_success, found.unprotected) == (0, None, ())
    json.dumps(found.as_json())


def test_the_status_is_written_if_no_other_file_can_be_created(
    spool_dir: Path,
) -> None:
    write_status(spool_dir, last_error="x" * 300)
    (spool_dir / "status.json.1").mkdir()  # in the way of the draft
    write_status(spool_dir, uploads=7)
    assert read_status(str(spool_dir)).uploads == 7
    assert read_status(str(spool_dir)).last_error == ""


def test_waiting_saves_are_listed_oldest_first_without_foreign_files(
    spool_dir: Path,
) -> None:
    put(spool_dir, "new", age=1, key="newer")
    put(spool_dir, "cur", age=2, key="older")
    (spool_dir / "new" / "foreign").write_bytes(b"x")
    found = [save.key for save in waiting_saves(str(spool_dir))]
    assert found == ["older", "newer"]
    assert count_spool(str(spool_dir)).waiting == 3


def test_sizes_and_spans_are_formatted_in_words() -> None:
    assert [say_size(n) for n in (12, 1500, 2.5e6)] == ["12 bytes", "1.5 KB", "2.5 MB"]
    assert [say_size(n) for n in (999, 999_960)] == ["999 bytes", "1.0 MB"]
    assert [say_span(n) for n in (1, 5, 60, 7300)] == [
        *("1 second", "5 seconds", "1 minute", "2 hours")
    ]
