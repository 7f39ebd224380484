"""What becomes of a result while the store does not take it."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.runs.conftest import RUNS, SOURCE, notebook, runs_in
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.runs.keeper import Keeper
from bookstore_core.errors import SpoolError
from bookstore_core.runs.address import Address
from bookstore_core.runs.markers import runs_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool
from bookstore_core.stores import Version, VersionStore

LOG = logging.getLogger("bookstore-test")
STARTED = datetime(2026, 11, 26, 18, 40, tzinfo=UTC)
TARGET = Address.parse("bookstore://workspace/runs/reports/june.ipynb")


@pytest.fixture
def run(saved: Version) -> Run:
    return Run(SOURCE, saved.version_id, STARTED, 1.0)


def keeper(settings: BookstoreSettings, limit: float = 60.0) -> Keeper:
    return Keeper(settings, LOG, print, limit)


def test_a_result_is_in_the_store_with_its_id(
    settings: BookstoreSettings, kept: VersionStore, run: Run
) -> None:
    result = keeper(settings).keep(notebook(), TARGET, run)
    [version] = runs_in(kept)
    assert (result.key, result.waits) == (RUNS, "")
    assert result.version_id == version.version_id


def test_a_result_waits_for_a_store_that_is_away_and_arrives_once(
    settings: BookstoreSettings, kept: VersionStore, run: Run
) -> None:
    place, aside = Path(settings.local_root), Path(settings.local_root + ".aside")
    place.rename(aside)
    place.write_text("This is no directory.")
    result = keeper(settings, limit=0.0).keep(notebook(), TARGET, run)
    assert result.version_id == ""
    assert "1" in result.waits
    assert count_spool(settings.spool_dir).waiting == 1
    place.unlink()
    aside.rename(place)
    archiver = Archiver(settings, log=LOG)
    assert archiver.drain()
    archiver.close()
    [version] = runs_in(kept)
    assert version.metadata is not None
    assert version.metadata.run == run
    assert len(runs_of(kept, settings, SOURCE).runs) == 1


def test_without_the_spool_a_result_goes_to_the_store_at_once(
    settings: BookstoreSettings, kept: VersionStore, run: Run, spool_dir: Path
) -> None:
    spool_dir.write_text("This is no directory.")
    result = keeper(settings).keep(notebook(), TARGET, run)
    [version] = runs_in(kept)
    assert (version.version_id, result.waits) == (result.version_id, "")
    assert version.metadata is not None
    assert version.metadata.run == run
    assert len(runs_of(kept, settings, SOURCE).runs) == 1


def test_without_spool_and_store_a_result_is_left_in_a_file(
    settings: BookstoreSettings,
    run: Run,
    spool_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Path(settings.local_root).rename(tmp_path / "aside")
    for place in (spool_dir, Path(settings.local_root)):
        place.write_text("This is no directory.")
    with pytest.raises(SpoolError, match="It is left in") as caught:
        keeper(settings).keep(notebook(), TARGET, run)
    [left] = tmp_path.glob("bookstore-run-*.ipynb")
    assert str(left) in str(caught.value)
    assert left.read_bytes() == notebook()
    assert left.stat().st_mode & 0o77 == 0


def test_a_spool_that_cannot_be_written_is_an_error_before_anything_runs(
    settings: BookstoreSettings, spool_dir: Path
) -> None:
    spool_dir.write_text("This is no directory.")
    with pytest.raises(SpoolError):
        keeper(settings).check(TARGET)
